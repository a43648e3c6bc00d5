"""The lane to PostgreSQL with numbers and dates in a form of their own: the same as in Python."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.convert import convert_column
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.framing import blocks_of
from apiapp.imports.pipeline.lanes.local_patterns import DATES, VALUES_BY_KIND
from apiapp.imports.pipeline.lanes.verbatim import VerbatimScanner
from apiapp.imports.pipeline.local_forms import DATE_ORDERS, NUMBER_FORMS
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS
from tests.apiapp.imports.loading import planned
from tests.apiapp.imports.test_lanes import HASTY, lane_of, loaded, outcome, written

# Of each type: what is written in the form, what is not, and what no form has.
NUMBERS = ["1{t}234{d}50", "0", "-7", "1234567", "12{t}345{t}678", "-1{t}234{t}567", "0{d}5", "007"]
NUMBERS += [
    "1{t}23",
    "1{d}234{t}5",
    "1e3",
    "+1",
    " 5 ",
    "",
    "{d}5",
    "5{d}",
    "--1",
    "nan",
    "1{t}234",
]
NUMBERS += [
    "999{t}999{t}999{t}999{t}999",
    "9{t}223{t}372{t}036{t}854{t}775{t}808",
    "-0",
    "1\u00a0234",
]
DAYS = ["{31}.{01}.2026", "{1}/{2}/2026", "{29}-{2}-2024", "{29}.{02}.2023", "{31}/{04}/2026"]
DAYS += [
    "{01}.{01}.0001",
    "{1}.{1}.0000",
    "{1}.{1}.99",
    "{3}-{4}/2026",
    "2026-01-31",
    "",
    " ",
    "today",
]
TIMES = [" 23:59:59", "T01:02:03", " 3:45 PM", " 12:00am", " 13:30 PM", " 24:00", " 7:05", "  8:00"]
TIMES += [" 1:02:03.5", " 01:02:03Z", " 1:02:60", "T", " 0:00 AM", " 23:59:59 +02:00"]
# Rows beside the odd ones: among many DuckDB has a look at these, and Python at once among more.
MANY, MORE = 400, 1500


@pytest.fixture
def on_postgresql(tables_gone_after: None) -> None:
    if connections[DATASETS].vendor != "postgresql":
        pytest.skip("this lane leads to PostgreSQL")


def day(text: str, order: str) -> str:
    """`text` names the day first, then month and year: the same in another order."""
    if "{" not in text:
        return text
    text = text.replace("{", "").replace("}", "")
    mark = next(each for each in "./-" if each in text)
    parts = dict(zip("dmy", text.split(mark, 2), strict=False))
    return mark.join(parts.get(part, "") for part in order)


def cells_of(type_: str, form: str) -> list[str]:
    if type_ not in DATES:
        return [each.format(d=form[0], t=form[1:]) for each in NUMBERS]
    days = [day(each, form) for each in DAYS]
    return days if type_ == "date" else [*days, *(days[0] + time for time in TIMES)]


def columns_of(order: str, form: str) -> list[dict[str, Any]]:
    """Skipped ones first, between others and last."""
    skipped = {"skip": True, "type": "text"}
    forms = {"date": order, "timestamp": order, "integer": form, "decimal": form, "float": form}
    typed = [{"type": type_, "form": form} for type_, form in forms.items()]
    return [skipped, skipped, *typed[:2], skipped, *typed[2:], {"type": "text"}, skipped]


def table_of(columns: list[dict[str, Any]], usual_rows: int) -> list[list[str]]:
    usual = [
        cells_of(each["type"], each["form"])[0] if "form" in each else 'a "b", 1.5;'
        for each in columns
    ]
    usual[5] = "0"
    rows = [usual] * usual_rows
    for index, each in enumerate(columns):
        cells = cells_of(each["type"], each["form"]) if "form" in each else [""]
        rows += [[*usual[:index], cell, *usual[index + 1 :]] for cell in cells]
    return [[f"c{number}" for number in range(len(columns))], *rows]


@pytest.mark.parametrize(
    ("order", "form", "usual_rows", "dialect"),
    [
        ("dmy", ",.", MORE, {"delimiter": ";"}),
        ("mdy", ".,", MANY, {"lineterminator": "\r\n", "quoting": csv.QUOTE_ALL}),
        ("ymd", ", ", MANY, {"delimiter": "\t", "quoting": csv.QUOTE_ALL}),
        ("dmy", ".'", MORE, {"delimiter": "|"}),
    ],
)
@pytest.mark.django_db(transaction=True, databases="__all__")
def test_local_cells_become_the_same_values_or_refusals_without_skipped_columns(
    on_postgresql: None,
    user: User,
    tmp_path: Path,
    order: str,
    form: str,
    usual_rows: int,
    dialect: dict[str, Any],
) -> None:
    path = tmp_path / "cells.csv"
    columns = columns_of(order, form)
    path.write_bytes(written(table_of(columns, usual_rows), **dialect).decode().encode("utf-16"))

    fast, slow = (
        loaded(planned(user, path, dataset=name, columns=columns), path, limits)
        for name, limits in (("fast", HASTY), ("slow", Limits()))
    )

    assert (lane_of(fast), lane_of(slow)) == ("duckdb", "python")
    assert outcome(fast) == outcome(slow)
    assert fast.rows_refused


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_mark_that_is_the_delimiter_too_parts_cells_where_it_is_not_quoted(
    on_postgresql: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(b"price,name\n" + b'"1.234,5",a\n' * 20 + b"1,5,b\n" + b'"2,5",c\n')
    columns: list[dict[str, Any]] = [{"type": "decimal", "form": ",."}, {"type": "text"}]

    fast, slow = (
        loaded(planned(user, path, dataset=name, columns=columns), path, limits)
        for name, limits in (("fast", HASTY), ("slow", Limits()))
    )

    assert outcome(fast) == outcome(slow)
    assert (fast.rows_loaded, fast.rows_refused) == (21, 1)


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_dates_in_two_orders_are_loaded_in_python(
    on_postgresql: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "days.csv"
    path.write_bytes(b"a,b\n" + b"31.12.2025,12/31/2025\n" * 9)

    row = loaded(planned(user, path), path, HASTY)

    assert (lane_of(row), row.rows_loaded) == ("python", 9)


def rewritten(cell: str, column: ColumnSpec) -> str | None:
    """What PostgreSQL is given for a cell, less spaces before it; None: it is left to Python."""
    dialect = Dialect(has_header=False, delimiter="\t")
    columns = [column, ColumnSpec(name="t", label="t")]
    data = written([[cell, "1.5"], [cell, "x"]], delimiter="\t")
    (block,) = blocks_of(io.BytesIO(data), encoding="utf-8", quote='"', skip_lines=0)
    checked = VerbatimScanner(columns, dialect).scan(block, rows_before=0)
    rows = list(csv.reader(io.StringIO(checked.csv.decode()), delimiter="\t"))
    assert [row[2] for row in rows] == ["1.5", "x"][: len(rows)]
    return rows[0][1].lstrip(" ") if rows else None


@pytest.mark.parametrize("form", NUMBER_FORMS)
def test_what_matches_a_local_number_is_given_as_python_converts_it(form: str) -> None:
    types = st.sampled_from(["integer", "decimal"])

    @settings(max_examples=15, deadline=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        type_ = data.draw(types)
        pattern = VALUES_BY_KIND[f"{type_} {form}"]
        cell = data.draw(st.from_regex(pattern, fullmatch=True))
        column = ColumnSpec(name="n", label="n", type=type_, form=form)

        assert [[rewritten(cell, column)], []] == list(convert_column(type_, [cell], form))

    holds()


@pytest.mark.parametrize("order", DATE_ORDERS)
@pytest.mark.parametrize("type_", DATES)
@pytest.mark.django_db(databases="__all__")
def test_what_matches_a_local_date_is_the_same_day_to_postgresql(
    on_postgresql: None, type_: str, order: str
) -> None:
    cells = st.lists(
        st.from_regex(VALUES_BY_KIND[f"{type_} {order}"], fullmatch=True), min_size=20, max_size=20
    )
    sql_type = {"date": "date", "timestamp": "timestamptz"}[type_]

    @settings(max_examples=10, deadline=None)
    @given(cells)
    def holds(cells: list[str]) -> None:
        values, bad = convert_column(type_, cells, order)
        assert not bad
        with connections[DATASETS].cursor() as cursor:
            cursor.execute(f"SET datestyle = 'ISO, {order}'; SET timezone = 'UTC'")
            cursor.execute(
                f"SELECT cell FROM unnest(%s::text[], %s::text[]) pairs (cell, value)"
                f" WHERE cell::{sql_type} <> (value || %s)::{sql_type}",
                [cells, list(values), "Z" if type_ == "timestamp" else ""],
            )
            assert not cursor.fetchall()
            cursor.execute("RESET datestyle; RESET timezone")

    holds()
