import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads import tus
from apiapp.uploads.errors import BadChecksum, BadHeader, WrongBodyType, WrongTusVersion

ID = "0123456789abcdef" * 2
KEYS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(st.dictionaries(KEYS, st.text()))
def test_metadata_is_read_as_it_was_written(metadata: dict[str, str]):
    header = ",".join(f"{key} {encoded(value)}" for key, value in metadata.items())

    assert tus.parse_metadata(header) == metadata


@given(st.text())
def test_whatever_is_sent_as_metadata_is_read_or_refused(header: str):
    try:
        metadata = tus.parse_metadata(header)
    except BadHeader:
        return
    assert all(key for key in metadata)


def test_a_key_alone_has_the_empty_value():
    assert tus.parse_metadata("is_draft,name YQ==, other ") == {
        "is_draft": "",
        "name": "a",
        "other": "",
    }


@pytest.mark.parametrize(
    "header", ["a YQ==,a Yg==", "a YQ==,,b Yg==", "é YQ==", "a Y", "a /w==", ","]
)
def test_metadata_with_a_key_twice_or_a_value_that_is_no_text_is_refused(header: str):
    with pytest.raises(BadHeader, match="Upload-Metadata"):
        tus.parse_metadata(header)


@given(st.integers(0, tus.MAX_NUMBER))
def test_a_number_is_read(number: int):
    assert tus.parse_number("Upload-Offset", str(number)) == number
    assert tus.parse_number("Upload-Offset", f"00{number}"[-19:]) == int(f"00{number}"[-19:])


@given(st.text())
def test_whatever_is_sent_as_a_number_is_digits_or_refused(text: str):
    try:
        number = tus.parse_number("Upload-Offset", text)
    except BadHeader:
        return
    assert text.isascii() and text.isdigit()
    assert 0 <= number <= tus.MAX_NUMBER


@pytest.mark.parametrize("text", ["", "+5", "-1", "1_000", "٣", " 1", "1 ", "0x1", str(2**63)])
def test_what_looks_like_a_number_only_is_refused(text: str):
    with pytest.raises(BadHeader, match="Upload-Length"):
        tus.parse_number("Upload-Length", text)


def test_a_length_is_told_now_or_later_but_not_both():
    assert tus.parse_length("5", "") == 5
    assert tus.parse_length("", "1") is None
    for length, later in [("", ""), ("5", "1"), ("", "2"), ("", "true")]:
        with pytest.raises(BadHeader):
            tus.parse_length(length, later)


def test_the_version_and_the_type_of_bodies_are_exact():
    tus.require_version("1.0.0")
    for got in ("", "1.0", "0.2.2", "1.0.0 "):
        with pytest.raises(WrongTusVersion):
            tus.require_version(got)
    tus.require_body_type("Application/Offset+Octet-Stream; charset=utf-8")
    for got in ("", "application/octet-stream", "application/offset+octet-streams"):
        with pytest.raises(WrongBodyType):
            tus.require_body_type(got)


@given(st.binary())
def test_a_checksum_judges_the_body(body: bytes):
    for algorithm in ("sha1", "sha256", "md5"):
        told = base64.b64encode(hashlib.new(algorithm, body).digest()).decode()
        digest = tus.parse_checksum(f"{algorithm} {told}")
        assert digest
        digest.update(body)
        assert digest.matches()
        digest.update(b"more")
        assert not digest.matches()


@pytest.mark.parametrize(
    "header", ["sha1", "sha1 ", "sha1 ?", "SHA1 YQ==", "sha512 YQ==", "sha1  YQ=="]
)
def test_a_checksum_that_cannot_be_read_is_refused_or_matches_nothing(header: str):
    try:
        digest = tus.parse_checksum(header)
    except BadHeader as error:
        assert "Upload-Checksum" in str(error)
    else:
        assert digest and not digest.matches()


def test_a_file_is_named_by_either_key_and_its_digests_are_heeded():
    assert tus.filename_in({"name": "b", "filename": "a"}) == "a"
    assert tus.filename_in({"name": "b", "filename": ""}) == "b"
    assert tus.filename_in({}) == ""
    assert tus.digests_in({"md5": "A" * 32}) == ("a" * 32, "")
    with pytest.raises(BadChecksum):
        tus.digests_in({"sha256": "a" * 32})


@pytest.mark.parametrize(
    "url", [f"/api/tus/{ID}", f"https://sluice.example/api/tus/{ID}/", f"/behind/api/tus/{ID}"]
)
def test_parts_are_named_by_url_with_or_without_a_host(url: str):
    concat = tus.parse_concat(f"final;{url} {url}")

    assert concat.part_ids == (ID, ID)
    assert concat.is_final
    assert not concat.is_partial


def test_a_partial_upload_and_an_ordinary_one_have_no_parts():
    assert tus.parse_concat("partial").is_partial
    assert tus.parse_concat("") == tus.Concat()


@pytest.mark.parametrize(
    "header", ["final", "final;", "final; ", "Partial", "final;/api/uploads/1", "final;http://["]
)
def test_other_ways_to_name_parts_are_refused(header: str):
    with pytest.raises(BadHeader, match="Upload-Concat"):
        tus.parse_concat(header)


@given(st.text())
def test_whatever_is_sent_as_parts_is_read_or_refused(header: str):
    with suppress(BadHeader):
        assert all(tus.parse_concat(f"final;{header}").part_ids)
