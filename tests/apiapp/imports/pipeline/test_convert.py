import json
import math
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.pipeline.convert import (
    CONVERTERS,
    DECIMAL_LIMIT_CHARS,
    BadBytes,
    BadCell,
    convert_cell,
    convert_column,
)

OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_integer_of_64_bits_is_taken(number: int) -> None:
    assert convert_cell("integer", str(number)) == str(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9))
def test_a_decimal_keeps_every_digit(number: Decimal) -> None:
    assert convert_cell("decimal", format(number, "f")) == format(number, "f")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_same_float(number: float) -> None:
    assert float(convert_cell("float", repr(number))) == number


@given(st.dates())
def test_every_date_is_taken(day: date) -> None:
    assert convert_cell("date", day.isoformat()) == day.isoformat()


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS | st.just(UTC)))  # noqa: DTZ001
def test_a_moment_with_an_offset_is_the_same_moment_in_utc(moment: datetime) -> None:
    converted = convert_cell("timestamp", moment.isoformat())

    assert datetime.fromisoformat(converted).replace(tzinfo=UTC) == moment


@given(st.uuids())
def test_a_uuid_is_taken_however_it_is_written(value: uuid.UUID) -> None:
    for written in (str(value), value.hex, str(value).upper()):
        assert convert_cell("uuid", written) == str(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_is_kept_letter_by_letter(value: Any) -> None:
    for written in (json.dumps(value, ensure_ascii=False), json.dumps(value)):
        if "\\u0000" not in json.dumps(value) and "\\ud" not in json.dumps(value):
            assert convert_cell("json", written) == written


@pytest.mark.parametrize(
    ("type_", "cell", "form"),
    [
        ("text", " 007 ", " 007 "),
        ("text", "TRUE", "TRUE"),
        ("integer", "007", "7"),
        ("integer", "+5", "5"),
        ("integer", "-0", "0"),
        ("integer", " 12 ", "12"),
        ("integer", "0" * 5000 + "1", "1"),
        ("decimal", "+1.50", "1.50"),
        ("decimal", ".5", ".5"),
        ("decimal", "5.", "5"),
        ("float", "1e5", "100000.0"),
        ("float", "1E-400", "0.0"),
        ("boolean", "True", "1"),
        ("boolean", "yes", "1"),
        ("boolean", "F", "0"),
        ("boolean", "0", "0"),
        ("timestamp", "2026-01-31", "2026-01-31 00:00:00"),
        ("timestamp", "2026-01-31T23:59", "2026-01-31 23:59:00"),
        ("timestamp", "2026-01-31t23:59:59z", "2026-01-31 23:59:59"),
        ("timestamp", "2026-01-31 23:59:59.5", "2026-01-31 23:59:59.500000"),
        ("timestamp", "2026-01-31 23:59:59.000000", "2026-01-31 23:59:59"),
        ("timestamp", "2026-01-31 23:59:59.123456000", "2026-01-31 23:59:59.123456"),
        ("timestamp", "2026-01-31 23:59:59 +02:00", "2026-01-31 21:59:59"),
        ("timestamp", "2026-01-31 23:59:59-0530", "2026-02-01 05:29:59"),
        ("json", ' {"a": 1.10} ', '{"a": 1.10}'),
        *((type_, "", "") for type_ in CONVERTERS),
        *((type_, "  ", "") for type_ in CONVERTERS if type_ != "text"),
    ],
)
def test_a_cell_has_one_form(type_: str, cell: str, form: str) -> None:
    assert convert_cell(type_, cell) == form


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        ("text", "a\0b"),
        ("text", "caf\udce9"),
        ("integer", "1_000"),
        ("integer", "1,000"),
        ("integer", "1.0"),
        ("integer", "１２"),
        ("integer", "٣"),
        ("integer", "0x1f"),
        ("integer", "--1"),
        ("integer", "-"),
        ("integer", "9223372036854775808"),
        ("integer", "-9223372036854775809"),
        ("integer", "9" * 100_000),
        ("decimal", "1e5"),
        ("decimal", "1.2.3"),
        ("decimal", "."),
        ("decimal", "NaN"),
        ("decimal", "1" * (DECIMAL_LIMIT_CHARS + 1)),
        ("float", "inf"),
        ("float", "nan"),
        ("float", "1e400"),
        ("float", "0x1p3"),
        ("float", "1_0.5"),
        ("boolean", "2"),
        ("boolean", "wahr"),
        ("date", "2026-02-30"),
        ("date", "2026-2-3"),
        ("date", "20260203"),
        ("date", "2026-W01-1"),
        ("date", "0000-01-01"),
        ("date", "2026-01-31 10:00"),
        ("timestamp", "2026-01-31 24:00:00"),
        ("timestamp", "2026-01-31 23:59:60"),
        ("timestamp", "2026-01-31 23:59:59.1234567"),
        ("timestamp", "2026-01-31 23:59:59+24:00"),
        ("timestamp", "9999-12-31 23:59:59-01:00"),
        ("timestamp", "0001-01-01 00:00:00+01:00"),
        ("timestamp", "1700000000"),
        ("uuid", "0f8fad5b-d9cb-469f-a165-70867728950"),
        ("uuid", "{0f8fad5b-d9cb-469f-a165-70867728950e}"),
        ("json", "{'a': 1}"),
        ("json", "NaN"),
        ("json", "1e999"),
        ("json", "1e-999"),
        ("json", r'"\u0000"'),
        ("json", r'{"\ud800": 1}'),
        ("json", "[" * 101 + "]" * 101),
        ("json", "[" * 100_000),
        ("json", "9" * 5000),
    ],
)
def test_a_cell_that_says_something_else_is_refused_alone_and_in_a_column(
    type_: str, cell: str
) -> None:
    good = next(form for form in ("1", "2026-01-31", str(uuid.UUID(int=1))) if takes(type_, form))

    values, bad = convert_column(type_, [good, cell, good, ""])

    assert [index for index, _ in bad] == [1]
    assert values[1] == ""
    assert values[0] == values[2] == convert_cell(type_, good)
    with pytest.raises(BadCell):
        convert_cell(type_, cell)


