"""A copy of a table in which one column is of another type: filled beside whoever reads and writes.

Rows are read in the order of their numbers, some thousands at a time.  The one column goes through
the checks of an import, all others are copied within the database.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, connections

from apiapp.imports import duplicates, events, tables
from apiapp.imports.altering import dropped, indexes
from apiapp.imports.duplicates import repeated
from apiapp.imports.errors import BadColumns
from apiapp.imports.history import column_names
from apiapp.imports.loaders import Loader, Staging, loader_for, quoted, run
from apiapp.imports.models import Column, Dataset, RefusedCell
from apiapp.imports.pipeline.check import UNIQUE, Batch, Findings, checked_column
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.retyping import shown_text
from apiapp.imports.routers import DATASETS
from apiapp.imports.rows import ROW_ID, attribute, rows_of

ROWS_AT_ONCE = 10_000
GIVEN = ("_id", "_import")
VALUE = "value"
COUNTER = "pg_get_serial_sequence(%s, '_id')"
TWICE = "Another row has this value already once it is of the new type."


@dataclass(frozen=True, slots=True)
class Copy:
    """A table to be, and the column of it that is of another type than `was`.

    values: a table beside it, of the converted values of some rows.  begun_after: the last event
    of the dataset before the first row was read.
    """

    dataset: Dataset
    was: Column
    column: ColumnSpec
    staging: Staging
    values: Loader
    values_table: str
    begun_after: int

    @property
    def import_id(self) -> int:
        return self.staging.import_id


def new_copy(*, dataset: Dataset, was: Column, column: ColumnSpec, import_id: int) -> Copy:
    """With its two tables made, empty.  What is left of them is swept like any staging table."""
    known = {c.name: ColumnSpec(c.name, c.label, c.type, c.required) for c in dataset.columns.all()}
    known |= {each.name: each for each in dropped.specs_in(dataset.table_name)}
    known[column.name] = column
    specs = [known[name] for name in column_names(dataset.table_name) if name in known]
    staging = tables.new_staging(import_id=import_id, columns=specs, is_kept=True)
    single = replace(column, name=VALUE, required=False)
    beside = tables.new_staging(import_id=import_id, columns=[single], is_kept=False)
    newest = events.newest_id(dataset)
    copy = Copy(dataset, was, column, staging, loader_for(beside), beside.table, newest)
    loader_for(staging).create()
    copy.values.create()
    return copy


def drop(copy: Copy) -> None:
    """Both tables, but for the one that has become the dataset's."""
    tables.drop(copy.staging.table)
    copy.values.close()


def portions(copy: Copy) -> Iterator[int]:
    """Copy all rows; how many after each portion."""
    rows, done, last = rows_of(copy.dataset), 0, -(2**63)
    while True:
        found = read(copy, rows.filter(row_id__gt=last)[:ROWS_AT_ONCE])
        if not found:
            return
        first, last = found[0][0], found[-1][0]
        add(copy, found, f"t._id BETWEEN {first} AND {last}")
        done += len(found)
        yield done


def read(copy: Copy, rows: Any) -> list[tuple[int, Any]]:
    return list(rows.values_list(ROW_ID, attribute(copy.was.name)))


def copy_again(copy: Copy, row_ids: Sequence[int]) -> None:
    """Rows that were added, changed or deleted since they were copied."""
    if not row_ids:
        return
    ids = ", ".join(str(int(each)) for each in row_ids)
    run(f"DELETE FROM {quoted(copy.staging.table)} WHERE _id IN ({ids})")  # nosec B608 # names are quoted, ids are int
    RefusedCell.objects.filter(import_id=copy.import_id, row_number__in=row_ids).delete()
    found = read(copy, rows_of(copy.dataset).filter(row_id__in=row_ids))
    if found:
        add(copy, found, f"t._id IN ({ids})")


