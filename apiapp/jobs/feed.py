"""Async: whoever follows jobs is told of each change, from one poll of the rows per process.

The poll runs only while somebody follows, in a thread of its own that keeps its connection.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DatabaseError, connections

from apiapp.jobs import services
from apiapp.jobs.errors import TooManyFollowed
from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller

logger = logging.getLogger(__name__)

POLL_S = 0.25
MAX_FOLLOWED = 200
# Not the lease: that it was renewed is no news.
WATCHED = (
    "state", "done", "total", "unit", "message", "result", "error", "started_at", "finished_at"
)  # fmt: skip

Answer = TypeVar("Answer")


class Follower:
    """One reader's jobs, and what it was not told yet: for each job the newest state only.

    So a slow reader misses steps in between and slows nobody down.  On the event loop alone.
    """

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.ids: set[int] = set()
        self.follows_all = False
        self._known: dict[int, tuple[Any, ...]] = {}
        self._untold: dict[int, Job | None] = {}
        self._news = asyncio.Event()

    def offer(self, job: Job) -> None:
        """Tell of `job`, unless nothing changed."""
        seen = tuple(getattr(job, name) for name in WATCHED)
        if self._known.get(job.pk) != seen:
            self._known[job.pk] = seen
            self._tell(job.pk, job)

    def offer_gone(self, job_id: int) -> None:
        self.forget(job_id)
        self._tell(job_id, None)

    def forget(self, job_id: int) -> None:
        self.ids.discard(job_id)
        self._known.pop(job_id, None)

    def forget_ended(self) -> None:
        """Make room: a job that has ended is told of once."""
        for job_id, seen in list(self._known.items()):
            if seen[0] in Job.ENDED:
                self.forget(job_id)

    def follow_if_own(self, job: Job) -> None:
        """For one who follows all: take up a job of the caller's that has not ended."""
        is_wanted = self.follows_all and job.owner_id == self.caller.user.pk
        if is_wanted and not job.has_ended and len(self.ids) < MAX_FOLLOWED:
            self.ids.add(job.pk)

    def _tell(self, job_id: int, job: Job | None) -> None:
        self._untold[job_id] = job
        self._news.set()

    async def news(self) -> dict[int, Job | None]:
        """Wait for something to tell: job id -> the job, or None if there is no such job."""
        await self._news.wait()
        self._news.clear()
        told, self._untold = self._untold, {}
        return told


class JobFeed:
    """All followers of this process, and the poll that serves them."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job-feed")

    def join(self, caller: Caller) -> Follower:
        follower = Follower(caller)
        self._followers.add(follower)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._poll())
        return follower

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)
        if not self._followers and self._task:
            self._task.cancel()
            self._task = None

    async def follow(self, follower: Follower, ids: Collection[int]) -> set[int]:
        """Have `follower` told of these jobs, first as they are now.

        Return those that do not exist or are another's.  Raises TooManyFollowed.
        """
        if len(follower.ids.union(ids)) > MAX_FOLLOWED:
            follower.forget_ended()
        if len(follower.ids.union(ids)) > MAX_FOLLOWED:
            raise TooManyFollowed(limit=MAX_FOLLOWED)
        found = await self._ask(lambda: list(services.jobs_of(follower.caller).filter(pk__in=ids)))
        for job in found:
            follower.ids.add(job.pk)
            follower.offer(job)
        return set(ids) - {job.pk for job in found}

    async def follow_all(self, follower: Follower) -> None:
        """Have `follower` told of its caller's own jobs that have not ended, also new ones."""
        follower.follows_all = True
        self._distribute(await self._ask(lambda: followed([follower])), [follower])

    async def _poll(self) -> None:
        is_in_trouble = False
        try:
            while self._followers:
                await asyncio.sleep(POLL_S)
                try:
                    followers = list(self._followers)
                    jobs = await self._ask(lambda: followed(followers))  # noqa: B023 - awaited here
                except DatabaseError as error:
                    if not is_in_trouble:
                        logger.warning("jobs cannot be followed now, trying again: %s", error)
                    is_in_trouble = True
                else:
                    is_in_trouble = False
                    self._distribute(jobs, followers)
        finally:
            self._thread.submit(connections.close_all)

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked, question)

    def _distribute(self, jobs: Iterable[Job], followers: Iterable[Follower]) -> None:
        by_id = {job.pk: job for job in jobs}
        for follower in followers:
            for job in by_id.values():
                follower.follow_if_own(job)
            for job_id in list(follower.ids):
                if job_id in by_id:
                    follower.offer(by_id[job_id])
                else:
                    follower.offer_gone(job_id)
            if len(follower.ids) == MAX_FOLLOWED:
                follower.forget_ended()


def asked(question: Callable[[], Answer]) -> Answer:
    """The answer of the database; after an error the next question gets a new connection."""
    try:
        return question()
    except DatabaseError:
        connections.close_all()
        raise


def followed(followers: Collection[Follower]) -> list[Job]:
    """The rows that any of `followers` follows.  Blocking."""
    ids = {job_id for follower in followers for job_id in follower.ids}
    owners = {follower.caller.user.pk for follower in followers if follower.follows_all}
    jobs = list(Job.objects.filter(pk__in=ids))
    if owners:
        unfinished = Job.objects.filter(owner__in=owners).exclude(state__in=Job.ENDED)
        jobs += unfinished[: MAX_FOLLOWED * len(owners)]
    return jobs


feed = JobFeed()
