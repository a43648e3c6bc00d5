"""Links that open a screen to whoever has them: make, find, revoke; their PINs."""

import hashlib
import hmac
import math
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import QuerySet

from streaming.addresses import network_of
from streaming.callers import Caller
from streaming.errors import LinkNotValid, NoSuchLink, TooManyPins, UnknownLink, WrongPin
from streaming.models import Screen, ScreenLink, WrongPinTry

MARK = "slk_"
TOKEN_BYTES = 24
SHOWN_CHARS = 6  # of the token, to know a link by; 156 bits stay secret

PIN_WINDOW_S = 15 * 60
PINS_PER_ADDRESS = 5
PINS_PER_LINK = 50  # from all addresses together: one in 200 PINs of four digits, at worst


def create_link(  # noqa: PLR0913 - a row's own columns, by keyword
    *,
    screen: Screen,
    created_by: Caller | None,
    server_secret: str,
    now: datetime,
    note: str = "",
    expires_s: float | None = None,
    pin: str = "",
    max_viewers: int | None = None,
) -> tuple[ScreenLink, str]:
    """Return the new row and its token, which nobody can read again.

    A screen that was not shared is shared by link from now on.
    """
    token = MARK + secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        link = ScreenLink.objects.create(
            screen=screen,
            created_by=created_by.user if created_by else None,
            token_hmac=digest(token=token, server_secret=server_secret),
            prefix=token[: len(MARK) + SHOWN_CHARS],
            note=note,
            expires_at=now + timedelta(seconds=expires_s) if expires_s is not None else None,
            pin_hash=make_password(pin) if pin else "",
            max_viewers=max_viewers,
        )
        share_by_link(screen)
    return link, token


def share_by_link(screen: Screen) -> None:
    off = Screen.objects.filter(pk=screen.pk, sharing=Screen.Sharing.OFF)
    if off.update(sharing=Screen.Sharing.LINK):
        screen.sharing = Screen.Sharing.LINK


def digest(*, token: str, server_secret: str) -> str:
    """HMAC-SHA256 of the token, in hex: what is stored in its place."""
    return hmac.new(server_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def link_for_token(*, name: str, token: str, server_secret: str, now: datetime) -> ScreenLink:
    """The link to the screen `name` that has this token, its screen with it.

    Raises LinkNotValid, also for the token of another screen; NoSuchLink where there is none.
    """
    shown = digest(token=token, server_secret=server_secret)
    link = ScreenLink.objects.select_related("screen").filter(token_hmac=shown).first()
    stored = link.token_hmac if link else digest(token="", server_secret=server_secret)  # nosec B106 # nobody has it
    if not hmac.compare_digest(shown, stored) or link is None:
        raise NoSuchLink
    if link.screen.name != name:
        raise LinkNotValid
    require_valid(link, now=now)
    return link


def require_valid(link: ScreenLink, *, now: datetime) -> None:
    """Raises LinkNotValid."""
    if link.revoked_at or (link.expires_at and link.expires_at <= now):
        raise LinkNotValid


def links_of(screen: Screen) -> QuerySet[ScreenLink]:
    return ScreenLink.objects.filter(screen=screen)


def get_link(*, screen: Screen, link_id: int) -> ScreenLink:
    """Raises UnknownLink, also for a link to another screen."""
    link = links_of(screen).filter(pk=link_id).first()
    if link is None:
        raise UnknownLink
    return link


def revoke(*, link: ScreenLink, now: datetime) -> None:
    """End a link; whoever looks by it is sent away within a second."""
    ScreenLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now)
    link.refresh_from_db(fields=["revoked_at"])


def check_pin(*, link: ScreenLink, pin: str, address: str, now: datetime) -> None:
    """Raises WrongPin, and TooManyPins for one that is not looked at.

    Each try is counted before it is looked at: a hundred at once are no more than five.
    """
    network = network_of(address)
    attempt = count_try(link=link, network=network, now=now)
    if not check_password(pin, link.pin_hash):
        raise WrongPin(attempts_left=PINS_PER_ADDRESS - tries(link, network=network).count())
    attempt.delete()


@transaction.atomic
def count_try(*, link: ScreenLink, network: str, now: datetime) -> WrongPinTry:
    """Raises TooManyPins."""
    ScreenLink.objects.select_for_update().get(pk=link.pk)  # one after the other
    WrongPinTry.objects.filter(tried_at__lte=now - timedelta(seconds=PIN_WINDOW_S)).delete()
    for wrong, limit in (
        (tries(link, network=network), PINS_PER_ADDRESS),
        (tries(link), PINS_PER_LINK),
    ):
        times = list(wrong.order_by("-tried_at").values_list("tried_at", flat=True)[:limit])
        if len(times) == limit:
            left_s = (times[-1] - now).total_seconds() + PIN_WINDOW_S
            raise TooManyPins(retry_after_s=max(1, math.ceil(left_s)))
    return WrongPinTry.objects.create(link=link, address=network, tried_at=now)


def tries(link: ScreenLink, *, network: str | None = None) -> QuerySet[WrongPinTry]:
    found = WrongPinTry.objects.filter(link=link)
    return found if network is None else found.filter(address=network)
