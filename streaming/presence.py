"""Async: how many watch a screen, and who presents, told to those who watch it.

The sessions are the truth, those of other processes too.  They are counted when somebody comes or
goes here, and once a second while anybody watches.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils import timezone

from streaming import sessions
from streaming.asking import ask
from streaming.models import Screen

logger = logging.getLogger(__name__)

COUNT_S = 1.0


@dataclass(frozen=True, slots=True)
class Presence:
    """presenter: a name for people."""

    viewers: int
    presenter: str


Tell = Callable[[Presence], None]


class Gathering:
    """Those of this process who want to hear of others at the same screen."""

    def __init__(self) -> None:
        self._members: dict[int, dict[Tell, Presence | None]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def member(self, screen_id: int, tell: Tell) -> Iterator[None]:
        """`tell` is called at once, and with each change, for the length of a `with` block."""
        members = self._members.setdefault(screen_id, {})
        members[tell] = None
        self.count_again()
        try:
            yield
        finally:
            del members[tell]
            if not members:
                del self._members[screen_id]

    def count_again(self) -> None:
        """Somebody's session began or ended."""
        if self._members and (self._task is None or self._task.done()):
            self._changed = asyncio.Event()  # a new one for each event loop
            self._task = asyncio.get_running_loop().create_task(self._count(self._changed))
        self._changed.set()

    async def _count(self, changed: asyncio.Event) -> None:
        while self._members:
            changed.clear()
            await self._count_once()
            try:
                async with asyncio.timeout(COUNT_S):
                    await changed.wait()
            except TimeoutError:
                continue

    async def _count_once(self) -> None:
        screen_ids = list(self._members)
        try:
            counted = await ask(lambda: presences(screen_ids))
        except DatabaseError as error:
            logger.warning("viewers cannot be counted, trying again: %s", error)
            return
        for screen_id, presence in counted.items():
            members = self._members.get(screen_id, {})
            for tell, told in list(members.items()):
                if told != presence:
                    members[tell] = presence
                    tell(presence)


def presences(screen_ids: Collection[int]) -> dict[int, Presence]:
    """Screen id -> who is there, of the screens that exist.  Blocking."""
    screens = Screen.objects.select_related("owner").filter(pk__in=screen_ids)
    return {
        screen.pk: Presence(screen.viewers, presenter_of(screen))  # type: ignore[attr-defined]
        for screen in sessions.screens_with_viewers(screens, now=timezone.now())
    }


def presenter_of(screen: Screen) -> str:
    if screen.is_published and screen.presenter:
        return screen.presenter
    return str(screen.owner.get_full_name() or screen.owner.get_username())


gathering = Gathering()
