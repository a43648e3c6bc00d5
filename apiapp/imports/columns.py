"""Changes of a dataset's columns while it is read: add, rename, index, hold to conditions, drop.

A column's name in the database stays; what people see is its label.  What takes long (an index, a
look at every row) is done first, beside whoever reads and writes; what nobody may see half is done
last, in one short transaction on each database, the table's committed first: what a crash leaves
between the two is mended by asking for the same again.  How a type is changed is in
altering/retyping.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.models import F, Max

from apiapp.imports import datasets, duplicates, events, history, references, tables
from apiapp.imports.altering import dropped, empty_cells, indexes
from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.errors import BadColumns, BadKey, TooManyColumns, UnknownDatasetColumn
from apiapp.imports.loaders import ADAPTERS, TEXT, definition, quoted, run
from apiapp.imports.models import Column, Dataset, DatasetEvent
from apiapp.imports.pipeline import rules
from apiapp.imports.pipeline.convert import BadCell, convert_cell
from apiapp.imports.pipeline.schema import ColumnSpec, column_name, printable
from apiapp.imports.routers import DATASETS
from apiapp.keys.callers import Caller

DEFINITION = ("position", "name", "label", "type", "required", "unique", "indexed", "conditions")

OnColumn = Callable[[Column], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be changed of a column; None stays as it is."""

    label: str | None = None
    required: bool | None = None
    unique: bool | None = None
    indexed: bool | None = None
    conditions: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewColumn:
    """default: the text of the value that the rows that are there get; "": none."""

    label: str
    type: str
    default: str = ""


def column_of(dataset: Dataset, name: str) -> Column:
    """Raises UnknownDatasetColumn."""
    # PostgreSQL is not asked for a NUL; no column's name has the other.
    column = dataset.columns.filter(name=name.replace("\0", "\ufffd")).first()
    if column is None:
        raise UnknownDatasetColumn(name=name)
    return column


def defined(column: Column) -> dict[str, Any]:
    """All that a column is, as events tell it."""
    return {name: getattr(column, name) for name in DEFINITION}


def held(dataset: Dataset) -> Dataset:
    """As it is now; nobody else changes its columns before the transaction ends.

    Raises DatasetBusy.
    """
    row = Dataset.objects.select_for_update().get(pk=dataset.pk)
    datasets.refuse_while_importing(row)
    return row


# --- add -------------------------------------------------------------------------------------------------
def add(*, dataset: Dataset, wanted: NewColumn, by: User, now: datetime) -> Column:
    """A column at the end.  Raises BadColumns, TooManyColumns, DatasetBusy, TableInUse."""
    try:
        default = convert_cell(wanted.type, wanted.default)
    except BadCell as error:
        reason = f"{wanted.label}: the default {error}"
        raise BadColumns(reason, columns=[wanted.label]) from error
    return patiently(partial(append_column, dataset, wanted, default, by, now))


def append_column(
    dataset: Dataset, wanted: NewColumn, default: str, by: User, now: datetime
) -> Column:
    with transaction.atomic():
        row = held(dataset)
        column = Column(
            dataset=row,
            position=(row.columns.aggregate(last=Max("position"))["last"] or 0) + 1,
            name=free_name(row, wanted.label),
            label=printable(wanted.label),
            type=wanted.type,
        )
        with transaction.atomic(using=DATASETS):
            wait_shortly()
            add_to_table(row.table_name, column, default)
            after = defined(column)
            tell(row, column.name, by=by, now=now, added=wanted.type, default=default, after=after)
        column.save()
        count_version(row, now=now)
    return column


def free_name(dataset: Dataset, label: str) -> str:
    """Raises BadColumns, TooManyColumns."""
    taken = set(dataset.columns.values_list("name", flat=True))
    if len(taken) >= tables.column_limit():
        raise TooManyColumns(columns=len(taken) + 1, limit=tables.column_limit())
    name = column_name(label, taken=taken)
    if not name:
        raise BadColumns(f"{label!r} has no letter or digit to name a column by", columns=[label])
    return name


