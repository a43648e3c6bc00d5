"""Screens as rows: make, find, change, share, stop and delete them, and who may."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from streaming.callers import SCOPE, Caller
from streaming.errors import (
    BadScreenName,
    MainStays,
    NameTaken,
    NotYours,
    SourceNotAllowed,
    UnknownScreen,
)
from streaming.models import NAME, Screen

MAIN = "main"
RESERVED = frozenset({"share", "help", "https"})  # /screens/share/ and other pages of this kind
PUBLISHER_SILENT_S = 15.0  # after which a publisher that said nothing is gone
CHANGEABLE = ("title", "sharing", "max_viewers", "source")

Agree = Callable[[Screen], None]
Tell = Callable[[str, Screen, datetime], None]  # what happens to a screen, within its transaction
STARTED, STOPPED = "started", "stopped"


def no_objection(screen: Screen) -> None:
    """To be passed where nothing has to agree."""


def nobody(what: str, screen: Screen, now: datetime) -> None:
    """To be passed where nobody is to be told."""


# --- find ---------------------------------------------------------------------------------------


def visible_to(caller: Caller) -> QuerySet[Screen]:
    """One's own, and those that everybody may see; all of them for one who sees all."""
    screens = Screen.objects.select_related("owner")
    if caller.sees_all:
        return screens
    return screens.filter(Q(owner=caller.user) | Q(sharing=Screen.Sharing.PUBLIC))


def screen_named(name: str) -> Screen:
    """Whoever asks.  Raises UnknownScreen."""
    return one_of(Screen.objects.select_related("owner"), name)


def visible_screen(*, caller: Caller, name: str) -> Screen:
    """Raises UnknownScreen, also for a screen of another that is not public."""
    return one_of(visible_to(caller), name)


def one_of(screens: QuerySet[Screen], name: str) -> Screen:
    """Raises UnknownScreen."""
    # PostgreSQL cannot be asked for a text with a NUL.
    screen = screens.filter(name=name).first() if "\0" not in name else None
    if screen is None:
        raise UnknownScreen
    return screen


def own_screen(*, caller: Caller, name: str) -> Screen:
    """A screen that is the caller's to change.  Raises UnknownScreen, NotYours."""
    screen = visible_screen(caller=caller, name=name)
    if not is_own(caller=caller, screen=screen):
        raise NotYours
    return screen


def is_own(*, caller: Caller, screen: Screen) -> bool:
    return caller.sees_all or screen.owner_id == caller.user.pk


def may_watch(*, caller: Caller, screen: Screen) -> bool:
    """To watch, the scope `screens` is enough for a key of staff; to change it takes `admin`."""
    is_staff_key = caller.user.is_staff and caller.may(SCOPE)
    return is_own(caller=caller, screen=screen) or is_staff_key


# --- make ---------------------------------------------------------------------------------------


def require_name(name: str) -> None:
    """Raises BadScreenName."""
    if not re.fullmatch(NAME, name) or name in RESERVED:
        raise BadScreenName(name)


def create_screen(
    *,
    caller: Caller,
    name: str,
    title: str = "",
    source: str = Screen.PUBLISHER,
    sharing: str = Screen.Sharing.OFF,
    max_viewers: int | None = None,
) -> Screen:
    """A screen of the caller's.  Raises BadScreenName, SourceNotAllowed, NameTaken."""
    require_name(name)
    require_source(caller=caller, source=source)
    if name == MAIN:  # also while nobody has needed it yet
        raise NameTaken(name)
    try:
        with transaction.atomic():
            return Screen.objects.create(
                owner=caller.user,
                name=name,
                title=title,
                source=source,
                sharing=sharing,
                max_viewers=max_viewers,
            )
    except IntegrityError as error:
        raise NameTaken(name) from error


def require_source(*, caller: Caller, source: str) -> None:
    """Raises SourceNotAllowed."""
    if source != Screen.PUBLISHER and not caller.sees_all:
        raise SourceNotAllowed


def ensure_main(*, owner: Callable[[], Any], source: str) -> Screen:
    """The screen that is always there, made on first need, not shared.

    owner: asked for whose it is, when it is made.  source: as settings have it now; "": that of
    this machine, unless staff have chosen another.
    """
    screen = Screen.objects.select_related("owner").filter(name=MAIN).first()
    if screen is None:
        made = {"owner": owner(), "source": source or "local"}
        screen, _ = Screen.objects.get_or_create(name=MAIN, defaults=made)
    if source and screen.source != source:
        screen.source = source
        screen.save(update_fields=["source", "updated_at"])
    return screen


