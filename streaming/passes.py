"""Async: passes to look at a screen, or to publish it, and the watch that takes them back.

Every process looks at the rows behind its open passes twice a second, while it has any: who was
let in by something that is no more (a link, sharing, a user, a key, the screen) is sent away
within a second, whichever process it was taken away in.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Self, TypeVar

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from streaming import configured, grants, services, sessions
from streaming.asking import note
from streaming.errors import PublisherReplaced, ScreensError, TooManyViewers
from streaming.grants import Facts, Grant, Held
from streaming.models import Screen, ScreenLink, ViewSession
from streaming.sessions import Figures

logger = logging.getLogger(__name__)

LOOK_S = 0.5
LEFT = "left"  # why a session ended whose viewer simply went

Answer = TypeVar("Answer")


class Pass:
    """Lets one viewer look, or one publisher publish, until `closed` says why no longer.

    screen_id, name, source: of the screen.  user_id, link_id: by what, None where it was not by
    that.  label: who it is, for people.  publisher: the name it publishes under; "": it looks.
    frames, sent_bytes, dropped: to be counted up by whoever sends; they go into the session.
    closed: done with the error to tell.  On the event loop alone.
    """

    def __init__(self, grant: Grant, *, address: str, now: datetime, publisher: str = "") -> None:
        screen, caller = grant.screen, grant.caller
        self.screen_id, self.name, self.source = screen.pk, screen.name, screen.source
        self.title = screen.title
        self.user_id: int | None = caller.user.pk if caller else None
        self.link_id = grant.link.pk if grant.link else None
        self.label, self.address, self.publisher = grant.who, address, publisher
        self.is_own = grant.is_own
        self.frames = self.sent_bytes = self.dropped = 0
        self.latency_ms: float | None = None  # as the viewer said last
        self.closed: asyncio.Future[ScreensError] = asyncio.get_running_loop().create_future()
        self.session_id: int | None = None
        self._beginning: asyncio.Task[ViewSession] | None = None
        self.held = Held(
            screen_id=screen.pk,
            source=screen.source,
            admitted_at=now,
            caller_name=caller.name if caller else "",
            user_id=self.user_id,
            is_own=grant.is_own,
            link_id=self.link_id,
        )

    async def begin_session(self, codec: str) -> None:
        """Note that they watch, in `codec`.  Raises TooManyViewers."""
        if watch.viewers_of(self.screen_id) >= settings.SCREEN_MAX_VIEWERS:
            raise TooManyViewers(limit=settings.SCREEN_MAX_VIEWERS)
        begin = partial(
            sessions.begin,
            screen_id=self.screen_id,
            link_id=self.link_id,
            user_id=self.user_id,
            who=self.label,
            address=self.address,
            codec=codec,
            now=timezone.now(),
        )
        self._beginning = asyncio.create_task(note(begin))
        self.session_id = (await asyncio.shield(self._beginning)).pk

    @property
    def is_watching(self) -> bool:
        return self._beginning is not None

    @property
    def figures(self) -> Figures:
        assert self.session_id is not None
        return Figures(self.session_id, self.frames, self.sent_bytes, self.dropped, self.latency_ms)

    async def release(self, reason: str = LEFT) -> None:
        """They are gone: end the session, if one was begun.  Safe to call twice.

        What has to be noted is, even if whoever waits for it is cancelled.

        reason: of their going, unless they were sent away.
        """
        if not watch.leave(self):
            return
        if self.closed.done():
            reason = self.closed.result().reason
        else:
            self.closed.cancel()
        if self.publisher or self._beginning:
            await asyncio.shield(self._end(reason, timezone.now()))

    async def _end(self, reason: str, now: datetime) -> None:
        """Also a session that was only about to begin when they left."""
        if self._beginning and self.session_id is None:
            await asyncio.wait({self._beginning})
            if self._beginning.exception():
                return  # there was no room
            self.session_id = self._beginning.result().pk
        await note(partial(self._note_end, reason, now))

    def _note_end(self, reason: str, now: datetime) -> None:
        if self.publisher:
            services.end_publishing(
                screen_id=self.screen_id,
                publisher=self.publisher,
                now=now,
                tell=configured.tell,
            )
        if self.session_id is not None:
            sessions.end(figures=self.figures, reason=reason, now=now)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.release()


class Watch:
    """All open passes of this process."""

    def __init__(self) -> None:
        self._passes: set[Pass] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passes")

    def join(self, joining: Pass) -> Pass:
        self._passes.add(joining)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        return joining

    def leave(self, leaving: Pass) -> bool:
        """False: it had left already."""
        if leaving not in self._passes:
            return False
        self._passes.discard(leaving)
        if not self._passes and self._task:
            self._task.cancel()
            self._task = None
        return True

    def viewers_of(self, screen_id: int) -> int:
        """Of this process, whose sessions have begun or are about to."""
        return sum(each.screen_id == screen_id and each.is_watching for each in self._passes)

    async def _look(self) -> None:
        is_in_trouble, next_beat = False, 0.0
        loop = asyncio.get_running_loop()
        try:
            while self._passes:
                await asyncio.sleep(LOOK_S)
                passes = [each for each in self._passes if not each.closed.done()]
                is_beat = loop.time() >= next_beat
                next_beat = loop.time() + sessions.BEAT_S if is_beat else next_beat
                try:
                    await self._look_once(passes, is_beat=is_beat)
                except DatabaseError as error:
                    if not is_in_trouble:
                        logger.warning("passes cannot be looked at, trying again: %s", error)
                    is_in_trouble = True
                else:
                    is_in_trouble = False
        finally:
            self._thread.submit(connections.close_all)

    async def _look_once(self, passes: Collection[Pass], *, is_beat: bool) -> None:
        now = timezone.now()
        figures = [each.figures for each in passes if each.session_id is not None]
        publishers = [(each.screen_id, each.publisher) for each in passes if each.publisher]
        if is_beat:
            await self._ask(lambda: beat(figures, publishers, now=now))
        facts = await self._ask(lambda: facts_about([each.held for each in passes], now=now))
        for each in passes:
            error = ended_by(each, facts)
            if error and not each.closed.done():
                each.closed.set_result(error)

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked, question)


def ended_by(held: Pass, facts: Facts) -> ScreensError | None:
    error = grants.ended_by(held.held, facts)
    if error is None and held.publisher:
        is_believed = facts.screens[held.screen_id].publisher == held.publisher
        return None if is_believed else PublisherReplaced()
    return error


def facts_about(held: Collection[Held], *, now: datetime) -> Facts:
    """One query for each kind of row that is asked about.  Blocking."""
    link_ids = {each.link_id for each in held if each.link_id is not None}
    names = {each.caller_name for each in held if each.is_own}
    return Facts(
        screens=Screen.objects.in_bulk({each.screen_id for each in held}),
        links=ScreenLink.objects.in_bulk(link_ids) if link_ids else {},
        callers=configured.callers().standing(names, now=now) if names else {},
        now=now,
    )


def beat(
    figures: Collection[Figures], publishers: Collection[tuple[int, str]], *, now: datetime
) -> None:
    """Say of all viewers and publishers of this process that they are there.  Blocking."""
    if figures:
        sessions.beat(figures=figures, now=now)
    for screen_id, publisher in publishers:
        services.publisher_seen(screen_id=screen_id, publisher=publisher, now=now)


def asked(question: Callable[[], Answer]) -> Answer:
    """The answer of the database; after an error the next question gets a new connection."""
    try:
        return question()
    except DatabaseError:
        connections.close_all()
        raise


watch = Watch()
