"""When pictures are due."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.core.pacing import NS_PER_S, Pace, frame_due_ns

RATES = st.floats(min_value=0.5, max_value=240)
MS = 1_000_000


def test_an_hour_of_frames_ends_on_the_hour():
    assert frame_due_ns(started_ns=5, sequence=3600 * 30, rate_fps=30.0) == 5 + 3600 * NS_PER_S


def test_frames_on_time_are_all_due():
    pace = Pace(started_ns=0, rate_fps=10)

    dues = [pace.next_due_ns(now) for now in (0, 3 * MS, 103 * MS, 203 * MS)]

    assert dues == [0, 100 * MS, 200 * MS, 300 * MS]
    assert pace.skipped == 0


def test_late_frames_are_skipped_and_the_newest_is_due_at_once():
    pace = Pace(started_ns=0, rate_fps=10)
    pace.next_due_ns(0)

    due = pace.next_due_ns(750 * MS)

    assert due == 700 * MS
    assert pace.next_due_ns(751 * MS) == 800 * MS
    assert pace.skipped == 6


@given(rate_fps=RATES, waits_ns=st.lists(st.integers(0, 3 * NS_PER_S), max_size=60))
def test_the_next_frame_is_never_in_the_past_twice_and_never_more_than_one_ahead(
    rate_fps: float, waits_ns: list[int]
):
    pace = Pace(started_ns=0, rate_fps=rate_fps)
    interval_ns = NS_PER_S / rate_fps
    now_ns, last_ns = 0, -1

    for wait_ns in waits_ns:
        due_ns = pace.next_due_ns(now_ns)

        assert due_ns > last_ns
        assert now_ns - interval_ns - 2 <= due_ns <= max(now_ns, last_ns) + interval_ns + 2
        last_ns = due_ns
        now_ns = max(now_ns, due_ns) + wait_ns
