"""Structured field values, as RFC 9651 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads import structured

NUMBERS = st.integers(0, structured.MAX_INTEGER)
KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]*", fullmatch=True)


@pytest.mark.parametrize("field", ["5", " 5 ", "005", "5;a;b=1", "-0", "999999999999999"])
def test_whole_numbers_are_read(field: str):
    assert structured.number(field) == int(field.partition(";")[0])


@pytest.mark.parametrize(
    "field",
    ["", "+5", "-5", "5.0", "0x5", "1_0", "5,", "5 6", "5, 5", '"5"', "?1", "x", "\t5", "\x005"]
    + ["1000000000000000", "5;", "5;A", "٣".encode().decode("latin-1"), ":BQ==:", "(5)", "@5"],
)
def test_what_is_no_whole_number_is_none(field: str):
    assert structured.number(field) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("?1", True), ("?0", False), ("?1;a=2", True), ("1", None), ("?2", None), ("? 1", None)]
    + [("true", None), ("?1?1", None), ("", None)],
)
def test_booleans_are_read(field: str, value: bool | None):
    assert structured.boolean(field) is value


def test_of_a_key_that_comes_twice_the_last_counts():
    assert structured.dictionary("a=1, b;x=2, a=:AAE=:, c=(1 2)") == {
        "a": b"\0\1",
        "b": True,
        "c": [(1, {}), (2, {})],
    }


@pytest.mark.parametrize("field", ["a=1,", "A=1", "a=:?:", "a==1", "a b", "é=1", ",", "a=1;;"])
def test_what_is_no_dictionary_is_none(field: str):
    assert structured.dictionary(field) is None


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_comes_is_read_or_passed_over(field: str):
    structured.dictionary(field)
    assert structured.boolean(field) in (True, False, None)
    number = structured.number(field)
    assert number is None or 0 <= number <= structured.MAX_INTEGER


@given(NUMBERS, st.booleans(), st.dictionaries(KEYS, NUMBERS))
def test_what_is_written_can_be_read(number: int, is_so: bool, members: dict[str, int]):
    assert structured.number(str(number)) == number
    assert structured.boolean(structured.of_boolean(is_so)) is is_so
    if members:
        assert structured.dictionary(structured.of_dictionary(members)) == members


@given(st.binary())
def test_bytes_are_written_and_read(value: bytes):
    assert structured.item(structured.of_bytes(value)) == value
