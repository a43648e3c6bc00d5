"""Who may look at a screen: the one rule, when somebody comes and again while they look.

Blocking, and free of settings and of the clock.
"""

from dataclasses import dataclass
from datetime import datetime

from streaming import links, services
from streaming.callers import SCOPE, Caller
from streaming.errors import (
    CallerGone,
    LinkNotValid,
    NobodyCalls,
    NotShared,
    PinWanted,
    ScopeMissing,
    ScreenDeleted,
    ScreensError,
    ScreenStopped,
    SourceChanged,
    UnknownScreen,
)
from streaming.models import Screen, ScreenLink
from streaming.shown import Shown

PUBLIC, OFF = Screen.Sharing.PUBLIC, Screen.Sharing.OFF


@dataclass(frozen=True, slots=True)
class Grant:
    """By what somebody may look: as the screen's owner or staff, by a link, or as anybody.

    caller: who it is, if that is known.  is_own: they may because the screen is theirs to see.
    """

    screen: Screen
    caller: Caller | None = None
    is_own: bool = False
    link: ScreenLink | None = None

    @property
    def who(self) -> str:
        """For the record of who watched: a user's name, or what the link was noted to be for."""
        if self.caller:
            return str(self.caller.user.get_username())
        return (self.link.note or str(self.link)) if self.link else ""


# --- when somebody comes --------------------------------------------------------------------------


def by_token(*, name: str, shown: Shown, server_secret: str, now: datetime) -> Grant:
    """Raises LinkNotValid, NotShared, PinWanted, WrongPin, TooManyPins."""
    link = shared_link(name=name, token=shown.token, server_secret=server_secret, now=now)
    if link.has_pin:
        if not shown.pin:
            raise PinWanted
        links.check_pin(link=link, pin=shown.pin, address=shown.address, now=now)
    return Grant(link.screen, link=link)


def shared_link(*, name: str, token: str, server_secret: str, now: datetime) -> ScreenLink:
    """The link that has this token, to a screen that is shared.  Raises LinkNotValid, NotShared."""
    link = links.link_for_token(name=name, token=token, server_secret=server_secret, now=now)
    if link.screen.sharing == OFF:
        raise NotShared
    return link


def without_token(*, screen: Screen | None, shown: Shown, now: datetime) -> Grant:
    """screen: None, if there is none of the name that was asked for.

    Raises NobodyCalls, ScopeMissing and UnknownScreen, the same for a screen that is not there as
    for one that is not theirs; LinkNotValid, NotShared and PinWanted for a link that was opened.
    """
    if screen is None:
        raise refusal(shown.caller)
    caller = shown.caller
    if caller and caller.may(SCOPE) and services.may_watch(caller=caller, screen=screen):
        return Grant(screen, caller=caller, is_own=True)
    try:
        link = opened_link(screen=screen, shown=shown, now=now)
    except (LinkNotValid, NotShared, PinWanted):
        if screen.sharing != PUBLIC:
            raise
        link = None
    if link is None and screen.sharing != PUBLIC:
        raise refusal(caller)
    return Grant(screen, caller=caller, link=link)


def refusal(caller: Caller | None) -> ScreensError:
    if caller is None:
        return NobodyCalls()
    return UnknownScreen() if caller.may(SCOPE) else ScopeMissing(SCOPE)


def opened_link(*, screen: Screen, shown: Shown, now: datetime) -> ScreenLink | None:
    """The newest of the opened links to this screen that is good; None: no link to it was opened.

    Raises what is wrong with the newest one if none of them is good.
    """
    opened = {each.link_id: each for each in shown.opened}
    if not opened:
        return None
    found = ScreenLink.objects.filter(screen=screen, pk__in=opened)
    known = sorted(
        (link for link in found if opened[link.pk].is_of(link)),
        key=lambda link: list(opened).index(link.pk),
        reverse=True,
    )
    wrong: ScreensError | None = None
    for link in known:
        error = what_is_wrong(screen, link, now=now)
        if error is None and link.has_pin and not opened[link.pk].is_open:
            error = PinWanted()
        if error is None:
            return link
        wrong = wrong or error
    if wrong:
        raise wrong
    return None


def what_is_wrong(screen: Screen, link: ScreenLink, *, now: datetime) -> ScreensError | None:
    """With a link to this screen; None: it is good."""
    try:
        links.require_valid(link, now=now)
    except LinkNotValid as error:
        return error
    return NotShared() if screen.sharing == OFF else None


# --- while they look ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody was let in by, to be looked at again and again."""

    screen_id: int
    source: str
    admitted_at: datetime
    caller_name: str = ""
    user_id: int | None = None
    is_own: bool = False
    link_id: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows as they are now, by id; callers: name -> whether they are staff, of those that may call."""

    screens: dict[int, Screen]
    links: dict[int, ScreenLink]
    callers: dict[str, bool]
    now: datetime


def ended_by(held: Held, facts: Facts) -> ScreensError | None:
    """Why they may not look any more; None: they may."""
    screen = facts.screens.get(held.screen_id)
    if screen is None:
        return ScreenDeleted()
    if screen.stopped_at and screen.stopped_at >= held.admitted_at:
        return ScreenStopped()
    if screen.source != held.source:
        return SourceChanged()
    if held.is_own:
        return None if still_owns(held, screen, facts) else CallerGone()
    if held.link_id is not None:
        link = facts.links.get(held.link_id)
        return what_is_wrong(screen, link, now=facts.now) if link else LinkNotValid()
    return None if screen.sharing == PUBLIC else NotShared()


def still_owns(held: Held, screen: Screen, facts: Facts) -> bool:
    is_staff = facts.callers.get(held.caller_name)
    return is_staff is not None and (is_staff or screen.owner_id == held.user_id)
