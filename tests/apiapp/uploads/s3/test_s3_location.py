import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apiapp.uploads.stores.s3_location import (
    MAX_FILE_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MIB,
    MIN_PART_BYTES,
    BadLocation,
    Location,
    parse_location,
    part_bytes_for,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://files", Location("files")),
        ("s3://files/", Location("files")),
        ("s3://my.files-1/sluice/up", Location("my.files-1", "sluice/up/")),
        ("s3://files/%E6%96%87%E4%BB%B6/", Location("files", "文件/")),
        ("s3://files/a%20b", Location("files", "a b/")),
        (
            "s3://files/x?endpoint=http://127.0.0.1:9000&region=eu-west-1&addressing=path&part_mib=64",
            Location("files", "x/", "http://127.0.0.1:9000", "eu-west-1", "path", 64 * MIB),
        ),
        (
            "s3://files?endpoint=https%3A%2F%2Fs3.example.org",
            Location("files", "", "https://s3.example.org"),
        ),
    ],
)
def test_a_url_says_where_files_are_to_be(url: str, expected: Location):
    assert parse_location(url) == expected


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("/var/files", "begin with s3://"),
        ("http://files/x", "begin with s3://"),
        ("s3:/files/x", "no name of a bucket"),
        ("s3://", "no name of a bucket"),
        ("s3://Files", "no name of a bucket"),
        ("s3://ab", "no name of a bucket"),
        ("s3://key:secret@files/x", "credentials"),
        ("s3://files:9000/x", "only a bucket"),
        ("s3://files:port/x", "cannot be read"),
        ("s3://[files/x", "cannot be read"),
        ("s3://files/x#y", "only a bucket"),
        ("s3://files/a//b", "cannot begin"),
        ("s3://files/../b", "cannot begin"),
        ("s3://files/a%00b", "cannot begin"),
        ("s3://files/a%0Ab", "cannot begin"),
        (f"s3://files/{'x' * 513}", "more than 512"),
        ("s3://files/x?endpont=http://h", "none of its options"),
        ("s3://files/x?region", "cannot be read"),
        ("s3://files/x?region=a&region=b", "twice"),
        ("s3://files/x?endpoint=minio:9000", "http(s)://"),
        ("s3://files/x?endpoint=http://", "http(s)://"),
        ("s3://files/x?endpoint=http://key@host", "http(s)://"),
        ("s3://files/x?endpoint=http://host/files", "http(s)://"),
        ("s3://files/x?endpoint=http://host:99999", "cannot be read"),
        ("s3://files/x?addressing=dns", "addressing"),
        ("s3://files/x?part_mib=4", "from 5 to 5120"),
        ("s3://files/x?part_mib=5121", "from 5 to 5120"),
        ("s3://files/x?part_mib=-8", "from 5 to 5120"),
        ("s3://files/x?part_mib=１６", "from 5 to 5120"),
    ],
)
def test_a_url_that_says_it_wrong_is_refused_in_words(url: str, told: str):
    with pytest.raises(BadLocation) as refused:
        parse_location(url)

    assert told in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str):
    for url in (text, f"s3://{text}", f"s3://files/{text}", f"s3://files?{text}"):
        try:
            location = parse_location(url)
        except BadLocation:
            continue
        assert location.prefix in ("", location.prefix.strip("/") + "/")


@given(
    size=st.integers(0, MAX_FILE_BYTES),
    wanted=st.integers(MIN_PART_BYTES // MIB, MAX_PART_BYTES // MIB).map(lambda mib: mib * MIB),
)
@example(size=MAX_FILE_BYTES, wanted=MIN_PART_BYTES)
@example(size=MAX_PARTS * MIN_PART_BYTES, wanted=MIN_PART_BYTES)
@example(size=MAX_PARTS * MIN_PART_BYTES + 1, wanted=MIN_PART_BYTES)
def test_no_file_of_up_to_5_tib_needs_more_parts_than_s3_takes(size: int, wanted: int):
    part_bytes = part_bytes_for(size, wanted_bytes=wanted)

    assert -(-size // part_bytes) <= MAX_PARTS
    assert max(wanted, MIN_PART_BYTES) <= part_bytes <= MAX_PART_BYTES
    if size <= wanted * MAX_PARTS:
        assert part_bytes == wanted
