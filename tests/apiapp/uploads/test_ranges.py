from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads.ranges import count_in, gaps_of, indexes_in, ranges_of


@given(st.sets(st.integers(0, 60)))
def test_ranges_and_gaps_together_are_every_index_once(indexes: set[int]):
    ranges = ranges_of(sorted(indexes))
    gaps = gaps_of(ranges, total=61)

    assert list(indexes_in(ranges)) == sorted(indexes)
    assert list(indexes_in(gaps)) == sorted(set(range(61)) - indexes)
    assert count_in(ranges) + count_in(gaps) == 61


@given(st.sets(st.integers(0, 60)))
def test_ranges_never_touch(indexes: set[int]):
    ranges = ranges_of(sorted(indexes))

    assert all(left[1] + 1 < right[0] for left, right in zip(ranges, ranges[1:], strict=False))


def test_no_chunks_have_no_gaps():
    assert gaps_of([], total=0) == []
