"""Every lane makes the same of a file: the contract, on real databases."""

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from apiapp.imports import lanes, loads, tables
from apiapp.imports.lanes import LaneLeft
from apiapp.imports.loaders import ADAPTERS, TEXT
from apiapp.imports.models import DatasetEvent, Import, RefusedCell
from apiapp.imports.pipeline.check import Refusal, check
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import blocks_of
from apiapp.imports.pipeline.lanes.sqlite_loading import SqliteScanner
from apiapp.imports.pipeline.parsing import BlockParser
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.routers import DATASETS
from apiapp.jobs.errors import JobCancelled
from tests.apiapp.imports.killed_loads import in_killed_child
from tests.apiapp.imports.loading import no_progress, planned

HASTY = Limits(lanes_from_bytes=0)
DB_TYPES = {
    "text": "text",
    "integer": "bigint",
    "decimal": "numeric",
    "float": "real",
    "boolean": "bool",
    "date": "date",
    "timestamp": "datetime",
    "uuid": "text",
}
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
# Of each type: what is canonical, what is converted, and what is refused.
CELLS = {
    "text": [
        "a",
        " a ",
        'say "so"',
        "two\nlines",
        "a,b",
        "日本語 🙂",
        "\\N",
        "NULL",
        "\t",
        "x" * 700,
    ],
    "integer": ["0", "-7", "007", "+1", "-0", " 5 ", "9223372036854775807", "9223372036854775808"]
    + ["1e3", "1_000", "0x10", "٣", "true", "inf"],
    "decimal": ["0", "12.50", "-0.0", "5.", ".5", "+1.5", " 7 ", "1e3", "1,5", "nan", "0.1"]
    + ["123456789012345", "1234567890.123456789", "99999999999999999999", "0.30000000000000001"],
    "float": ["1.5", "1e5", "5e-324", "1e400", "-0.0", "inf", "nan", "1.", "1E+2", "0.1", "1e-400"],
    "boolean": ["true", "FALSE", "Yes", "n", "1", "0", "tRuE", "2", "maybe"],
    "date": ["2026-01-31", "0001-01-01", "2026-02-30", "10000-01-01", "infinity", "epoch"]
    + ["0000-01-01", "31.12.2025", "2026-1-1", " 2026-01-31", "2026-01-31 (BC)", "today"],
    "timestamp": ["2026-01-31 23:59:59", "2026-01-31T23:59:59", "2026-01-31 23:59:59Z"]
    + ["2026-01-31T23:59:59Z", "2026-01-31", "2026-01-31 23:59", "2026-01-31 23:59:59.5"]
    + ["2026-01-31 23:59:59+02:00", "2026-01-31 24:00:00", "2026-01-31 23:59:60", "infinity"]
    + ["2026-01-31 23:59:59ZZ", "0001-01-01 00:00:00", "now", "2026-02-30 00:00:00"],
    "uuid": [UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", UUID[:-1], "x"],
}
TYPES = list(CELLS)


def columns_of(**traits: Any) -> list[ColumnSpec]:
    return [ColumnSpec(name=f"n_{each}", label=each, type=each, **traits) for each in TYPES]


def written(rows: list[list[str]], **dialect: Any) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return file.getvalue().encode("utf-8", "surrogateescape")


# --- the core: one block in memory --------------------------------------------------------------------
def stored(columns: list[ColumnSpec], rows: list[tuple[Any, ...]], places: list[str]) -> list[Any]:
    """Rows as SQLite holds them in columns of these types."""
    with closing(sqlite3.connect(":memory:")) as connection:
        typed = ", ".join(f'"{each.name}" {DB_TYPES[each.type]}' for each in columns)
        connection.execute(f"CREATE TABLE t (id integer PRIMARY KEY, {typed})")
        connection.executemany(f"INSERT INTO t VALUES (?, {', '.join(places)})", rows)
        shown = ", ".join(f'"{each.name}", typeof("{each.name}")' for each in columns)
        return connection.execute(f"SELECT id, {shown} FROM t ORDER BY id").fetchall()


def by_python(data: bytes, columns: list[ColumnSpec]) -> tuple[list[Any], list[Refusal]]:
    rows: list[tuple[Any, ...]] = []
    refusals: list[Refusal] = []
    for records in DelimitedReader(io.BytesIO(data), Dialect(has_header=False)).batches():
        batch = check(records, columns)
        values = [
            ADAPTERS.get(column.type, TEXT)[1](cells)
            for column, cells in zip(columns, batch.columns, strict=True)
        ]
        rows += zip(batch.row_numbers, *values, strict=True)
        refusals += batch.refusals
    places = [ADAPTERS.get(column.type, TEXT)[0] for column in columns]
    return stored(columns, rows, places), refusals


def by_lane(
    data: bytes, columns: list[ColumnSpec], *, few_ratio: float
) -> tuple[list[Any], list[Refusal], int]:
    """What is in the table, what is refused, and how many rows went through Python.

    few_ratio: of the rows of a block, how many may match no pattern; else DuckDB reads it.
    """
    dialect = Dialect(has_header=False)
    scanner = SqliteScanner(columns, dialect, few_ratio=few_ratio)
    parser = BlockParser(dialect, width=len(columns))
    good: list[tuple[Any, ...]] = []
    bad: list[tuple[int, list[str]]] = []
    rows = 0
    file = io.BytesIO(data)
    for block in blocks_of(file, encoding="utf-8", quote='"', skip_lines=0, block_bytes=1000):
        scanned = scanner.read(scanner.scan(block, rows_before=rows))
        for batch in scanned.good:
            good += [(row["_id"], *list(row.values())[1:]) for row in batch.to_pylist()]
        bad += scanned.bad
        rows += scanned.rows
    for _, cells in bad:
        lanes.require_sure(cells, parser)
    batch = lanes.checked(bad, columns)
    values = [
        ADAPTERS.get(column.type, TEXT)[1](cells)
        for column, cells in zip(columns, batch.columns, strict=True)
    ]
    late = [
        tuple(None if value == "" else value for value in row)
        for row in zip(batch.row_numbers, *values, strict=True)
    ]
    return stored(columns, good + late, ["?"] * len(columns)), list(batch.refusals), len(bad)


ALL, NONE = 1.0, -1.0


def same_in_both(data: bytes, columns: list[ColumnSpec], *, few_ratio: float) -> int:
    """Assert it; return how many rows the fast lane left to Python."""
    rows, refusals, left = by_lane(data, columns, few_ratio=few_ratio)
    assert (rows, refusals) == by_python(data, columns)
    return left


def same_or_doubted(data: bytes, columns: list[ColumnSpec]) -> None:
    for few_ratio in (ALL, NONE):
        try:
            same_in_both(data, columns, few_ratio=few_ratio)
        except (Doubtful, LaneLeft):
            assert True


by_pattern_and_duckdb = pytest.mark.parametrize("few_ratio", [ALL, NONE])


@by_pattern_and_duckdb
@pytest.mark.parametrize("type_", TYPES)
def test_a_cell_of_any_kind_becomes_the_same_value_or_refusal(type_: str, few_ratio: float) -> None:
    columns = [
        ColumnSpec(name="n", label="n", type="integer"),
        ColumnSpec(name="cell", label="cell", type=type_),
        ColumnSpec(name="must", label="must", type=type_, required=True),
    ]
    rows = [["1", cell, CELLS[type_][0]] for cell in ["", *CELLS[type_]]]
    rows += [["2", CELLS[type_][0], cell] for cell in ["", *CELLS[type_]]]

    left = same_in_both(written(rows), columns, few_ratio=few_ratio)

    assert left < len(rows)


CONDITIONS: list[tuple[str, dict[str, Any]]] = [
    ("integer", {"minimum": "0", "maximum": "9000000000"}),
    ("decimal", {"minimum": "0.1", "maximum": "12.5"}),
    ("decimal", {"allowed": ["12.50", "5"]}),
    ("float", {"maximum": "1.5"}),
    ("date", {"minimum": "2026-01-31"}),
    ("timestamp", {"maximum": "2026-01-31 23:59:58.5"}),
    ("timestamp", {"allowed": ["2026-01-31 23:59:59"]}),
    ("text", {"allowed": ["a", 'say "so"', "it's"]}),
    ("boolean", {"allowed": ["1"]}),
    ("uuid", {"allowed": [UUID]}),
]


@pytest.mark.parametrize(("type_", "conditions"), CONDITIONS)
def test_conditions_refuse_the_same_cells(type_: str, conditions: dict[str, Any]) -> None:
    columns = [
        ColumnSpec(name="n", label="n", type="integer"),
        ColumnSpec(name="cell", label="cell", type=type_, conditions=conditions, unique=True),
    ]

    data = written([["1", cell] for cell in ["", *CELLS[type_]]])
    same_in_both(data, columns, few_ratio=NONE)


@by_pattern_and_duckdb
@pytest.mark.parametrize(
    "rows",
    [
        ["a,1", "b", "c,2,x", "d,3", "e,4,x,y,z", "f,5,", "g,6"],
        ['"a",1', '"b""",2', '"c\nd",3', '"",4', "e,5"],
        ["a,1\r", "b,2\r", '"c\r\nd",3\r', "e\r"],
        ['a"b,1', 'c""d,2', "e'f,3"],
    ],
)
def test_short_long_and_quoted_rows_are_read_alike(rows: list[str], few_ratio: float) -> None:
    columns = [ColumnSpec(name="c", label="c"), ColumnSpec(name="n", label="n", type="integer")]

    same_in_both("\n".join(rows).encode() + b"\n", columns, few_ratio=few_ratio)


DOUBTED = {
    "spaces before a quote": b'a, "b"\nc,d\n',
    "spaces behind a quote": b'"a" ,b\nc,d\n',
    "text behind a quote": b'"a"x,b\nc,d\n',
    "a quote that is not closed": b'a,b\n"c,d\ne,f\n',
    "a quote that is not doubled": b'"a"b",c\nd,e\n',
    "a blank line": b"a,b\n\nc,d\n",
    "a line of spaces": b"a,b\n   \nc,d\n",
    "a NUL": b"a,b\nc\0,d\n",
    "bytes that are no text": b"a,b\nc\xff,d\n",
    "line ends of two kinds": b"a,b\r\nc,d\ne,f\r\n",
    "a mark of byte order within": b"a,b\n" + b"\xef\xbb\xbfc,d\n" * 60,
    "rows within a cell": b'a,"1,2\n3,4\n5,6\n7,8\n"\nc,d\n',
    "far too many cells": b"a,b" + b",c" * 20 + b"\n",
    "a cell of 600 kB": b"a," + b"x" * 600_000 + b"\n",
}


@pytest.mark.parametrize("data", DOUBTED.values(), ids=DOUBTED)
def test_what_duckdb_may_read_otherwise_is_doubted(data: bytes) -> None:
    columns = [ColumnSpec(name="a", label="a"), ColumnSpec(name="b", label="b")]

    with pytest.raises((Doubtful, LaneLeft)):
        by_lane(data, columns, few_ratio=NONE)
    same_or_doubted(data, columns)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ANY_CELL = st.one_of(TEXTS, st.sampled_from([cell for each in CELLS.values() for cell in each]))
ANY_BYTES = st.text(st.sampled_from('a1,"\n\r \t\0é\ufeff'), max_size=60).map(str.encode)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(ANY_CELL, min_size=7, max_size=10), min_size=1, max_size=20))
def test_any_table_is_read_alike_or_doubted(rows: list[list[str]]) -> None:
    columns = columns_of()
    data = written([["x", "1", "1", "1", "1", "", "", ""]] * 8 + rows)

    same_or_doubted(data, columns)