def add_to_table(table: str, column: Column, default: str) -> None:
    """PostgreSQL notes the default for the rows that are there and rewrites none of them."""
    if column.name in history.column_names(table):  # of a crash: nobody knows of it
        drop_from_table(table, column.name)
    is_postgres = connections[DATASETS].vendor == "postgresql"
    spec = ColumnSpec(name=column.name, label=column.label, type=column.type)
    added = definition(spec, is_kept=False)
    altered, name = f"ALTER TABLE {quoted(table)}", quoted(column.name)
    with connections[DATASETS].cursor() as cursor:
        if not default:
            cursor.execute(f"{altered} ADD COLUMN {added}")
        elif is_postgres:
            cursor.execute(f"{altered} ADD COLUMN {added} DEFAULT %s", [default])
            cursor.execute(f"{altered} ALTER COLUMN {name} DROP DEFAULT")
        else:
            (value,) = ADAPTERS.get(column.type, TEXT)[1]([default])
            cursor.execute(f"{altered} ADD COLUMN {added}")
            cursor.execute(f"UPDATE {quoted(table)} SET {name} = %s", [value])  # nosec B608 # names are quoted


# --- drop, and bring back ----------------------------------------------------------------------------------
def drop(
    *, dataset: Dataset, name: str, by: User, now: datetime, agree: OnColumn = datasets.agree_always
) -> None:
    """Its values are kept for a while: see `restore`.

    Raises UnknownDatasetColumn, BadKey for one of the key, BadColumns for the last or one that
    others refer to, DatasetBusy, TableInUse, and what `agree` raises when it sees the column.
    """

    def drop_now() -> None:
        with transaction.atomic():
            row = held(dataset)
            column = column_of(row, name)
            agree(column)
            refuse_needed(row, column)
            with transaction.atomic(using=DATASETS):
                wait_shortly()
                if name in history.column_names(row.table_name):
                    event = tell(row, name, by=by, now=now, dropped=True, before=defined(column))
                    dropped.hide(row.table_name, column, event)
            column.delete()
            count_version(row, now=now)

    patiently(drop_now)


def refuse_needed(dataset: Dataset, column: Column) -> None:
    if column.name in dataset.key_columns:
        raise BadKey(f"{column.label} is in the key of {dataset.slug!r}")
    if dataset.columns.count() == 1:
        raise BadColumns("a dataset has at least one column", columns=[column.name])
    refuse_referred(dataset, column)


def refuse_referred(dataset: Dataset, column: Column) -> None:
    """Raises BadColumns where columns of other datasets must find their values in this one."""
    if Column.objects.filter(conditions__references=f"{dataset.slug}.{column.name}").exists():
        reason = f"{column.label}: a column of another dataset refers to it"
        raise BadColumns(reason, columns=[column.name])


def restore(*, dataset: Dataset, name: str, by: User, now: datetime) -> Column:
    """The column that was dropped last under this name, with its values.

    It is required no more if rows came since that have none.
    Raises UnknownDatasetColumn, ColumnGone, BadColumns if the name is taken, DatasetBusy,
    TableInUse.
    """

    def restore_now() -> Column:
        with transaction.atomic():
            row = held(dataset)
            event = dropped.told_of(row, name)
            if row.columns.filter(name=name).exists():
                raise BadColumns(f"another column is called {name!r} now", columns=[name])
            column = Column(dataset=row, **event.facts["before"])
            with transaction.atomic(using=DATASETS):
                wait_shortly()
                is_filled = not dropped.has_empty_cells(row.table_name, event)
                column.required = column.required and is_filled
                dropped.show(row.table_name, name, event)
                tell(row, name, by=by, now=now, restored=True, after=defined(column))
            column.save()
            count_version(row, now=now)
        return column

    return patiently(restore_now)


