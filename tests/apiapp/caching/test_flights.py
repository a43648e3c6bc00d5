import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from apiapp.caching.flights import Flights

PATIENCE_S = 60.0


class Slow:
    """A look-up that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.outcome: Future[str] = Future()
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        return self.outcome.result(PATIENCE_S)


def never() -> str:
    raise AssertionError("somebody looks it up already")


@pytest.fixture
def slow() -> Slow:
    return Slow()


def lead(threads: ThreadPoolExecutor, flights: Flights[str], slow: Slow) -> "Future[str]":
    leading = threads.submit(flights.fly, "a", slow)
    assert slow.begun.wait(PATIENCE_S)
    return leading


def follow(
    threads: ThreadPoolExecutor, flights: Flights[str], look_up: Callable[[], str]
) -> "Future[str]":
    """Begun, and about to wait or waiting."""
    begun = threading.Event()

    def fly() -> str:
        begun.set()
        return flights.fly("a", look_up)

    following = threads.submit(fly)
    assert begun.wait(PATIENCE_S)
    return following


def test_of_many_who_want_the_same_one_looks_it_up(slow: Slow):
    flights: Flights[str] = Flights(wait_s=PATIENCE_S)
    with ThreadPoolExecutor(9) as threads:
        leading = lead(threads, flights, slow)
        # Whoever comes too late for the first look-up makes another one, of the same.
        following = [follow(threads, flights, lambda: "found") for _ in range(8)]
        elsewhere = flights.fly("b", lambda: "other")
        slow.outcome.set_result("found")

        assert {each.result(PATIENCE_S) for each in [leading, *following]} == {"found"}
    assert (elsewhere, slow.times) == ("other", 1)


def test_who_waits_is_told_what_was_found(slow: Slow):
    flights: Flights[str] = Flights(wait_s=PATIENCE_S)
    with ThreadPoolExecutor(2) as threads:
        leading = lead(threads, flights, slow)
        threads.submit(threading.Timer(0.05, slow.outcome.set_result, ["found"]).start)

        assert flights.fly("a", never) == "found"
        assert leading.result(PATIENCE_S) == "found"


def test_who_waits_is_told_what_went_wrong(slow: Slow):
    flights: Flights[str] = Flights(wait_s=PATIENCE_S)
    with ThreadPoolExecutor(2) as threads:
        leading = lead(threads, flights, slow)
        error = TimeoutError("the database")
        threads.submit(threading.Timer(0.05, slow.outcome.set_exception, [error]).start)

        with pytest.raises(TimeoutError, match="the database"):
            flights.fly("a", never)
        with pytest.raises(TimeoutError, match="the database"):
            leading.result(PATIENCE_S)
    assert flights.fly("a", lambda: "anew") == "anew"


def test_who_has_waited_long_enough_looks_for_themselves(slow: Slow):
    flights: Flights[str] = Flights(wait_s=0.01)
    with ThreadPoolExecutor(1) as threads:
        leading = lead(threads, flights, slow)

        assert flights.fly("a", lambda: "mine") == "mine"

        slow.outcome.set_result("theirs")
        assert leading.result(PATIENCE_S) == "theirs"


def test_who_comes_after_a_change_does_not_wait_for_what_was_begun_before(slow: Slow):
    flights: Flights[str] = Flights(wait_s=PATIENCE_S)
    with ThreadPoolExecutor(1) as threads:
        leading = lead(threads, flights, slow)

        flights.leave("a")
        assert flights.fly("a", lambda: "new") == "new"
        flights.leave_all()
        assert flights.fly("a", lambda: "newer") == "newer"

        slow.outcome.set_result("old")
        assert leading.result(PATIENCE_S) == "old"
