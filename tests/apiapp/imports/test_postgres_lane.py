"""The lane to PostgreSQL, which gets the bytes of rows as they are: the same as in Python."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from apiapp.imports import lanes
from apiapp.imports.lanes import LaneLeft
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.convert import convert_cell
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import blocks_of
from apiapp.imports.pipeline.lanes.patterns import VALUES
from apiapp.imports.pipeline.lanes.verbatim import VerbatimScanner
from apiapp.imports.pipeline.parsing import BlockParser
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS
from tests.apiapp.imports.loading import planned
from tests.apiapp.imports.test_lanes import (
    ANY_BYTES,
    CELLS,
    DOUBTED,
    HASTY,
    TYPES,
    lane_of,
    loaded,
    outcome,
    written,
)

TEXTS = [ColumnSpec(name="a", label="a"), ColumnSpec(name="b", label="b")]
Rows = list[tuple[int, list[str]]]


def told_apart(
    data: bytes, columns: list[ColumnSpec], quote: str = '"', block_bytes: int = 1000
) -> tuple[Rows, Rows]:
    """The rows that PostgreSQL is given, as CSV is read, and those that Python is."""
    dialect = Dialect(has_header=False, quote=quote)
    scanner = VerbatimScanner(columns, dialect)
    parser = BlockParser(dialect, width=len(columns))
    given_rows: Rows = []
    bad: Rows = []
    rows = 0
    blocks = blocks_of(
        io.BytesIO(data), encoding="utf-8", quote=quote, skip_lines=0, block_bytes=block_bytes
    )
    for block in blocks:
        checked = scanner.scan(block, rows_before=rows)
        text = io.StringIO(checked.csv.decode(), newline="")
        how: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
        given_rows += [(int(row[0]), row[1:]) for row in csv.reader(text, strict=True, **how)]
        bad += checked.bad
        rows += checked.rows
    for _, cells in bad:
        lanes.require_sure(cells, parser)
    return given_rows, bad


def by_python(data: bytes, quote: str = '"') -> Rows:
    source = DelimitedReader(io.BytesIO(data), Dialect(has_header=False, quote=quote))
    rows = [row for records in source.batches() for row in records.rows]
    return list(enumerate(rows, 1))


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_rows_keep_their_numbers_and_their_cells(quote: str) -> None:
    text = 'a,1\n"b,\n2\n\'c,3,x\nd\n"e, f",4\n"say ""so""",5\n'.replace('"', quote)
    data = b"x,y\n" * 300 + text.encode() if quote == '"' else b"x,y\nz,1,2\nv,w\n"
    data = data.replace(b'"b,\n2\n', b'"b\n2",7\n')

    given_rows, bad = told_apart(data, TEXTS, quote)

    assert sorted(given_rows + bad) == by_python(data, quote)
    assert bad


@pytest.mark.parametrize("data", DOUBTED.values(), ids=DOUBTED)
def test_what_may_be_read_otherwise_is_doubted(data: bytes) -> None:
    with pytest.raises((Doubtful, LaneLeft)):
        told_apart(data, TEXTS)


@pytest.mark.parametrize("usual", [6, 400], ids=["among few rows", "among many"])
def test_any_bytes_are_read_alike_or_doubted(usual: int) -> None:
    @settings(max_examples=60, deadline=None)
    @given(ANY_BYTES)
    def holds(data: bytes) -> None:
        whole = b"1,2\n" * usual + data
        try:
            given_rows, bad = told_apart(whole, TEXTS, block_bytes=10_000)
        except (Doubtful, LaneLeft):
            return

        assert sorted(given_rows + bad) == by_python(whole)

    holds()


@pytest.mark.parametrize("type_", VALUES)
def test_what_matches_a_pattern_is_a_value_as_it_is(type_: str) -> None:
    @settings(max_examples=20, deadline=None)
    @given(st.from_regex(VALUES[type_], fullmatch=True))
    def holds(cell: str) -> None:
        converted = convert_cell(type_, cell)
        assert converted == cell or type_ in {"float", "boolean", "timestamp"}

    holds()


# --- the whole -----------------------------------------------------------------------------------------
@pytest.fixture
def on_postgresql(tables_gone_after: None) -> None:
    if connections[DATASETS].vendor != "postgresql":
        pytest.skip("this lane leads to PostgreSQL")


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_cell_of_any_type_becomes_the_same_value_or_refusal(
    on_postgresql: None, user: User, tmp_path: Path, quoting: int
) -> None:
    path = tmp_path / "cells.csv"
    usual = [CELLS[type_][0] for type_ in TYPES]
    rows = [
        [*usual[:index], cell, *usual[index + 1 :]]
        for index, type_ in enumerate(TYPES)
        for cell in ["", *CELLS[type_]]
    ]
    path.write_bytes(written([TYPES, *[usual] * 300, *rows], quoting=quoting))
    columns: list[dict[str, Any]] = [{"type": type_} for type_ in TYPES]

    fast, slow = (
        loaded(planned(user, path, dataset=name, columns=columns), path, limits)
        for name, limits in (("fast", HASTY), ("slow", Limits()))
    )

    assert (lane_of(fast), lane_of(slow)) == ("duckdb", "python")
    assert outcome(fast) == outcome(slow)


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_what_is_in_several_blocks_is_loaded_over_both_connections(
    on_postgresql: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"n,text\n" + b"".join(b"%d,%b\n" % (n, b"x" * 60_000) for n in range(500)))

    row = loaded(planned(user, path), path, HASTY)

    assert (lane_of(row), row.rows_loaded) == ("duckdb", 500)
    assert row.dataset
    seen = "count(DISTINCT xmin::text) > 1, count(*), bool_and(_id = n + 1)"
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f'SELECT {seen} FROM "{row.dataset.table_name}"')
        assert cursor.fetchone() == (True, 500, True)
