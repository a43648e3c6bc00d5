import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apiapp.uploads.content_ranges import MAX_RANGES, ByteRange, ranges_in
from apiapp.uploads.errors import RangeNotSatisfiable

numbers = st.integers(0, 40).map(str) | st.sampled_from(["007", "9" * 30, str(2**64)])
spec = st.one_of(
    st.tuples(numbers, numbers),
    st.tuples(numbers, st.just("")),
    st.tuples(st.just(""), numbers),
)


def bytes_of(first: str, last: str, size: int) -> list[int]:
    """The positions that a range means, by the words of RFC 9110, section 14.1.2."""
    positions = range(size)
    if not first:
        return list(positions[max(0, size - int(last)) :])
    return [at for at in positions if at >= int(first) and (not last or at <= int(last))]


@given(specs=st.lists(spec, min_size=1, max_size=4), size=st.integers(0, 30))
def test_what_is_answered_is_what_was_asked_for(specs: list[tuple[str, str]], size: int):
    header = "bytes=" + ", ".join(f"{first}-{last}" for first, last in specs)
    is_wrong = any(first and last and int(first) > int(last) for first, last in specs)
    wanted = [positions for each in specs if (positions := bytes_of(*each, size))]
    every = [at for positions in wanted for at in positions]

    if is_wrong or not size or len(set(every)) < len(every):
        assert ranges_in(header, size=size) == []  # the whole file
    elif not wanted:
        with pytest.raises(RangeNotSatisfiable) as caught:
            ranges_in(header, size=size)
        assert caught.value.headers == {"Content-Range": f"bytes */{size}"}
    else:
        found = ranges_in(header, size=size)
        assert [list(range(each.offset, each.end)) for each in found] == wanted


@given(header=st.text(max_size=60) | st.text("bytes=-0123, ", max_size=40), size=st.integers(0, 99))
@example("bytes=" + "0-0," * 5000, 10)
@example("bytes=" + "9" * 10_000 + "-", 10)
@example("bytes=0-" + "9" * 10_000, 10)
def test_whatever_is_asked_the_answer_is_of_the_file_and_never_longer(header: str, size: int):
    try:
        found = ranges_in(header, size=size)
    except RangeNotSatisfiable:
        return
    assert sum(each.length for each in found) <= size
    assert all(each.length > 0 and each.end <= size for each in found)


@pytest.mark.parametrize(
    "header",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes= - ", "bytes=a-b", "bytes=0", "bytes=5-4", "bytes=--5",
        "bytes=+1-2", "bytes=1 - 2", "bytes=1_0-20", "bytes=０-1", "bytes=0-1;2-3", "bytes=0-0x5",
        "bytes=0-1,5-4", "bytes=0-1 2-3", "items=0-1", "bytes:0-1", "bytes=0-1,bytes=2-3",
        "bytes=0-5,5-9", "bytes=0-,0-", "bytes=-1,-1", "bytes=" + ",".join("0-0" for _ in range(MAX_RANGES + 1)),
    ],
)  # fmt: skip
def test_nonsense_and_what_overlaps_is_answered_with_the_whole_file(header: str):
    assert ranges_in(header, size=10) == []


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=9-", [(9, 1)]),
        ("bytes=0-99999999999999999999999", [(0, 10)]),
        ("bytes=-3", [(7, 3)]),
        ("bytes=-30", [(0, 10)]),
        ("BYTES=0-1", [(0, 2)]),
        ("bytes= 0-1 ,\t4-5 ,, ", [(0, 2), (4, 2)]),
        ("bytes=8-9,0-1", [(8, 2), (0, 2)]),  # in the order in which they were asked for
        ("bytes=0-1,10-", [(0, 2)]),
        ("bytes=0-1,-0", [(0, 2)]),
    ],
)
def test_ranges_are_read_as_the_standard_has_them(header: str, wanted: list[tuple[int, int]]):
    assert ranges_in(header, size=10) == [ByteRange(*each) for each in wanted]


@pytest.mark.parametrize(
    "header", ["bytes=10-", "bytes=10-20,30-", "bytes=-0", f"bytes={'9' * 99}-"]
)
def test_ranges_without_a_byte_are_refused(header: str):
    with pytest.raises(RangeNotSatisfiable):
        ranges_in(header, size=10)


def test_a_range_is_told_as_content_range_has_it():
    assert ByteRange(2, 3).content_range(size=10) == "bytes 2-4/10"