def add(copy: Copy, found: Sequence[tuple[int, Any]], condition: str) -> None:
    """The rows of the table for which `condition` holds, with the values of `found` converted."""
    row_ids = [row_id for row_id, _ in found]
    copy.values.load(converted(copy, row_ids, [value for _, value in found]))
    own = copy.column.name
    others = [each.name for each in copy.staging.columns if each.name != own]
    names = [quoted(each) for each in (*GIVEN, *others)]
    there = ", ".join(f"t.{name}" for name in names)
    if copy.column.required:  # a refused cell of it has nothing to be; such a copy is never used
        condition += f" AND v.{VALUE} IS NOT NULL"
    run(
        f"INSERT INTO {quoted(copy.staging.table)} ({', '.join(names)}, {quoted(own)})"  # nosec B608 # names are quoted
        f" SELECT {there}, v.{VALUE} FROM {quoted(copy.dataset.table_name)} t"
        f" JOIN {quoted(copy.values_table)} v ON v._id = t._id WHERE {condition}"
    )
    run(f"DELETE FROM {quoted(copy.values_table)}")  # nosec B608 # names are quoted


def converted(copy: Copy, row_ids: Sequence[int], values: Sequence[Any]) -> Batch:
    """As an import would read them; a cell that is refused is empty."""
    write = shown_text.writer(from_type=copy.was.type, to_type=copy.column.type)
    found = Findings(first_row=0)
    asked = replace(copy.column, conditions={})  # they are asked of rows to come
    cells = checked_column(asked, [write(value) for value in values], found)
    refusals = [replace(each, row_number=row_ids[each.row_number]) for each in found.refusals]
    return Batch(row_ids, [cells], refusals, 0)


# --- once all rows are there ------------------------------------------------------------------------------
def refuse_repeated(copy: Copy) -> None:
    """Empty what a unique column has twice now: 1 and 01 are different texts and one number."""
    if not copy.column.unique:
        return
    table, own = quoted(copy.staging.table), quoted(copy.column.name)
    twice = repeated(copy.staging, [copy.column.name])
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(RefusedCell._meta.db_table)}"  # nosec B608 # names are quoted, values are parameters
            ' (import_id, row_number, "column", value, kind, reason)'
            f" SELECT %s, _id, %s, CAST({own} AS text), %s, %s FROM {table} WHERE {twice}",
            [copy.import_id, copy.column.label, UNIQUE, TWICE],
        )
    if not copy.column.required:
        run(f"UPDATE {table} SET {own} = NULL WHERE {twice}")  # nosec B608 # names are quoted


def finish(copy: Copy) -> None:
    """Its indexes, as the table has them.  Raises BadColumns where they cannot be."""
    loader_for(copy.staging).finish(last_row=0)
    try:
        copy_indexes(copy)
    except IntegrityError as error:
        reason = f"{copy.column.label}: keys that differ would be the same of this type"
        raise BadColumns(reason, columns=[copy.column.name]) from error
    wait_for_the_disk()


def wait_for_the_disk() -> None:
    """SQLite is to do so from now on: what swaps the tables must outlive a failure of power."""
    connection = connections[DATASETS]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        run("PRAGMA synchronous = FULL")


def copy_indexes(copy: Copy) -> None:
    for facts in indexes.found(copy.dataset.table_name).values():
        duplicates.add_index(copy.staging.table, facts["columns"], is_unique=facts["unique"])


def go_on_counting(copy: Copy) -> None:
    """No row to come gets a number that another had."""
    last, table = last_number(copy.dataset.table_name), copy.staging.table
    with connections[DATASETS].cursor() as cursor:
        if connections[DATASETS].vendor == "postgresql":
            counter = f"SELECT setval({COUNTER}, GREATEST(%s, 1), %s)"
            cursor.execute(counter, [quoted(table), last, last > 0])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])


def last_number(table: str) -> int:
    """The highest number that a row of the table ever had."""
    with connections[DATASETS].cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(_id), 0) FROM {quoted(table)}")  # nosec B608 # names are quoted
        highest = int(cursor.fetchone()[0])
        if connections[DATASETS].vendor == "postgresql":
            cursor.execute(f"SELECT pg_sequence_last_value({COUNTER})", [quoted(table)])
        else:
            cursor.execute("SELECT MAX(seq) FROM sqlite_sequence WHERE name = %s", [table])
        return max(highest, cursor.fetchone()[0] or 0)
