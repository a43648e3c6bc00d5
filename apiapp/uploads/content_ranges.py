"""The Range header (RFC 9110, section 14), of bytes.

What is no range at all is as if it had not been sent, as section 14.2 allows: the answer is the
whole file, which every client must be able to take.  So are many ranges, and such that overlap: to
ask for the same bytes again and again would make a long answer of a short question.
"""

import re
from dataclasses import dataclass

from apiapp.uploads.errors import RangeNotSatisfiable

UNIT = "bytes"
MAX_RANGES = 16
# Digits beyond those of any file: the number is as good as endless, and costs nothing to read.
MAX_DIGITS = 18
ENDLESS = 10**MAX_DIGITS
RANGE_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
OWS = " \t"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `offset` on; never none."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def content_range(self, *, size: int) -> str:
        """The value of Content-Range (section 14.4)."""
        return f"{UNIT} {self.offset}-{self.end - 1}/{size}"


def ranges_in(header: str, *, size: int) -> list[ByteRange]:
    """The ranges that are asked for of `size` bytes, in the order of `header`.

    Empty: the whole is to be sent.  Raises RangeNotSatisfiable when none of them has a byte.
    """
    specs = specs_in(header)
    if not specs or not size:  # nothing can be said of a range in an empty file
        return []
    found = [each for first, last in specs if (each := within(first, last, size=size))]
    if not found:
        raise RangeNotSatisfiable(size_bytes=size)
    return [] if overlap(found) else found


def specs_in(header: str) -> list[tuple[str, str]]:
    """(first, last) of each range as they were written; empty: this is no Range of ours."""
    unit, _, listed = header.partition("=")
    if unit.strip(OWS).lower() != UNIT:
        return []
    # Empty elements of a list count for nothing: section 5.6.1.2.
    specs = [spec for each in listed.split(",") if (spec := each.strip(OWS))]
    if len(specs) > MAX_RANGES:
        return []
    matches = [RANGE_SPEC.fullmatch(spec) for spec in specs]
    pairs = [(match[1], match[2]) for match in matches if match]
    return pairs if len(pairs) == len(specs) and all(map(is_range, pairs)) else []


def is_range(spec: tuple[str, str]) -> bool:
    first, last = (digits.lstrip("0") for digits in spec)
    is_backward = all(spec) and (len(first), first) > (len(last), last)
    return any(spec) and not is_backward


def number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= MAX_DIGITS else ENDLESS


def within(first: str, last: str, *, size: int) -> ByteRange | None:
    """What there is of a range; None: nothing."""
    if not first:
        length = min(number(last), size)
        return ByteRange(size - length, length) if length else None
    offset = number(first)
    end = min(number(last) + 1, size) if last else size
    return ByteRange(offset, end - offset) if offset < size else None


def overlap(ranges: list[ByteRange]) -> bool:
    in_order = sorted(ranges, key=lambda each: each.offset)
    return any(one.end > next_.offset for one, next_ in zip(in_order, in_order[1:], strict=False))
