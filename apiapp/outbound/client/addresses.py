"""Which addresses belong to the internet at large, and which to somebody's own network.

Source: IANA's registries of special-purpose addresses (RFC 6890 and what followed), and the
addresses at which clouds tell a machine its secrets.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Nobody has an API there, whatever a connection allows.
NEVER: dict[Network, str] = {
    ip_network(network): kind
    for kind, networks in {
        "unspecified": ("0.0.0.0/8", "::/128"),
        "metadata": (
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure
            "192.0.0.192/32",  # Oracle
            "fd00:ec2::/32",  # Amazon
            "fd20:ce::254/128",  # Google
            "fd00:c1::a9fe:a9fe/128",  # Oracle
        ),
        "link-local": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "reserved": (
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.51.100.0/24"),
            *("203.0.113.0/24", "240.0.0.0/4"),
            *("100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16"),
        ),
        # Teredo is within 2001::/23.  No API is behind either, but a network of one's own may be.
        "6to4": ("2002::/16",),
    }.items()
    for network in networks
}
# Somebody's own: a connection may allow them.
PRIVATE: dict[Network, str] = {
    ip_network(network): kind
    for kind, networks in {
        "loopback": ("127.0.0.0/8", "::1/128"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "fc00::/7"),
        "carrier-grade NAT": ("100.64.0.0/10",),
    }.items()
    for network in networks
}
GLOBAL_UNICAST = IPv6Network("2000::/3")
# Where IPv6 addresses that are IPv4 in other words have it.
WRAPPED_LAST = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # compatible (deprecated); `::` and `::1` are looked for before
        "::ffff:0:0/96",  # mapped
        "::ffff:0:0:0/96",  # translated (SIIT)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a network's own
    )
)
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def reason_against(address: Address, *, allow_private: bool) -> str:
    """What kind of address nothing is to be sent to; empty: it may be.

    An IPv6 address that leads to an IPv4 address is judged by that as well.
    """
    for each in judged(address):
        kind = kind_among(NEVER, each) or ("" if allow_private else kind_among(PRIVATE, each))
        if kind:
            return kind
    return ""


def judged(address: Address) -> Iterator[Address]:
    """The addresses by which this one is judged."""
    if isinstance(address, IPv4Address):
        yield address
        return
    packed = address.packed
    is_plain = bool(kind_among(NEVER, address) or kind_among(PRIVATE, address))
    if not is_plain and any(address in network for network in WRAPPED_LAST):
        yield IPv4Address(packed[12:])
        return
    # What is in no list and not handed out either counts as unspecified.
    yield address if is_plain or address in GLOBAL_UNICAST else IPv6Address("::")
    if packed[8:12] in ISATAP:
        yield IPv4Address(packed[12:])


def kind_among(networks: dict[Network, str], address: Address) -> str:
    found = (kind for network, kind in networks.items() if address in network)
    return next(found, "")


def parsed(text: str) -> Address | None:
    """The address that `text` is in its one usual form; None: it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
