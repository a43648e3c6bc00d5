"""The CSVs that `python -m bench.imports.loading` loads, and how it tells what was loaded wrong."""

import csv
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from bench.imports.loading.contenders import TYPED, Run, sqlite_facts
from bench.imports.loading.parts import BAD, CLEAN, LOCAL, Files
from bench.imports.loading.tables import COLUMNS, Table, repeated, write_table

ROWS = 200


def loaded_by_hand(table: Table, database: Path) -> Run:
    marks = ", ".join("?" * len(COLUMNS))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"CREATE TABLE t ({TYPED})")
        with table.path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS)]
        connection.executemany(f"INSERT INTO t VALUES ({marks})", rows[1:])
    return Run(1.0, 0.0, 1.0, 1.0, sqlite_facts(database, "t"))


def test_what_was_loaded_right_differs_in_nothing(tmp_path: Path):
    table = write_table(tmp_path / "rows.csv", rows=ROWS, bad_ratio=0.1)

    run = loaded_by_hand(table, tmp_path / "t.sqlite3")

    assert run.differing(table) == []
    assert run.facts["rows"] == ROWS - table.bad_rows < ROWS


def test_a_wrong_value_is_told(tmp_path: Path):
    table = write_table(tmp_path / "rows.csv", rows=ROWS)
    text = table.path.read_text(encoding="utf-8")
    table.path.write_text(text.replace(",true,", ",false,", 1), encoding="utf-8")

    assert loaded_by_hand(table, tmp_path / "t.sqlite3").differing(table) == ["active"]


def test_repeated_rows_are_as_many_times_the_facts(tmp_path: Path):
    table = write_table(tmp_path / "rows.csv", rows=ROWS)

    longer = repeated(table, tmp_path / "longer.csv", size_mib=1)

    assert longer.rows % ROWS == 0
    assert longer.size_mib >= 1
    assert loaded_by_hand(longer, tmp_path / "t.sqlite3").differing(longer) == []


def test_all_parts_have_the_same_rows_and_the_short_file_the_first_of_them(tmp_path: Path):
    files = Files(tmp_path, rows=ROWS, slow_rows=10, bad_ratio=0.1)

    assert asdict(files.whole(CLEAN).facts) == asdict(files.whole(LOCAL).facts)
    assert files.whole(BAD).bad_rows > 0
    whole = files.whole(CLEAN).path.read_text(encoding="utf-8")
    assert whole.startswith(files.short(CLEAN).path.read_text(encoding="utf-8"))
