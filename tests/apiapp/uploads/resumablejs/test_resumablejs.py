from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.http.errors import BadParameter
from apiapp.uploads.errors import BadChecksum
from apiapp.uploads.resumablejs import ToldChunk, parse_chunk
from tests.apiapp.uploads.resumablejs.told import chunks_of

TOLD = next(chunks_of(b"x" * 25, chunk_size=10))[0]


@given(
    size=st.integers(0, 300),
    chunk_size=st.integers(1, 100),
    force=st.booleans(),
    prefix=st.sampled_from(["resumable", "flow"]),
    name=st.text(min_size=1, max_size=50),
)
def test_however_a_client_cuts_a_file_its_chunks_lie_side_by_side(
    size: int, chunk_size: int, force: bool, prefix: str, name: str
):
    cut = chunks_of(b"x" * size, chunk_size=chunk_size, force=force, prefix=prefix, name=name)
    told = [parse_chunk(parameters) for parameters, _ in cut]

    ends = [each.index * each.chunk_size + (each.length_bytes or 0) for each in told]
    assert [each.index * each.chunk_size for each in told] == [0, *ends[:-1]]
    assert ends[-1] == size
    assert {each.total_chunks for each in told} == {len(told)}
    assert len({each.file_key for each in told}) == 1
    assert {each.filename for each in told} == {name}


@given(
    st.dictionaries(
        st.sampled_from([*TOLD, *(name.replace("resumable", "flow") for name in TOLD), "md5"]),
        st.text(max_size=20) | st.integers().map(str),
    )
)
def test_whatever_is_said_is_understood_or_refused(fields: dict[str, str]):
    try:
        told = parse_chunk(fields)
    except (BadParameter, BadChecksum):
        return
    assert 0 <= told.index < told.total_chunks


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resumableChunkNumber", "0"),
        ("resumableChunkNumber", "3"),  # of two: the last is longer
        ("resumableChunkNumber", "+1"),
        ("resumableChunkNumber", "1_0"),
        ("resumableChunkNumber", "１"),
        ("resumableChunkNumber", "1.0"),
        ("resumableChunkNumber", ""),
        ("resumableChunkSize", "0"),
        ("resumableChunkSize", "-10"),
        ("resumableTotalSize", "9" * 16),
        ("resumableTotalSize", "NaN"),
        ("resumableTotalChunks", "4"),
        ("resumableTotalChunks", "0"),
        ("resumableCurrentChunkSize", "all"),
        ("resumableIdentifier", ""),
        ("resumableIdentifier", "x" * 4097),
        ("resumableFilename", ""),
    ],
)
def test_a_parameter_that_cannot_be_meant_so_is_refused_by_its_name(name: str, value: str):
    with pytest.raises(BadParameter) as caught:
        parse_chunk({**TOLD, name: value})

    assert caught.value.parameter == name


@pytest.mark.parametrize("name", [name for name in TOLD if "Identifier" not in name])
def test_what_is_not_needed_may_be_left_out(name: str):
    fields = {key: value for key, value in TOLD.items() if key != name}
    optional = ("resumableRelativePath", "resumableTotalChunks", "resumableCurrentChunkSize")

    if name in optional:
        assert parse_chunk(fields).total_chunks == 2
    else:
        with pytest.raises(BadParameter) as caught:
            parse_chunk(fields)
        assert caught.value.parameter == name


def test_who_names_no_identifier_is_told_both_names():
    with pytest.raises(BadParameter, match="resumableIdentifier or flowIdentifier: it is missing"):
        parse_chunk({})


@pytest.mark.parametrize(
    "other",
    [
        {"resumableIdentifier": "y"},
        {"resumableFilename": "数据.csv"},  # of such names the clients make one identifier
        {"resumableRelativePath": "b/cars.csv"},
        {"resumableTotalSize": "24"},
        {"resumableChunkSize": "9"},
        {"resumableTotalChunks": "3"},  # forceChunkSize
        {"md5": "0" * 32},
        {"sha256": "0" * 64},
    ],
)
def test_chunks_of_which_anything_else_is_said_are_of_another_file(other: dict[str, str]):
    def key(**said: Any) -> str:
        told: ToldChunk = parse_chunk({**TOLD, **said})
        return told.file_key

    assert key(**other) != key()
    assert key(resumableChunkNumber="2", resumableCurrentChunkSize="15") == key()


def test_checksums_have_to_be_some():
    with pytest.raises(BadChecksum):
        parse_chunk({**TOLD, "sha256": "0" * 32})
