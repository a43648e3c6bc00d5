"""Names and addresses of a server, as certificates hold them."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from cryptography import x509

LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})*")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a host, or an address as text."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        try:
            return ip_address(self.text)
        except ValueError:
            return None

    @property
    def general(self) -> x509.GeneralName:
        """As one of the names of a server."""
        return x509.IPAddress(self.address) if self.address else x509.DNSName(self.text)

    @property
    def alone(self) -> x509.GeneralName:
        """As a constraint that lets through this one (and, of a domain, what is below it)."""
        return x509.IPAddress(ip_network(self.text)) if self.address else x509.DNSName(self.text)

    def is_within(self, tree: x509.GeneralName) -> bool:
        """Whether a constraint lets it through (RFC 5280, section 4.2.1.10)."""
        if isinstance(tree, x509.DNSName):
            is_domain = self.address is None
            return is_domain and f".{self.text}".endswith(f".{tree.value}")
        if isinstance(tree, x509.IPAddress) and self.address:
            return self.address in ip_network(str(tree.value))
        return False


def name_of(text: str) -> Name | None:
    """None: no certificate can be for that (a pattern of names, an address with a zone)."""
    bare = text.strip().lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if "%" in bare:
        return None
    try:
        return Name(str(ip_address(bare)))
    except ValueError:
        pass
    try:
        spelled = bare if bare.isascii() else bare.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return Name(spelled) if DOMAIN.fullmatch(spelled) else None
