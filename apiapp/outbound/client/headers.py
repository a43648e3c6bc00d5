"""Names and values of header fields: what may be sent, what is shown, what another may see."""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apiapp.outbound.errors import BadCall

Headers = Mapping[str, str]

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")  # RFC 9110, section 5.6.2
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")
# The framing of a message is the client's own, and so is whom it is for.
OWN = frozenset(
    ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"]
    + ["upgrade", "expect", "proxy-authorization", "proxy-connection", "accept-encoding"]
)
# Nothing of these can be a secret; all others stay with the origin that they were meant for.
FOR_ANYBODY = frozenset(["accept", "accept-language", "content-type", "user-agent"])
SECRET = re.compile(
    r"(auth|cookie|token|secret|passw|credential|signature|session|(^|[-_])(api-?_?)?key)", re.I
)
NO_SECRET = frozenset(["idempotency-key", "www-authenticate", "proxy-authenticate"])
REDACTED = "[redacted]"


def checked(headers: Headers) -> dict[str, str]:
    """The same.  Raises BadCall for a name or value that is none, line ends among them."""
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            raise BadCall(f"{name[:100]!r} is no name of a header")
        if not VALUE.fullmatch(value):
            raise BadCall(f"the header {name} has characters that none has, or is too long")
        if name.lower() in OWN:
            raise BadCall(f"the header {name} is written here")
    lowered = [name.lower() for name in headers]
    if len(set(lowered)) < len(lowered):
        raise BadCall("a header is there twice")
    return dict(headers)


def for_another(headers: Headers) -> dict[str, str]:
    """What another origin may see of them."""
    return {name: value for name, value in headers.items() if name.lower() in FOR_ANYBODY}


def without(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    gone = {name.lower() for name in names}
    return {name: value for name, value in headers.items() if name.lower() not in gone}


def is_secret(name: str) -> bool:
    return name.lower() not in NO_SECRET and bool(SECRET.search(name))


def redacted(headers: Headers, *, also: Iterable[str] = ()) -> dict[str, str]:
    """As people may see them.  also: names of headers that are secret too."""
    secret = {name.lower() for name in also}
    return {
        name: REDACTED if name.lower() in secret or is_secret(name) else value
        for name, value in headers.items()
    }


def redacted_url(url: str) -> str:
    """The URL without the values of parameters that are called like secrets."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not any(is_secret(name) for name, _ in pairs):
        return url
    shown = [(name, REDACTED if is_secret(name) else value) for name, value in pairs]
    return urlunsplit(parts._replace(query=urlencode(shown, safe="[]")))


def basic(name: str, password: str) -> str:
    """A value of Authorization (RFC 7617).  Raises BadCall."""
    if ":" in name:
        raise BadCall("a name in Basic has no colon")
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def bearer(token: str) -> str:
    """A value of Authorization (RFC 6750)."""
    return f"Bearer {token}"
