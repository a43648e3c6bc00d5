"""The table of states: forward alone, in whatever order a gateway's words come."""

import itertools

from apiapp.payments.states import ENDED, MOVES, State, Verdict, verdict_on


def test_there_is_no_way_back():
    for first, last in itertools.permutations(State, 2):
        assert not (last in MOVES[first] and first in MOVES[last])


def test_what_has_ended_stays_as_it_is():
    assert set(ENDED) == {State.FAILED, State.REFUNDED}
    for ended, reported in itertools.product(ENDED, State):
        assert verdict_on(reported, now=ended) is not Verdict.MOVE


def test_what_comes_too_late_is_told_from_what_cannot_be():
    assert verdict_on(State.PAID, now=State.REQUIRES_ACTION) is Verdict.MOVE
    assert verdict_on(State.PAID, now=State.PAID) is Verdict.SAME
    assert verdict_on(State.REQUIRES_ACTION, now=State.PAID) is Verdict.LATE
    assert verdict_on(State.PAID, now=State.REFUNDED) is Verdict.LATE
    assert verdict_on(State.PAID, now=State.FAILED) is Verdict.CONFLICT
    assert verdict_on(State.FAILED, now=State.PAID) is Verdict.CONFLICT


def test_in_any_order_the_end_is_the_same():
    for last in (State.PAID, State.REFUNDED, State.FAILED):
        words = {State.REQUIRES_ACTION, last} | ({State.PAID} if last != State.FAILED else set())
        for order in itertools.permutations(words):
            now: str = State.PENDING
            for word in order:
                now = word if verdict_on(word, now=now) is Verdict.MOVE else now
            assert now == last, order