@settings(max_examples=100, deadline=None)
@given(ANY_BYTES)
def test_any_bytes_are_read_alike_or_doubted(data: bytes) -> None:
    columns = [ColumnSpec(name="a", label="a"), ColumnSpec(name="b", label="b")]

    same_or_doubted(b"1,2\n" * 6 + data, columns)


# --- the whole: files into a database that other processes see --------------------------------------------
def loaded(row: Import, path: Path, limits: Limits, on_progress: Any = no_progress) -> Import:
    fresh = Import.objects.select_related("dataset").get(pk=row.pk)
    loads.run_file(row=fresh, path=path, on_progress=on_progress, clock=timezone.now, limits=limits)
    fresh.refresh_from_db()
    return fresh


def lane_of(row: Import) -> str:
    return str(DatasetEvent.objects.get(import_id=row.pk).facts["lane"])


def outcome(row: Import) -> tuple[Any, ...]:
    """All that a load leaves, but for what tells loads apart."""
    assert row.dataset
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{row.dataset.table_name}" ORDER BY _id')
        rows = [(number, *cells) for number, _, *cells in cursor.fetchall()]
    refusals = list(
        RefusedCell.objects.filter(import_id=row.pk)
        .order_by("pk")
        .values_list("row_number", "column", "value", "kind", "reason")
    )
    return rows, refusals, row.rows_loaded, row.rows_refused, row.rows_inserted, row.rows_updated


