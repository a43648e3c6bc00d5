import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.pipeline.convert import convert_column
from apiapp.imports.pipeline.infer import Evidence
from apiapp.imports.pipeline.local_forms import NUMBER_FORMS, fits, number_evidence
from apiapp.imports.pipeline.seen_cells import SeenCells


def told(cells: list[str], **asked: str) -> tuple[str, str]:
    evidence = Evidence(**asked)
    evidence.add(SeenCells(cells))
    return evidence.local_type()


@pytest.mark.parametrize(
    ("cells", "type_", "form", "values"),
    [
        (["1.234,56", "-0,5"], "decimal", ",.", ["1234.56", "-0.5"]),
        (["1,234.56", "12"], "decimal", ".,", ["1234.56", "12"]),
        (["1 234,56", "7"], "decimal", ", ", ["1234.56", "7"]),
        (["1\u00a0234\u00a0567", "12"], "integer", ", ", ["1234567", "12"]),
        (["1'234.50", "1'000'000.25"], "decimal", ".'", ["1234.50", "1000000.25"]),
        (["1234,5", "0,25"], "decimal", ",", ["1234.5", "0.25"]),
        (["1.234.567", "1.234"], "integer", ",.", ["1234567", "1234"]),
        (["1,234,567", "12,345"], "integer", ".,", ["1234567", "12345"]),
        (["31.12.2025", "1.2.2026"], "date", "dmy", ["2025-12-31", "2026-02-01"]),
        (["12/31/2025", "01/02/2026"], "date", "mdy", ["2025-12-31", "2026-01-02"]),
        (["31/12/2025", "01/02/2026"], "date", "dmy", ["2025-12-31", "2026-02-01"]),
        (["2012/01/01", "2012/1/31"], "date", "ymd", ["2012-01-01", "2012-01-31"]),
        (
            ["31.12.2025 23:59", "1.1.2026 00:00:07"],
            "timestamp",
            "dmy",
            ["2025-12-31 23:59:00", "2026-01-01 00:00:07"],
        ),
        (
            ["12/31/2025 11:59 PM", "1/1/2026 12:00 AM"],
            "timestamp",
            "mdy",
            ["2025-12-31 23:59:00", "2026-01-01 00:00:00"],
        ),
    ],
)
def test_local_numbers_and_dates_are_told_by_the_whole_column_and_converted(
    cells: list[str], type_: str, form: str, values: list[str]
) -> None:
    assert told(cells) == (type_, form)
    assert convert_column(type_, cells, form) == (values, [])


@pytest.mark.parametrize(
    "cells",
    [
        ["01/02/2025", "03/04/2025"],  # two orders fit
        ["1,234", "5,678"],  # thousands, or fractions
        ["31/12/2025", "12/31/2025"],  # no order fits
        ["0.123,4"],
        ["007,5"],
        ["1,2,3"],
        ["9" * 5000],  # fits no integer, whatever the marks
        ["9223372036854775808"],
        ["1.234.567.890.123.456.789", "0,5"],
        [f"0,{'5' * 1000}"],
    ],
)
def test_what_could_be_read_in_two_ways_or_in_none_stays_text(cells: list[str]) -> None:
    assert told(cells) == ("text", "")


def test_what_is_asked_decides_what_the_cells_do_not() -> None:
    assert told(["01/02/2025"], date_order="mdy") == ("date", "mdy")
    assert told(["1,234", "5,678"], decimal_mark=",") == ("decimal", ",.")
    assert told(["1,234", "5,678"], decimal_mark=".") == ("integer", ".,")


@pytest.mark.parametrize(
    ("type_", "form", "cell"),
    [
        ("decimal", ",.", "1.5"),
        ("decimal", ".,", "1,5"),
        ("integer", ",.", "1,5"),
        ("integer", ",", "9" * 5000),
        ("date", "dmy", "12/31/2025"),
        ("date", "dmy", "31.02.2025"),
        ("date", "dmy", "2025-12-31"),
    ],
)
def test_a_cell_that_contradicts_the_form_of_its_column_is_refused(
    type_: str, form: str, cell: str
) -> None:
    values, bad = convert_column(type_, [cell], form)

    assert values == [""]
    assert [index for index, _ in bad] == [0]


def test_a_form_changes_nothing_in_a_column_of_text() -> None:
    cells = ["007", "1e5", "TRUE", " a ", "1.234,5"]

    assert convert_column("text", cells, ",.") == (cells, [])


PLAIN = st.from_regex(r"\A-?(0|[1-9][0-9]{0,5})?(\.[0-9]{1,3})?\Z")


@pytest.mark.parametrize("form", NUMBER_FORMS)
@given(cells=st.lists(PLAIN.filter(lambda cell: cell.strip("-")), min_size=1, max_size=4))
def test_what_plain_numbers_say_of_a_form_is_what_its_pattern_says(
    form: str, cells: list[str]
) -> None:
    evidence = number_evidence(form)

    assert fits(form, evidence, SeenCells(cells)) == evidence(cells)
