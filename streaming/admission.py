"""Async: who is let in to look at a screen, or to publish it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from streaming import configured, grants, services
from streaming.asking import ask, note
from streaming.callers import SCOPE, Caller
from streaming.errors import (
    NobodyCalls,
    NoSuchLink,
    NotForPublishers,
    ScopeMissing,
    TooManyGuesses,
    UnknownScreen,
)
from streaming.grants import Grant
from streaming.models import Screen, ScreenLink
from streaming.passes import Pass, watch
from streaming.shown import Shown, shown_by

COOKIE = f"{settings.SESSION_COOKIE_NAME}_screens"
PUBLISHER_BYTES = 16


async def admit(scope: Mapping[str, Any], name: str) -> Pass:
    """A pass to look at the screen `name`, for whoever an ASGI scope shows; to be released.

    `scope["caller"]` is the Caller that the project found, or None.  Raises NobodyCalls,
    ScopeMissing, UnknownScreen, LinkNotValid, NotShared, PinWanted, WrongPin, TooManyPins,
    TooManyGuesses.
    """
    now = timezone.now()
    shown = shown_by(scope, cookie=COOKIE, server_secret=settings.SECRET_KEY, now=now)
    grant = await ask(lambda: grant_for(name=name, shown=shown, now=now))
    return watch.join(Pass(grant, address=shown.address, now=now))


def grant_for(*, name: str, shown: Shown, now: datetime) -> Grant:
    """Blocking.  Raises what `admit` raises."""
    if not shown.token:
        return grants.without_token(screen=screen_or_none(name), shown=shown, now=now)
    with few_guesses(shown.address):
        return grants.by_token(name=name, shown=shown, server_secret=settings.SECRET_KEY, now=now)


def link_that_is_opened(*, name: str, token: str, address: str, now: datetime) -> ScreenLink:
    """The link behind the address that was sent; its PIN is not asked for yet.  Blocking.

    Raises LinkNotValid, NotShared, TooManyGuesses.
    """
    with few_guesses(address):
        return grants.shared_link(
            name=name, token=token, server_secret=settings.SECRET_KEY, now=now
        )


@contextmanager
def few_guesses(address: str) -> Iterator[None]:
    """Count a token that none of the links has.  Raises TooManyGuesses."""
    wait_s = configured.callers().guess_wait_s(address)
    if wait_s:
        raise TooManyGuesses(retry_after_s=wait_s)
    try:
        yield
    except NoSuchLink:
        configured.callers().guessed(address)
        raise


def screen_or_none(name: str) -> Screen | None:
    try:
        return configured.screen_named(name)
    except UnknownScreen:
        return None


async def admit_publisher(scope: Mapping[str, Any], name: str) -> Pass:
    """A pass to publish the screen `name`: from now on the only one that is good for it.

    Raises NobodyCalls, ScopeMissing, UnknownScreen, NotYours, NotForPublishers.
    """
    caller: Caller | None = scope.get("caller")
    if caller is None:
        raise NobodyCalls
    if not caller.may(SCOPE):
        raise ScopeMissing(SCOPE)
    now, publisher = timezone.now(), secrets.token_hex(PUBLISHER_BYTES)
    screen = await note(
        lambda: screen_to_publish(caller=caller, name=name, publisher=publisher, now=now)
    )
    address = (scope.get("client") or ("",))[0]
    grant = Grant(screen, caller=caller, is_own=True)
    return watch.join(Pass(grant, address=address, now=now, publisher=publisher))


def screen_to_publish(*, caller: Caller, name: str, publisher: str, now: datetime) -> Screen:
    screen = configured.own_screen(caller=caller, name=name)
    if not screen.is_published:
        raise NotForPublishers
    presenter = caller.user.get_full_name() or caller.user.get_username()
    services.begin_publishing(
        screen_id=screen.pk,
        publisher=publisher,
        presenter=presenter,
        now=now,
        tell=configured.tell,
    )
    return screen
