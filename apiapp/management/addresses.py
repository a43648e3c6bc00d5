"""Names and addresses under which this machine can be reached.  Plain Python."""

import socket
import struct
import sys
from typing import Any

EVERY_ADDRESS = "0.0.0.0"  # nosec B104 # only when asked by LAN=1
THIS_MACHINE = "127.0.0.1"
SIOCGIFADDR = 0x8915  # linux/sockios.h
NAME_BYTES = 16  # of an interface, linux/if.h

if sys.platform == "linux":
    import fcntl


def addresses_of(host: str) -> list[str]:
    """Names under which the server can be reached, the handiest first."""
    if host != EVERY_ADDRESS:
        return ["localhost" if host == THIS_MACHINE else host]
    name = socket.gethostname()
    found = {info[4][0] for info in addresses_in_dns(name)} | {outward_address()}
    found |= set(addresses_of_interfaces())
    own = sorted(str(a) for a in found if a and not str(a).startswith("127."))
    return ["localhost", *own, name]


def addresses_in_dns(name: str) -> list[Any]:
    try:
        return socket.getaddrinfo(name, None, socket.AF_INET)
    except OSError:
        return []


def outward_address() -> str | None:
    """The address this machine would use to reach another; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return None


def addresses_of_interfaces() -> list[str]:
    """The IPv4 address of each network: cable and Wi-Fi have one each.  Linux only."""
    if sys.platform != "linux":
        return []
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[: NAME_BYTES - 1])
            try:
                answer = fcntl.ioctl(asked, SIOCGIFADDR, request)
            except OSError:  # it has none
                continue
            found.append(socket.inet_ntoa(answer[20:24]))  # struct ifreq, behind name and family
    return found


def names_of_machine() -> list[str]:
    """What it is called, also to those who find it by multicast DNS."""
    name = socket.gethostname()
    return [name, f"{name.partition('.')[0]}.local"]


def url(address: str, port: int, *, scheme: str = "http") -> str:
    shown = f"[{address}]" if ":" in address else address
    return f"{scheme}://{shown}:{port}/"
