from hypothesis import given
from hypothesis import strategies as st

from apiapp.monitoring.durations import (
    BOUNDS_US,
    US_PER_S,
    Buckets,
    add,
    bucket_of,
    counts_below,
    quantile_s,
)

DURATIONS = st.lists(st.integers(min_value=11, max_value=BOUNDS_US[-1]), min_size=1, max_size=200)


def counted(durations_us: list[int]) -> Buckets:
    buckets: Buckets = {}
    for each in durations_us:
        add(buckets, {bucket_of(each): 1})
    return buckets


def true_quantile_us(durations_us: list[int], share: float) -> int:
    """The least of them that `share` of all do not exceed."""
    return next(
        each
        for each in sorted(durations_us)
        if sum(other <= each for other in durations_us) >= share * len(durations_us)
    )


@given(DURATIONS, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_off_by_a_tenth_at_most(durations_us: list[int], share: float):
    told_s = quantile_s(counted(durations_us), share)

    true_s = true_quantile_us(durations_us, share) / US_PER_S
    assert told_s is not None
    assert 0.9 * true_s <= told_s <= 1.1 * true_s


@given(DURATIONS, DURATIONS)
def test_two_histograms_added_are_the_histogram_of_both(some: list[int], others: list[int]):
    merged = counted(some)
    add(merged, counted(others))

    assert merged == counted(some + others)


@given(DURATIONS)
def test_what_took_no_longer_than_a_bound_is_counted_exactly(durations_us: list[int]):
    bounds_us = [25_000, US_PER_S, 5 * US_PER_S]

    assert counts_below(counted(durations_us), bounds_us) == [
        sum(each <= bound for each in durations_us) for bound in bounds_us
    ]


def test_of_nothing_there_is_no_quantile():
    assert quantile_s({}, 0.99) is None


def test_what_takes_longer_than_every_bound_is_not_lost():
    buckets = counted([10 * BOUNDS_US[-1]])

    assert sum(buckets.values()) == 1
    assert quantile_s(buckets, 0.5) == BOUNDS_US[-1] / US_PER_S
