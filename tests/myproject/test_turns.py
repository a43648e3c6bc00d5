"""Threads that take turns: one after the other while it is quick, beside one another when not."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from myproject.turns import Turns, Work


def nobody_left() -> bool:
    return False


@pytest.fixture
def turns() -> Iterator[Turns]:
    threads = Turns(most=3, streams=2)
    yield threads
    threads.close()


class Blocked:
    """Work that goes on until it is told to end."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def __call__(self, work: Work) -> str:
        self.begun.release()
        assert self.may_end.wait(20)
        return threading.current_thread().name

    async def wait_until_begun(self, times: int) -> None:
        for _ in range(times):
            assert await asyncio.to_thread(self.begun.acquire, timeout=10)


async def test_what_a_call_returns_or_raises_comes_back(turns: Turns):
    def fail(work: Work) -> None:
        raise LookupError("not there")

    assert await turns.do(lambda work: 42, nobody_left) == 42
    with pytest.raises(LookupError, match="not there"):
        await turns.do(fail, nobody_left)


async def test_work_one_after_the_other_stays_in_one_thread(turns: Turns):
    names = [
        await turns.do(lambda work: threading.current_thread().name, nobody_left) for _ in range(20)
    ]

    assert len(set(names)) == 1


async def test_hundreds_at_a_time_are_all_done(turns: Turns):
    results = await asyncio.wait_for(
        asyncio.gather(*(turns.do(lambda work, n=n: n, nobody_left) for n in range(500))), 20
    )

    assert results == list(range(500))


async def test_no_more_than_the_most_are_at_work(turns: Turns):
    blocked = Blocked()
    tasks = [asyncio.create_task(turns.do(blocked, nobody_left)) for _ in range(5)]

    await blocked.wait_until_begun(3)
    assert not await asyncio.to_thread(blocked.begun.acquire, timeout=0.1)
    blocked.may_end.set()

    assert len(set(await asyncio.wait_for(asyncio.gather(*tasks), 10))) == 3


async def test_what_streams_does_not_count_as_far_as_there_is_room(turns: Turns):
    blocked = Blocked()

    def stream(work: Work) -> str:
        turns.stream(work)
        return blocked(work)

    tasks = [asyncio.create_task(turns.do(stream, nobody_left)) for _ in range(2)]
    await blocked.wait_until_begun(2)
    tasks += [asyncio.create_task(turns.do(blocked, nobody_left)) for _ in range(4)]
    await blocked.wait_until_begun(3)
    assert not await asyncio.to_thread(blocked.begun.acquire, timeout=0.1)

    blocked.may_end.set()
    assert len(set(await asyncio.wait_for(asyncio.gather(*tasks), 10))) == 5


async def test_the_room_of_streams_that_have_ended_is_free_again(turns: Turns):
    def stream(work: Work) -> None:
        turns.stream(work)

    for _ in range(10):
        await turns.do(stream, nobody_left)
    blocked = Blocked()

    def long_stream(work: Work) -> Any:
        turns.stream(work)
        return blocked(work)

    tasks = [asyncio.create_task(turns.do(long_stream, nobody_left)) for _ in range(2)]
    tasks += [asyncio.create_task(turns.do(blocked, nobody_left)) for _ in range(3)]
    await blocked.wait_until_begun(5)

    blocked.may_end.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)


async def test_slow_work_gives_its_room_back_when_it_is_done(turns: Turns):
    for _ in range(4):
        blocked = Blocked()
        tasks = [asyncio.create_task(turns.do(blocked, nobody_left)) for _ in range(3)]
        await blocked.wait_until_begun(3)
        blocked.may_end.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)


async def test_what_nobody_waits_for_any_more_is_not_begun(turns: Turns):
    blocked, begun = Blocked(), []
    tasks = [asyncio.create_task(turns.do(blocked, nobody_left)) for _ in range(3)]
    await blocked.wait_until_begun(3)

    assert await asyncio.wait_for(turns.do(begun.append, lambda: True), 10) is None

    blocked.may_end.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert await turns.do(lambda work: len(begun), nobody_left) == 0


async def test_after_closing_the_threads_end():
    turns = Turns(most=2, streams=0)
    seen = []
    await turns.do(lambda work: seen.append(threading.current_thread()), nobody_left)

    turns.close()
    await asyncio.to_thread(seen[0].join, 10)

    assert not seen[0].is_alive()
