"""Taking back what somebody did to rows by hand: exactly, or not at all.

The rule.  An edit is taken back while nothing that came after it changed the same rows, or the
columns, or the table as a whole.  Taking it back is an edit like others, and can be taken back.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from apiapp.imports import datasets, events, former_rows, publishing
from apiapp.imports.edits.errors import EditNotUndoable, UnknownEvent
from apiapp.imports.errors import UndoBlocked
from apiapp.imports.events import EDITS, Kind
from apiapp.imports.former_rows import Kept
from apiapp.imports.models import Dataset, DatasetEvent, Import
from apiapp.imports.routers import DATASETS

SHOWN_IDS = 5
OTHERS_ROWS_STAY = (Import.Mode.CREATE, Import.Mode.APPEND)
COLUMNS = {*events.IN_THE_TABLE, "retyped"}
NOT_KEPT = "the rows of before were not kept: it was too much, or long ago"
LOADED_SINCE = "an import has changed the table since"
COLUMNS_SINCE = "columns of the table were changed since"


class Opposite(NamedTuple):
    """What was done to take an edit back.  added: rows, less than 0 if they are fewer now."""

    kind: Kind
    was: Kept | None
    added: int


def undo(*, dataset: Dataset, event_id: int, by: User, now: datetime) -> DatasetEvent:
    """The event that tells of it.

    Raises UnknownEvent, EditNotUndoable, UndoBlocked, and RowConflict where rows that were added
    since have values that a column allows once.
    """
    with datasets.unique_values_kept():
        publishing.hold(dataset.table_name, publishing.ALL)
        event = DatasetEvent.objects.filter(dataset_id=dataset.pk, pk=event_id).first()
        if event is None:
            raise UnknownEvent(event_id=event_id)
        refuse_unkept(event)
        refuse_where_changed(dataset, event)
        done = OPPOSITES[event.kind](dataset.table_name, event.facts)
        counted = partial(datasets.count_rows, dataset, added=done.added, now=now)
        transaction.on_commit(counted, using=DATASETS)
        row_ids = event.facts["row_ids"]
        return datasets.tell_edit(
            dataset, done.kind, row_ids, by=by, now=now, was=done.was, undoes=event.pk
        )


# --- what stands in the way --------------------------------------------------------------------------------
def refuse_unkept(event: DatasetEvent) -> None:
    """Raises EditNotUndoable."""
    if event.kind not in OPPOSITES:
        raise EditNotUndoable("only a change of rows by hand can be undone here")
    if event.kind != Kind.ROW_ADDED and events.FORMER not in event.facts:
        raise EditNotUndoable(NOT_KEPT)


def refuse_where_changed(dataset: Dataset, event: DatasetEvent) -> None:
    """Raises UndoBlocked."""
    later = DatasetEvent.objects.filter(dataset_id=dataset.pk, pk__gt=event.pk)
    refuse_edited(later, set(event.facts["row_ids"]))
    others = later.exclude(kind__in=EDITS).values_list("kind", "facts")
    for why in filter(None, (in_the_way(kind, facts) for kind, facts in others)):
        raise UndoBlocked(why)


def in_the_way(kind: str, facts: Mapping[str, Any]) -> str:
    """Why no edit of before such an event is taken back; "" if it hinders none."""
    if kind == Kind.UNDONE:
        return LOADED_SINCE
    if kind == Kind.IMPORTED and facts.get("mode") not in OTHERS_ROWS_STAY:
        return LOADED_SINCE
    if kind == Kind.SCHEMA_CHANGED and not COLUMNS.isdisjoint(facts):
        return COLUMNS_SINCE
    return ""


def refuse_edited(later: QuerySet[DatasetEvent], row_ids: set[int]) -> None:
    edited = later.filter(kind__in=EDITS).values_list("facts__row_ids", flat=True)
    again = events.numbers(edited) & row_ids
    if again:
        raise UndoBlocked(changed_again(again))


def changed_again(row_ids: Collection[int]) -> str:
    shown = ", ".join(map(str, sorted(row_ids)[:SHOWN_IDS]))
    return f"the same rows were changed again since: {shown}"


# --- the opposite of each ----------------------------------------------------------------------------------
def take_added(table: str, facts: dict[str, Any]) -> Opposite:
    row_ids = facts["row_ids"]
    was = former_rows.whole(table, row_ids)
    former_rows.delete(table, row_ids)
    return Opposite(Kind.ROWS_DELETED, was, -len(row_ids))


def take_changed(table: str, facts: dict[str, Any]) -> Opposite:
    kept: Kept = facts[events.FORMER]
    was = former_rows.cells(table, facts["row_ids"], kept["columns"][1:])
    former_rows.write(table, kept)
    return Opposite(Kind.ROW_CHANGED, was, 0)


def take_deleted(table: str, facts: dict[str, Any]) -> Opposite:
    kept: Kept = facts[events.FORMER]
    former_rows.insert(table, kept)
    return Opposite(Kind.ROW_ADDED, None, len(kept["rows"]))


OPPOSITES: dict[str, Callable[[str, dict[str, Any]], Opposite]] = {
    Kind.ROW_ADDED: take_added,
    Kind.ROW_CHANGED: take_changed,
    Kind.ROWS_DELETED: take_deleted,
}
