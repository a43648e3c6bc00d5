"""Sets of chunk indexes, told in few words: `[first, last]`, both included."""

from collections.abc import Iterable, Iterator

Range = list[int]


def ranges_of(indexes: Iterable[int]) -> list[Range]:
    """The ranges of rising `indexes`."""
    ranges: list[Range] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ranges


def gaps_of(ranges: Iterable[Range], *, total: int) -> list[Range]:
    """What is missing in rising `ranges` of the indexes 0 to `total` - 1."""
    gaps: list[Range] = []
    expected = 0
    for first, last in ranges:
        if first > expected:
            gaps.append([expected, first - 1])
        expected = last + 1
    if expected < total:
        gaps.append([expected, total - 1])
    return gaps


def indexes_in(ranges: Iterable[Range]) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def count_in(ranges: Iterable[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)
