"""What is sent, by what the viewers can take."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.core.adapting import (
    ADVISED_AFTER,
    FIRST_PATIENCE,
    LEVELS,
    LONGEST_PATIENCE,
    Course,
    ViewerWindow,
    is_advised_light,
    is_too_slow,
    must_be_heeded,
    next_course,
    slow_in_a_row,
)

GOOD = ViewerWindow(offered=60, dropped=0, latency_ms=40)
SLOW = ViewerWindow(offered=60, dropped=30, latency_ms=400)
STALLED = ViewerWindow(offered=60, dropped=60, stalled_s=9)

COURSES = st.builds(
    Course,
    step=st.integers(0, len(LEVELS) - 1),
    calm=st.integers(0, LONGEST_PATIENCE - 1),
    patience=st.integers(FIRST_PATIENCE, LONGEST_PATIENCE),
    is_trial=st.booleans(),
)
WINDOWS = st.builds(
    ViewerWindow,
    offered=st.integers(0, 200),
    dropped=st.integers(0, 200),
    latency_ms=st.none() | st.floats(0, 5000),
    stalled_s=st.floats(0, 20),
)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (GOOD, False),
        (SLOW, True),
        (ViewerWindow(offered=0, dropped=0), False),
        (ViewerWindow(offered=60, dropped=6), False),
        (ViewerWindow(offered=60, dropped=7), True),
        (ViewerWindow(offered=60, dropped=0, latency_ms=900), True),
    ],
)
def test_a_viewer_is_too_slow_that_loses_a_tenth_or_sees_it_late(
    window: ViewerWindow, expected: bool
):
    assert is_too_slow(window) is expected


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([SLOW], True),
        ([SLOW, GOOD], True),
        ([SLOW, GOOD, GOOD], False),
        ([SLOW] + [GOOD] * 99, False),
        ([SLOW] * 34 + [GOOD] * 66, True),
        ([STALLED], False),
        ([STALLED] * 5 + [GOOD], False),
        ([], False),
    ],
)
def test_more_than_a_third_of_those_who_take_anything_is_heeded(
    windows: list[ViewerWindow], expected: bool
):
    assert must_be_heeded(windows) is expected


def test_quality_goes_down_before_the_rate_does():
    course, seen = Course(), []
    for _ in range(len(LEVELS)):
        course = next_course(course, [SLOW])
        seen.append(course.level)

    qualities = [level.quality_ratio for level in seen]
    rates = [level.rate_ratio for level in seen]
    assert qualities == sorted(qualities, reverse=True)
    assert rates == sorted(rates, reverse=True)
    assert rates[:3] == [1.0] * 3
    assert seen[-1] == LEVELS[-1]


def test_it_climbs_back_slowly_all_the_way():
    course = Course(step=len(LEVELS) - 1)
    steps = []
    for _ in range(FIRST_PATIENCE * len(LEVELS)):
        course = next_course(course, [GOOD])
        steps.append(course.step)

    assert steps[: FIRST_PATIENCE - 1] == [len(LEVELS) - 1] * (FIRST_PATIENCE - 1)
    assert steps[-1] == 0
    assert all(0 <= before - after <= 1 for before, after in pairwise(steps))


@given(limit=st.integers(0, len(LEVELS) - 1), windows=st.integers(1, 2000))
def test_a_viewer_at_its_limit_does_not_make_it_pump(limit: int, windows: int):
    """It keeps up at `limit` and below, and not one step above."""
    course, changes = Course(), 0
    for _ in range(windows):
        following = next_course(course, [GOOD if course.step >= limit else SLOW])
        changes += following.step != course.step
        course = following

    tries = 5 + windows / LONGEST_PATIENCE  # the patience doubles until it is longest
    assert changes <= limit + 2 * tries
    assert abs(course.step - limit) <= max(limit, 1)


@given(COURSES, st.lists(st.lists(WINDOWS, max_size=8), max_size=50))
def test_whatever_viewers_report_it_stays_within_bounds_and_moves_one_step_at_a_time(
    course: Course, reports: list[list[ViewerWindow]]
):
    for windows in reports:
        following = next_course(course, windows)
        assert abs(following.step - course.step) <= 1
        assert 0 <= following.step < len(LEVELS)
        assert FIRST_PATIENCE <= following.patience <= LONGEST_PATIENCE
        course = following


@given(COURSES, st.lists(WINDOWS, min_size=1, max_size=12), st.data())
def test_a_viewer_that_does_worse_never_makes_the_picture_better(
    course: Course, windows: list[ViewerWindow], data: st.DataObject
):
    place = data.draw(st.integers(0, len(windows) - 1))
    more = data.draw(st.integers(0, 100))
    worse = list(windows)
    worse[place] = replace(windows[place], dropped=windows[place].dropped + more)

    assert next_course(course, worse).step >= next_course(course, windows).step


@given(st.integers(3, 100), st.integers(1, 100))
def test_one_bad_viewer_of_three_or_more_never_lowers_it_for_everybody(viewers: int, windows: int):
    course = Course()
    for _ in range(windows):
        course = next_course(course, [SLOW] + [GOOD] * (viewers - 1))

    assert course.step == 0


def test_a_viewer_that_stays_slow_is_advised_to_take_less_and_one_slow_moment_is_forgiven():
    slow_windows = 0
    for window in (SLOW, SLOW, GOOD, SLOW, SLOW):
        slow_windows = slow_in_a_row(slow_windows, window)
        assert not is_advised_light(slow_windows)

    assert is_advised_light(slow_in_a_row(slow_windows, SLOW))
    assert ADVISED_AFTER == 3