def table_of(rows: int) -> list[list[str]]:
    """Mostly clean rows; some are short, some refused, some converted."""
    made = [
        [str(number), f'the "{number}"', f"{number}.25", "2026-01-31", str(number % 50)]
        for number in range(1, rows + 1)
    ]
    made[3][2] = "much"
    made[5][3] = " 2026-02-28 "
    made[7] = made[7][:3]
    made[11] = [*made[11], "more", ""]
    made[13][0] = made[12][0]
    return [["n", "name", "price", "day", "group"], *made]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_file_leaves_the_same_rows_and_refusals_by_every_lane(
    tables_gone_after: None, user: User, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(500), lineterminator="\r\n").decode().encode(encoding))
    columns = [{"unique": True}, {}, {"required": True, "type": "decimal"}, {}, {"skip": True}]

    fast, slow = (
        loaded(planned(user, path, dataset=limits_name, columns=columns), path, limits)
        for limits_name, limits in (("fast", HASTY), ("slow", Limits()))
    )

    assert (lane_of(fast), lane_of(slow)) == ("duckdb", "python")
    assert outcome(fast) == outcome(slow)
    assert fast.rows_refused == 4


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_every_mode_fills_its_staging_table_by_a_lane(
    tables_gone_after: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))
    found = {}
    for name, limits in (("fast", HASTY), ("slow", Limits())):
        loaded(planned(user, path, dataset=name, key=["n"]), path, limits)
        for mode in ("append", "upsert", "replace"):
            row = loaded(planned(user, path, dataset=name, mode=mode), path, limits)
            found[name, mode] = outcome(row)

    for mode in ("append", "upsert", "replace"):
        assert found["fast", mode] == found["slow", mode]


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_lane_in_doubt_leaves_the_file_to_python_and_nothing_behind(
    tables_gone_after: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)) + b'61,an odd "one", 1.5 , "2026-01-31",x\n\n62,x\n')

    fast, slow = (
        loaded(planned(user, path, dataset=name), path, limits)
        for name, limits in (("fast", HASTY), ("slow", Limits()))
    )

    assert lane_of(fast) == "python"
    assert outcome(fast) == outcome(slow)
    assert not tables.left_staging()


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_cancelled_load_ends_its_process_and_leaves_nothing(
    tables_gone_after: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))

    def cancelled(done: int, *_: Any) -> None:
        if done:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        loaded(planned(user, path), path, HASTY, on_progress=cancelled)

    assert not tables.left_staging()
    assert not RefusedCell.objects.exists()


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_killed_with_rows_staged_by_a_lane_a_load_runs_again_without_doubling_a_row(
    tables_gone_after: None, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))
    row = planned(user, path)

    in_killed_child(lambda: loaded(row, path, HASTY), "apiapp.imports.lanes.go_on")
    assert tables.left_staging()
    again = loaded(row, path, HASTY)

    assert (lane_of(again), again.rows_loaded, again.rows_refused) == ("duckdb", 58, 2)
    assert not tables.left_staging()


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_when_its_process_dies_the_file_is_loaded_in_python(
    tables_gone_after: None, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))
    monkeypatch.setattr(lanes, "go_on", lambda process: process.kill())

    row = loaded(planned(user, path), path, HASTY)

    assert (lane_of(row), row.rows_loaded, row.rows_refused) == ("python", 58, 2)
    assert RefusedCell.objects.filter(import_id=row.pk).count() == 2


@pytest.mark.django_db(databases="__all__")
def test_inside_a_transaction_a_file_is_loaded_in_python(user: User, tmp_path: Path) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))

    assert lane_of(loaded(planned(user, path), path, HASTY)) == "python"
