import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apiapp.uploads import bodies
from apiapp.uploads.bodies import Intake, Lane, Pace, Patience, Threads, body_pieces
from apiapp.uploads.errors import BodyStalled, BodyTooLarge, BodyTrickled, ClientGone


@pytest.fixture
def threads() -> Iterator[Threads]:
    with ThreadPoolExecutor(4) as pool:
        yield Threads(pool, lambda work: work())


class Recorder:
    """Keeps what it was told to write; `write` may be made to wait or to fail."""

    def __init__(self, before_write: Callable[[], None] = lambda: None) -> None:
        self.batches: list[bytes] = []
        self.releases = 0
        self._before_write = before_write

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        self._before_write()
        self.batches.append(b"".join(pieces))

    def release(self) -> None:
        self.releases += 1


def messages(*bodies_of: bytes, then: dict[str, Any] | None = None) -> Callable[[], Any]:
    last = then or {"type": "http.request", "body": b"", "more_body": False}
    left = [{"type": "http.request", "body": body, "more_body": True} for body in bodies_of]
    left.append(last)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return receive


async def read(receive: Any, *, idle_s: float = 5.0, limit_bytes: int = 100) -> list[bytes]:
    pieces = body_pieces(receive, patience=Patience(idle_s), limit_bytes=limit_bytes)
    return [piece async for piece in pieces]


async def test_a_body_is_read_to_its_end_and_empty_pieces_are_left_out():
    assert await read(messages(b"a", b"", b"bc")) == [b"a", b"bc"]


async def test_a_body_longer_than_allowed_is_refused():
    assert await read(messages(b"x" * 60, b"x" * 40)) == [b"x" * 60, b"x" * 40]
    with pytest.raises(BodyTooLarge):
        await read(messages(b"x" * 60, b"x" * 41))


async def test_a_client_that_leaves_is_noticed():
    with pytest.raises(ClientGone):
        await read(messages(b"a", then={"type": "http.disconnect"}))


async def test_a_client_that_sends_nothing_is_not_waited_for_longer_than_allowed():
    async def silence() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyStalled):
        await read(silence, idle_s=0.01)


async def test_a_client_that_trickles_is_not_waited_for_for_ever():
    async def trickle() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    patience = Patience(idle_s=0.1, least_bytes_per_s=1000)
    with pytest.raises(BodyTrickled, match="less than 1000 bytes a second"):
        async for _ in body_pieces(trickle, patience=patience, limit_bytes=10**9):
            pass


def test_a_pace_is_an_average_of_the_time_that_was_waited_for_the_client():
    pace = Pace(Patience(idle_s=10.0, least_bytes_per_s=100))
    for _ in range(5):
        pace.count(0, waited_s=9.0)  # a pause,
        pace.count(1000, waited_s=1.0)  # made good by what follows it

    pace.count(0, waited_s=0.0)  # this server was busy for as long as it likes

    with pytest.raises(BodyTrickled):
        pace.count(999, waited_s=10.0)


async def test_pieces_are_handed_on_in_order_in_batches(threads, monkeypatch):
    monkeypatch.setattr(bodies, "BATCH_BYTES", 4)
    recorder = Recorder()

    async with Intake(threads) as intake:
        await intake.open(lambda: recorder)
        for piece in (b"ab", b"c", b"def", b"g", b"hijkl", b"m"):
            await intake.add(piece)
        rest = intake.take_rest()
        await intake.lane.run(lambda: recorder.write(rest))

    assert recorder.batches == [b"abcdef", b"ghijkl", b"m"]
    assert recorder.releases == 0


async def test_no_more_than_one_batch_waits_while_one_is_written(threads, monkeypatch):
    monkeypatch.setattr(bodies, "BATCH_BYTES", 1)
    may_write = threading.Event()
    recorder = Recorder(before_write=lambda: may_write.wait(5) and None)

    async with Intake(threads) as intake:
        await intake.open(lambda: recorder)
        await intake.add(b"1")
        second = asyncio.create_task(intake.add(b"2"))
        done, waiting = await asyncio.wait([second], timeout=0.05)
        may_write.set()
        await second
        await intake.lane.settle()

    assert waiting == {second}
    assert recorder.batches == [b"1", b"2"]


async def test_an_error_while_writing_is_raised_and_what_was_begun_is_released(
    threads, monkeypatch
):
    def fail() -> None:
        raise OSError("broken disk")

    monkeypatch.setattr(bodies, "BATCH_BYTES", 1)
    recorder = Recorder(before_write=fail)

    with pytest.raises(OSError, match="broken disk"):
        async with Intake(threads) as intake:
            await intake.open(lambda: recorder)
            await intake.add(b"1")
            await intake.add(b"2")

    assert recorder.releases == 1


async def test_a_request_that_is_cancelled_waits_for_its_write_before_it_lets_go(
    threads, monkeypatch
):
    monkeypatch.setattr(bodies, "BATCH_BYTES", 1)
    is_writing, may_write = threading.Event(), threading.Event()

    def wait() -> None:
        is_writing.set()
        assert may_write.wait(5)

    recorder = Recorder(before_write=wait)

    async def request() -> None:
        async with Intake(threads) as intake:
            await intake.open(lambda: recorder)
            await intake.add(b"1")
            await intake.add(b"2")

    task = asyncio.create_task(request())
    await asyncio.to_thread(is_writing.wait, 5)
    task.cancel()
    await asyncio.wait([task], timeout=0.05)
    released_too_early = recorder.releases
    may_write.set()
    await asyncio.wait([task])

    assert task.cancelled()
    assert released_too_early == 0
    assert recorder.batches == [b"1"]
    assert recorder.releases == 1


async def test_what_was_never_opened_needs_no_release(threads):
    with pytest.raises(ClientGone):
        async with Intake(threads):
            raise ClientGone


async def test_work_of_one_request_never_overlaps(threads):
    lane, at_once, most = Lane(threads), [], []

    def work() -> None:
        at_once.append(1)
        most.append(len(at_once))
        at_once.pop()

    for _ in range(20):
        await lane.begin(work)
    await lane.settle()

    assert most == [1] * 20


async def test_every_piece_of_work_is_wrapped_the_release_of_a_broken_request_too(monkeypatch):
    monkeypatch.setattr(bodies, "BATCH_BYTES", 1)
    wrapped = []

    def run(work: Callable[[], Any]) -> Any:
        wrapped.append(work)
        return work()

    with ThreadPoolExecutor(1) as pool:
        recorder = Recorder()
        with pytest.raises(ClientGone):
            async with Intake(Threads(pool, run)) as intake:
                await intake.open(lambda: recorder)
                await intake.add(b"1")
                raise ClientGone

    assert len(wrapped) == 3  # open, write, release
    assert wrapped[-1] == recorder.release
