"""The one crossing from the event loop to the threads that work on requests, and back.

Threads of one process share one interpreter: short requests 24 at a time get through at 0.6 of the
rate of one after the other (docs/performance.md).  So the thread that has the turn takes one
request after another; when one takes long, because it waits for something or has much to do, the
turn passes to another thread, and its own thread lines up for a turn once it is done.
"""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic
from typing import Any

LOOK_S = 0.005  # what takes longer is slow; as long as Python lets one thread keep others waiting
# How soon a thread that computes lets others go on.  Python's own 5 ms is best for short requests
# among themselves (0.5 ms costs them a quarter of their rate), but beside three that compute one
# waits several times over: 90 ms in all, 18 ms with this.
USUAL_S, BESIDE_SLOW_S = 0.005, 0.0005
ASK_EVERY_S = 0.1  # how often it is asked of waiting work whether anybody still wants it


class Work:
    """One request's work.

    call: what to do, in a thread; it is given this Work.  has_left: whether nobody waits for the
    result any more; asked on the event loop.
    """

    def __init__(self, call: Callable[["Work"], Any], has_left: Callable[[], bool]) -> None:
        self.call = call
        self.has_left = has_left
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked_at = monotonic()


class Turns:
    """Threads that take turns.

    most: how many may be at work.  streams: how many may be at work beyond that while all they do
    is to send a long answer at its reader's pace.
    """

    def __init__(self, *, most: int, streams: int) -> None:
        self._most_slow = most - 1
        self._most_threads = most + streams
        self._free_streams = streams
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._waiting: dict[Work, None] = {}
        self._young: dict[Work, float] = {}  # what those that have a turn do; since when
        self._slow: set[Work] = set()
        self._streaming: set[Work] = set()
        self._finished: deque[tuple[Work, Any, BaseException | None]] = deque()
        self._is_looking = self._is_told = self._is_closed = False
        self._hand_over_s = USUAL_S
        # The three are changed under this lock alone.
        self._lock = threading.Condition()
        self._free_turns = 1
        self._free_threads = self._threads = 0

    # --- on the event loop
    async def do(self, call: Callable[[Work], Any], has_left: Callable[[], bool]) -> Any:
        """The result of `call` in a thread; None if by then nobody wanted it any more."""
        work = Work(call, has_left)
        self._loop = work.result.get_loop()
        self._waiting[work] = None
        self._queue.put(work)
        if not self._threads:
            with self._lock:
                self._use_turns()
        if not self._is_looking:
            self._look()
        return await work.result

    def close(self) -> None:
        """Let the threads end, once they have done what was asked for."""
        with self._lock:
            self._is_closed = True
            self._lock.notify_all()
        self._queue.put(None)

    def _look(self) -> None:
        """See to what takes long, for as long as anything waits."""
        now = monotonic()
        for work, begun_at in list(self._young.items()):
            if begun_at + LOOK_S <= now and len(self._slow) < self._most_slow:
                self._slow.add(work)
                self._pass_turn(work)
        self._hand_over(BESIDE_SLOW_S if self._slow or self._streaming else USUAL_S)
        for work in list(self._waiting):
            if work.asked_at + ASK_EVERY_S <= now and not work.result.done():
                work.asked_at = now
                if work.has_left():
                    work.result.set_result(None)
        self._is_looking = bool(self._waiting)
        if self._is_looking:
            self._loop.call_later(LOOK_S, self._look)

    def _hand_over(self, after_s: float) -> None:
        if after_s != self._hand_over_s:
            self._hand_over_s = after_s
            sys.setswitchinterval(after_s)

    def _deliver(self) -> None:
        self._is_told = False
        while self._finished:
            work, result, error = self._finished.popleft()
            if work.result.done():
                continue
            if error:
                work.result.set_exception(error)
            else:
                work.result.set_result(result)

    # --- in any thread
    def _pass_turn(self, work: Work) -> None:
        """Whoever takes `work` out of `_young` decides about the turn of its thread."""
        if self._young.pop(work, None) is None:
            self._slow.discard(work)  # it was done meanwhile
            return
        with self._lock:
            self._free_turns += 1
            self._use_turns()

    def _use_turns(self) -> None:
        if self._free_threads >= self._free_turns:
            self._lock.notify()
        elif self._threads < self._most_threads:
            self._threads += 1
            # A daemon: a request without end must not keep the server from ending.
            threading.Thread(target=self._live, name=f"django_{self._threads}", daemon=True).start()

    # --- in the threads
    def stream(self, work: Work) -> None:
        """From now on `work` only sends: if there is room for one more such, it no longer counts."""
        with self._lock:
            if not self._free_streams:
                return
            self._free_streams -= 1
            self._streaming.add(work)
        self._slow.discard(work)
        self._pass_turn(work)

    def _live(self) -> None:
        while self._got_turn():
            while self._work_on():
                pass

    def _got_turn(self) -> bool:
        with self._lock:
            self._free_threads += 1
            self._lock.wait_for(lambda: self._free_turns or self._is_closed)
            self._free_threads -= 1
            self._free_turns -= 1
            return not self._is_closed

    def _work_on(self) -> bool:
        """Do what is next; whether this thread still has its turn."""
        work = self._queue.get()
        if work is None:
            return False
        self._young[work] = monotonic()
        del self._waiting[work]
        if not work.result.done():  # else nobody wants it any more
            self._finish(work, *outcome(work))
        has_kept_turn = self._young.pop(work, None) is not None
        if not has_kept_turn:
            self._slow.discard(work)
        return has_kept_turn

    def _finish(self, work: Work, result: Any, error: BaseException | None) -> None:
        if work in self._streaming:
            with self._lock:
                self._streaming.remove(work)
                self._free_streams += 1
        self._finished.append((work, result, error))
        if not self._is_told:  # one call into the loop delivers all that has finished by then
            self._is_told = True
            self._loop.call_soon_threadsafe(self._deliver)


def outcome(work: Work) -> tuple[Any, BaseException | None]:
    """What `work` returned or raised: whatever it is, it is for the one who asked."""
    try:
        return work.call(work), None
    except BaseException as error:  # noqa: BLE001
        return None, error