def takes(type_: str, cell: str) -> bool:
    try:
        return bool(convert_cell(type_, cell))
    except BadCell:
        return False


def test_what_is_no_text_is_told_apart_from_a_wrong_value() -> None:
    with pytest.raises(BadBytes, match="0xE9"):
        convert_cell("integer", "\udce9")


CELLS = st.text(
    st.sampled_from("0123456789.-+eETtZz:/ \naflsyno{}[]\"',\0é\udce9"), max_size=12
) | st.sampled_from(
    ["12", "-7", "1.5", "1e5", "2026-01-31", "2026-01-31 10:00:00", "2026-01-31T10:00:00Z"]
)


@given(type_=st.sampled_from(list(CONVERTERS)), cells=st.lists(CELLS, max_size=6))
def test_a_whole_column_is_converted_as_its_cells_are(type_: str, cells: list[str]) -> None:
    values, bad = convert_column(type_, cells)

    refused = dict(bad)
    for index, cell in enumerate(cells):
        if index in refused:
            assert not takes(type_, cell)
        else:
            assert same(type_, values[index], convert_cell(type_, cell))


def same(type_: str, one: str, other: str) -> bool:
    """Numbers may be written differently: the databases read them."""
    if one and other and type_ in ("integer", "decimal", "float"):
        return math.isclose(float(one), float(other), rel_tol=0.0)
    return one == other


@given(type_=st.sampled_from(list(CONVERTERS)), cell=CELLS)
def test_a_form_is_its_own_form(type_: str, cell: str) -> None:
    if takes(type_, cell):
        form = convert_cell(type_, cell)

        assert convert_cell(type_, form) == form
