"""Rows as they were before somebody changed or deleted them: kept with the event that tells of it.

Cells are read and written as the database itself writes them, past the types of Python: what is
put back is what was there, digit for digit.  As JSON: {"columns": ["_id", ...], "rows": [[...]]}.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections

from apiapp.imports import history, tables
from apiapp.imports.loaders import quoted
from apiapp.imports.routers import DATASETS

# Of one event: the log is no place for more.
CELLS_MAX = 10_000
BYTES_MAX = 256 << 10
IDS_ASKED = 500

Kept = dict[str, Any]


def whole(table: str, row_ids: Sequence[int]) -> Kept | None:
    """The rows with all of their columns, those out of sight too; None if that is too much."""
    return cells(table, row_ids, [each for each in history.column_names(table) if each != "_id"])


def cells(table: str, row_ids: Sequence[int], names: Sequence[str]) -> Kept | None:
    """These columns of the rows; None if that is too much."""
    if len(row_ids) * len(names) > CELLS_MAX:
        return None
    rows, size_bytes = [], 0
    for row in read(table, row_ids, names):
        size_bytes += len(json.dumps(row))
        if size_bytes > BYTES_MAX:
            return None
        rows.append(row)
    return {"columns": ["_id", *names], "rows": rows}


def read(table: str, row_ids: Sequence[int], names: Sequence[str]) -> Iterator[list[Any]]:
    connection = connections[DATASETS]
    # A column of an expression has no declared type that Python would convert by.
    form = "{}::text" if connection.vendor == "postgresql" else "+{}"
    wanted = ", ".join(["_id", *(form.format(quoted(name)) for name in names)])
    with connection.cursor() as cursor:
        for start in range(0, len(row_ids), IDS_ASKED):
            ids = id_list(row_ids[start : start + IDS_ASKED])
            cursor.execute(f"SELECT {wanted} FROM {quoted(table)} WHERE _id IN ({ids})")  # nosec B608 # names are quoted, ids are int
            for row in cursor:
                yield list(row)


def id_list(row_ids: Sequence[int]) -> str:
    return ", ".join(str(int(each)) for each in row_ids)


# --- put back --------------------------------------------------------------------------------------------
def write(table: str, kept: Kept) -> None:
    """The cells into their rows, which have to be there."""
    _, *names = kept["columns"]
    values = ", ".join(
        f"{quoted(name)} = {value}"
        for name, value in zip(names, placeholders(table, names), strict=True)
    )
    rows = [[*cells, row_id] for row_id, *cells in kept["rows"]]
    execute_many(f"UPDATE {quoted(table)} SET {values} WHERE _id = %s", rows)  # nosec B608 # names are quoted


def insert(table: str, kept: Kept) -> None:
    """The rows, under the numbers that they had."""
    names = kept["columns"]
    columns = ", ".join(map(quoted, names))
    values = ", ".join(placeholders(table, names))
    execute_many(f"INSERT INTO {quoted(table)} ({columns}) VALUES ({values})", kept["rows"])  # nosec B608 # names are quoted


def delete(table: str, row_ids: Sequence[int]) -> None:
    with connections[DATASETS].cursor() as cursor:
        for start in range(0, len(row_ids), IDS_ASKED):
            ids = id_list(row_ids[start : start + IDS_ASKED])
            cursor.execute(f"DELETE FROM {quoted(table)} WHERE _id IN ({ids})")  # nosec B608 # names are quoted, ids are int


def placeholders(table: str, names: Sequence[str]) -> list[str]:
    if connections[DATASETS].vendor != "postgresql":
        return ["%s"] * len(names)
    types = tables.types_of(table)
    return [f"%s::{types[name]}" for name in names]


def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    with connections[DATASETS].cursor() as cursor:
        cursor.executemany(statement, rows)
