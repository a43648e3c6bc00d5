"""Where a call may go: reads its URL once, resolves its name once, refuses what is not public.

Whatever is sent goes to the addresses that were judged here, so that a name that leads elsewhere a
moment later (DNS rebinding) changes nothing.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from apiapp.outbound.client.addresses import parsed, reason_against
from apiapp.outbound.errors import CannotConnect, TargetRefused

Resolver = Callable[[str, int], Sequence[str]]  # (name, port) -> addresses; OSError: none

DEFAULT_PORTS = {"http": 80, "https": 443}
LAST_SYSTEM_PORT = 1023
# Other protocols' among the rest: of Fetch (WHATWG), section "Port blocking", and of databases.
BLOCKED_PORTS = frozenset(
    [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679]
    + [6697, 10080, 1433, 1521, 3306, 3389, 5432, 5672, 5900, 6379, 9042, 11211, 27017]
)
MOST_ADDRESSES = 8
MOST_URL_CHARS = 8192
UNWRITTEN = re.compile(r"[\x00-\x20\x7f\\]")
NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
PATH_CHARS = "/:@!$&'()*+,;=~-._%"
QUERY_CHARS = PATH_CHARS + "?"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a call may reach beside public addresses.

    allow_private: loopback, private and carrier's networks; metadata and link-local never.
    ports: allowed beside the usual ones.
    """

    allow_private: bool = False
    ports: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """A URL as it was read.  host: in ASCII, without brackets; path: with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the header Host has to say."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def joined(self, location: str) -> "Target":
        """Where a Location of an answer leads.  Raises TargetRefused."""
        found = target_of(urljoin(self.url, quote(location, safe=QUERY_CHARS + "#[]")))
        if (self.scheme, found.scheme) == ("https", "http"):
            raise TargetRefused("it redirects from https to http")
        return found


def target_of(url: str) -> Target:
    """Raises TargetRefused for what is no plain http or https URL."""
    if len(url) > MOST_URL_CHARS or UNWRITTEN.search(url):
        raise TargetRefused("the URL is too long, or has characters that none has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefused(f"the URL cannot be read: {error}") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise TargetRefused("only http and https are spoken")
    if "@" in parts.netloc:
        raise TargetRefused("names and passwords do not belong into a URL")
    return Target(
        scheme=parts.scheme,
        host=host_of(parts.hostname or ""),
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=path_of(parts),
    )


def host_of(name: str) -> str:
    """The name in ASCII, or the address.  Raises TargetRefused.

    An address has one form here: 127.1, 0x7f000001 or 2130706433 are what somebody hides one in.
    """
    if ":" in name and "%" not in name and parsed(name):
        return str(parsed(name))
    try:
        ascii_name = idna.encode(name, uts46=True).decode() if not name.isascii() else name
    except idna.IDNAError as error:
        raise TargetRefused(f"{name!r} is no name of a host") from error
    host = ascii_name.lower().removesuffix(".")
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?", host) or ".." in host:
        raise TargetRefused(f"{name!r} is no name of a host")
    if NUMERIC.fullmatch(host.rpartition(".")[2]) and parsed(host) is None:
        raise TargetRefused(f"{name!r} is no address in its usual form")
    return host


def path_of(parts: SplitResult) -> str:
    path = quote(parts.path, safe=PATH_CHARS) or "/"
    return f"{path}?{quote(parts.query, safe=QUERY_CHARS)}" if parts.query else path


def addresses_of(target: Target, policy: Policy, resolver: Resolver) -> list[str]:
    """The addresses of its name, every one of them judged.

    Raises TargetRefused if one of them, or the port, is not to be reached; CannotConnect.
    """
    refuse_port(target.port, policy)
    if parsed(target.host):
        found: Sequence[str] = [target.host]
    else:
        found = resolved(target, resolver)
    for text in found:
        address = parsed(text.partition("%")[0])
        if address is None:
            raise TargetRefused(f"{target.host} leads to {text!r}, which is no address")
        if kind := reason_against(address, allow_private=policy.allow_private):
            raise TargetRefused(f"{target.host} leads to an address that is not public: {kind}")
    return list(found)


def refuse_port(port: int, policy: Policy) -> None:
    is_usual = port in DEFAULT_PORTS.values() or port > LAST_SYSTEM_PORT
    if port not in policy.ports and (not is_usual or port in BLOCKED_PORTS):
        raise TargetRefused(f"port {port} is not one of HTTP")


def resolved(target: Target, resolver: Resolver) -> Sequence[str]:
    try:
        found = list(dict.fromkeys(resolver(target.host, target.port)))[:MOST_ADDRESSES]
    except (OSError, UnicodeError) as error:
        raise CannotConnect(f"{target.host} has no address: {error}") from error
    if not found:
        raise CannotConnect(f"{target.host} has no address")
    return found


def system_resolver(name: str, port: int) -> list[str]:
    found: list[Any] = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
