"""Durations, counted in buckets from which quantiles of any range of time can be told.  Plain Python.

The bounds are log-linear: every number of two digits times a power of ten, in microseconds.  A bucket
is at most a tenth as wide as what it holds, and bounds that people name (0.025 s, 1 s) are among
them, so what is said of those is exact.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

US_PER_S = 1_000_000
DECADES = 8  # 10 µs to 990 s; the last bucket has what took longer
BOUNDS_US = tuple(digits * 10**power for power in range(DECADES) for digits in range(10, 100))

# Index -> how many took longer than the bound before, and no longer than this one.
Buckets = dict[int, int]


def bucket_of(duration_us: int) -> int:
    """The index of the first bound that is not below; len(BOUNDS_US): there is none."""
    return bisect_left(BOUNDS_US, duration_us)


def add(buckets: Buckets, more: Mapping[int, int]) -> None:
    for index, count in more.items():
        buckets[index] = buckets.get(index, 0) + count


def quantile_s(buckets: Mapping[int, int], share: float) -> float | None:
    """What `share` (0 to 1) of all took at most, in seconds; None: there were none.

    Off by no more than the width of its bucket; what took longer than all bounds counts as the last.
    """
    left = share * sum(buckets.values())
    for index in sorted(buckets):
        count = buckets[index]
        if left <= count:
            return within(index, left / count)
        left -= count
    return None


def within(index: int, share: float) -> float:
    """The duration at `share` of the way through a bucket, in seconds."""
    last = len(BOUNDS_US) - 1
    if index > last:
        return BOUNDS_US[last] / US_PER_S
    low_us = BOUNDS_US[index - 1] if index else 0
    return (low_us + share * (BOUNDS_US[index] - low_us)) / US_PER_S


def counts_below(buckets: Mapping[int, int], bounds_us: Iterable[int]) -> list[int]:
    """How many took no longer than each of the bounds, which are some of BOUNDS_US."""
    pairs = sorted(buckets.items())
    counts, count, at = [], 0, 0
    for bound_us in bounds_us:
        last = bucket_of(bound_us)
        while at < len(pairs) and pairs[at][0] <= last:
            count += pairs[at][1]
            at += 1
        counts.append(count)
    return counts