def drop_from_table(table: str, name: str) -> None:
    duplicates.drop_indexes(table, name)
    run(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")


# --- change ------------------------------------------------------------------------------------------------
def change(
    *,
    caller: Caller,
    dataset: Dataset,
    name: str,
    wish: Wish,
    now: datetime,
    agree: OnColumn = datasets.agree_always,
) -> Column:
    """Raises UnknownDatasetColumn, BadColumns, BadKey, DatasetBusy, TableInUse, and what `agree`
    raises when it sees the column as it is.  What changes nothing is told to nobody.
    """
    column = column_of(dataset, name)
    agree(column)
    datasets.refuse_while_importing(dataset)
    differing = changed(caller, dataset, column, wish)
    if not differing:
        return column
    index = prepare(dataset, column, differing)

    def change_now() -> Column:
        with transaction.atomic():
            row = held(dataset)
            column = column_of(row, name)
            agree(column)
            before = {each: getattr(column, each) for each in differing}
            with transaction.atomic(using=DATASETS):
                wait_shortly()
                apply_to_table(row.table_name, column, differing, index)
                facts = {**differing, "before": before, "after": differing}
                tell(row, name, by=caller.user, now=now, **facts)
            for each, value in differing.items():
                setattr(column, each, value)
            column.save()
            count_version(row, now=now)
        return column

    return patiently(change_now)


def changed(caller: Caller, dataset: Dataset, column: Column, wish: Wish) -> dict[str, Any]:
    """What is wished and not so already.  Raises BadColumns, BadKey."""
    named = {name: getattr(wish, name) for name in wish.__dataclass_fields__}
    wanted = {name: value for name, value in named.items() if value is not None}
    if "label" in wanted:
        wanted["label"] = printable(wanted["label"]) or column.name
    if "conditions" in wanted:
        wanted["conditions"] = agreed(caller, column, wanted["conditions"])
    differing = {name: value for name, value in wanted.items() if value != getattr(column, name)}
    if not {"unique", "indexed"}.isdisjoint(differing) and dataset.key_columns == [column.name]:
        raise BadKey(f"{column.label} is the key of {dataset.slug!r}, which is indexed already")
    if "required" in differing and column.name in dataset.key_columns:
        raise BadKey(f"{column.label} is in the key of {dataset.slug!r}: it has no empty cells")
    return differing


def agreed(caller: Caller, column: Column, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions hold for rows to come; those that are there stay.  Raises BadColumns."""
    kept = rules.agreed(asked, type_=column.type, label=column.label)
    spec = ColumnSpec(column.name, column.label, column.type, conditions=kept)
    references.require(caller, [spec])
    return kept


def prepare(dataset: Dataset, column: Column, differing: Mapping[str, Any]) -> str:
    """What takes long and nobody sees; the name of a new index, "" if there is none to be."""
    if differing.get("required"):
        empty_cells.prepare_to_forbid(dataset.table_name, column)
    is_unique = differing.get("unique", column.unique)
    is_indexed = differing.get("indexed", column.indexed)
    if is_unique == column.unique and (is_unique or is_indexed == column.indexed):
        return ""
    if not is_unique and not is_indexed:
        return ""
    return indexes.build(dataset.table_name, column, is_unique=is_unique)


def apply_to_table(table: str, column: Column, differing: Mapping[str, Any], index: str) -> None:
    if "required" in differing:
        required = empty_cells.forbid if differing["required"] else empty_cells.allow
        required(table, column)
    is_unique = differing.get("unique", column.unique)
    is_indexed = differing.get("indexed", column.indexed)
    if index or not (is_unique or is_indexed):
        indexes.drop_others(table, column.name, spared=index)


def tell(dataset: Dataset, name: str, *, by: User, now: datetime, **facts: Any) -> DatasetEvent:
    kind = events.Kind.SCHEMA_CHANGED
    return events.tell(dataset, kind, by=by.get_username(), now=now, column=name, **facts)


def hold_to_key(dataset: Dataset, names: Sequence[str], *, now: datetime) -> None:
    """Those of its key have no empty cells."""
    Column.objects.filter(dataset=dataset, name__in=names).update(required=True)
    count_version(dataset, now=now)


def count_version(dataset: Dataset, *, now: datetime) -> None:
    """To be called in the transaction that changes a column: who keeps columns goes by it."""
    rows = Dataset.objects.filter(pk=dataset.pk)
    rows.update(schema_version=F("schema_version") + 1, updated_at=now)
