"""What counts as one stranger."""

import ipaddress

IPV6_PREFIX = 64  # what one subscriber has


def network_of(address: str) -> str:
    """An IPv4 address, or the network of an IPv6 address; "unknown": a unix socket has none."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network(f"{parsed}/{IPV6_PREFIX}", strict=False))
