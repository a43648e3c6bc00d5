"""What somebody shows who wants to look: a token, a cookie of links that were opened.

The cookie holds no token: it names links, signed, each with a part of what is stored of it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from django.core import signing
from django.http.cookie import parse_cookie

from streaming.callers import Caller
from streaming.links import MARK
from streaming.models import ScreenLink

SALT = "streaming.opened"
MOST_OPENED = 10  # links in one cookie; the one that was opened first goes first
CHECK_CHARS = 16
FOREVER_S = 365 * 24 * 3600  # a cookie of a link that does not expire


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that this browser was sent.

    check: of the stored HMAC.  is_open: no PIN is wanted any more.  until: seconds since 1970.
    """

    link_id: int
    check: str
    is_open: bool
    until: int

    def is_of(self, link: ScreenLink) -> bool:
        return self.link_id == link.pk and self.check == link.token_hmac[:CHECK_CHARS]


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it.  pin: sent beside the token.  address: of who shows it."""

    caller: Caller | None = None
    token: str = ""
    pin: str = ""
    opened: tuple[Opened, ...] = ()
    address: str = ""


def shows_token(scope: Mapping) -> bool:
    """Whether an ASGI scope shows a link's token: then it alone counts, and no cookie."""
    return bool(token_of(scope)[0])


def token_of(scope: Mapping) -> tuple[str, str]:
    """(token, PIN) of an ASGI scope, by `Authorization` or `?token=`; "": there is none.

    Basic (for players that know nothing else) has the token as its password, the PIN as the name.
    """
    authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin1")
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer" and rest.strip().startswith(MARK):
        return rest.strip(), ""
    if scheme.lower() == "basic":
        name, password = name_and_password(rest.strip())
        return (password, name) if password.startswith(MARK) else ("", "")
    asked = parse_qs(scope.get("query_string", b"").decode("latin1"))
    return asked.get("token", [""])[0], asked.get("pin", [""])[0]


def name_and_password(written: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(written, validate=True).decode().partition(":")
    except ValueError:  # binascii.Error and UnicodeDecodeError are both ValueErrors
        return "", ""
    return name, password


def shown_by(scope: Mapping, *, cookie: str, server_secret: str, now: datetime) -> Shown:
    """What an ASGI scope shows; `scope["caller"]` is there if the project has found one."""
    token, pin = token_of(scope)
    address = (scope.get("client") or ("",))[0]
    if token:
        return Shown(token=token, pin=pin, address=address)
    headers = dict(scope["headers"])
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin1"))
    opened = loads(cookies.get(cookie, ""), server_secret=server_secret, now=now)
    return Shown(caller=scope.get("caller"), opened=opened, address=address)


# --- the cookie -----------------------------------------------------------------------------------


def loads(text: str, *, server_secret: str, now: datetime) -> tuple[Opened, ...]:
    """Without those that have expired; none for a cookie that is not ours."""
    try:
        found = signing.loads(text, key=server_secret, salt=SALT)
    except signing.BadSignature:
        return ()
    opened = (Opened(*each) for each in found)
    return tuple(each for each in opened if each.until > now.timestamp())


def dumps(opened: tuple[Opened, ...], *, server_secret: str) -> str:
    rows = [[each.link_id, each.check, each.is_open, each.until] for each in opened]
    return signing.dumps(rows, key=server_secret, salt=SALT)


def with_link(
    opened: tuple[Opened, ...], link: ScreenLink, *, is_open: bool, now: datetime
) -> tuple[Opened, ...]:
    """The same with `link` as its newest."""
    until = link.expires_at.timestamp() if link.expires_at else now.timestamp() + FOREVER_S
    newest = Opened(link.pk, link.token_hmac[:CHECK_CHARS], is_open, int(until))
    others = tuple(each for each in opened if each.link_id != link.pk)
    return (*others, newest)[-MOST_OPENED:]


def max_age_s(opened: tuple[Opened, ...], *, now: datetime) -> int:
    """Until the last of them expires."""
    return max((each.until for each in opened), default=0) - int(now.timestamp())