# --- change -------------------------------------------------------------------------------------


@transaction.atomic
def change_screen(
    *, caller: Caller, screen: Screen, changes: dict[str, Any], agree: Agree = no_objection
) -> Screen:
    """changes: of CHANGEABLE.  agree: is shown the row before it changes, and may raise.

    Raises SourceNotAllowed.
    """
    locked = Screen.objects.select_for_update().get(pk=screen.pk)
    agree(locked)
    if changes.get("source", locked.source) != locked.source and not caller.sees_all:
        raise SourceNotAllowed
    changed = [name for name in CHANGEABLE if name in changes]
    for name in changed:
        setattr(locked, name, changes[name])
    if changed:
        locked.save(update_fields=[*changed, "updated_at"])
    return locked


def share(*, screen: Screen, sharing: str) -> Screen:
    """Switch sharing; whoever looks and may not any more is sent away within a second."""
    screen.sharing = sharing
    screen.save(update_fields=["sharing", "updated_at"])
    return screen


@transaction.atomic
def stop(*, screen: Screen, now: datetime, tell: Tell = nobody) -> Screen:
    """Send away everybody who looks, and the publisher.  Who may still look may come again."""
    before = Screen.objects.select_for_update().get(pk=screen.pk)
    screen.stopped_at = now
    screen.publisher, screen.publisher_seen_at = "", None
    screen.save(update_fields=["stopped_at", "publisher", "publisher_seen_at", "updated_at"])
    if before.publisher:
        tell(STOPPED, before, now)
    return screen


@transaction.atomic
def delete_screen(
    *, screen: Screen, now: datetime, agree: Agree = no_objection, tell: Tell = nobody
) -> None:
    """With its links and the record of who watched.  Raises MainStays."""
    if screen.name == MAIN:
        raise MainStays
    locked = Screen.objects.select_for_update().get(pk=screen.pk)
    agree(locked)
    if locked.publisher:
        tell(STOPPED, locked, now)
    screen.delete()


# --- who publishes ------------------------------------------------------------------------------


@transaction.atomic
def begin_publishing(
    *, screen_id: int, publisher: str, presenter: str, now: datetime, tell: Tell = nobody
) -> None:
    """From now on `publisher` (a name that no other has) is believed; the one before is not."""
    screen = Screen.objects.select_for_update().filter(pk=screen_id).first()
    if screen is None:
        return
    goes_on = has_publisher(screen, now=now)
    if screen.publisher and not goes_on:
        tell(STOPPED, screen, now)
    screen.publisher, screen.presenter, screen.publisher_seen_at = publisher, presenter, now
    screen.save(update_fields=["publisher", "presenter", "publisher_seen_at"])
    if not goes_on:
        tell(STARTED, screen, now)


def publisher_seen(*, screen_id: int, publisher: str, now: datetime) -> None:
    Screen.objects.filter(pk=screen_id, publisher=publisher).update(publisher_seen_at=now)


@transaction.atomic
def end_publishing(*, screen_id: int, publisher: str, now: datetime, tell: Tell = nobody) -> None:
    """Nothing happens if another has taken over meanwhile."""
    found = Screen.objects.select_for_update().filter(pk=screen_id, publisher=publisher).first()
    if found:
        Screen.objects.filter(pk=screen_id).update(publisher="", publisher_seen_at=None)
        tell(STOPPED, found, now)


def end_lost(*, now: datetime, tell: Tell) -> int:
    """End the publishing of those who have gone without a word; return how many."""
    oldest = now - timedelta(seconds=PUBLISHER_SILENT_S)
    silent = Screen.objects.filter(publisher_seen_at__lte=oldest).exclude(publisher="")
    lost = list(silent.values_list("pk", "publisher"))
    for screen_id, publisher in lost:
        end_publishing(screen_id=screen_id, publisher=publisher, now=now, tell=tell)
    return len(lost)


def has_publisher(screen: Screen, *, now: datetime) -> bool:
    """Whether one was heard of lately, in whatever process it is."""
    oldest = now - timedelta(seconds=PUBLISHER_SILENT_S)
    seen_at = screen.publisher_seen_at
    return bool(screen.publisher) and seen_at is not None and seen_at > oldest
