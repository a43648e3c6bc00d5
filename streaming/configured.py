"""What settings decide about screens, as entry points need it.  Blocking."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from streaming import services
from streaming.callers import Caller
from streaming.models import Screen


class Callers(Protocol):
    """What settings.SCREEN_CALLERS names: where the project knows who calls."""

    def owner_of_main(self) -> Any:
        """The user whose the screen `main` is: the first administrator."""

    def standing(self, names: Collection[str], *, now: datetime) -> dict[str, bool]:
        """Caller.name -> whether it is staff, of those of `names` that still may call for screens."""

    def guess_wait_s(self, address: str) -> int:
        """Seconds until this address may be wrong again with a link; 0: now."""

    def guessed(self, address: str) -> None:
        """Count a link that is none."""


def callers() -> Callers:
    found: Callers = import_string(settings.SCREEN_CALLERS)
    return found


def tell(what: str, screen: Screen, now: datetime) -> None:
    """Tell the project what happens to a screen, in the transaction in which it does."""
    told: services.Tell = import_string(settings.SCREEN_TELL)
    told(what, screen, now)


def main_screen() -> Screen:
    owner: Callable[[], Any] = callers().owner_of_main
    return services.ensure_main(owner=owner, source=settings.SCREEN_SOURCE)


def screen_named(name: str) -> Screen:
    """Raises UnknownScreen; the screen `main` is made if it is not there."""
    return main_screen() if name == services.MAIN else services.screen_named(name)


def visible_screen(*, caller: Caller, name: str) -> Screen:
    """As services.visible_screen, with the screen `main` there."""
    screen_named(name)
    return services.visible_screen(caller=caller, name=name)


def own_screen(*, caller: Caller, name: str) -> Screen:
    """As services.own_screen, with the screen `main` there."""
    screen_named(name)
    return services.own_screen(caller=caller, name=name)
