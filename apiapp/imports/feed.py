"""Events as they are sent to others, in an order that loses none.

Numbers are given when an event is written and seen when its transaction ends: a reader that goes on
from the highest number it saw would miss those that were written before and ended after.  So on
PostgreSQL events are read in the order of the transactions that wrote them, and only those older
than every transaction that is still open.  On SQLite one writer waits for the other.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from apiapp.imports import events
from apiapp.imports.models import DatasetEvent
from apiapp.imports.routers import DATASETS

EVENTS_AT_ONCE = 500
OLDEST_OPEN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
Kind = DatasetEvent.Kind
TYPES = {
    Kind.IMPORTED: "import.finished",
    Kind.IMPORT_FAILED: "import.failed",
    Kind.IMPORT_CANCELLED: "import.cancelled",
    Kind.UNDONE: "import.undone",
    Kind.ROW_ADDED: "rows.added",
    Kind.ROW_CHANGED: "rows.changed",
    Kind.ROWS_DELETED: "rows.deleted",
    Kind.RENAMED: "dataset.renamed",
    Kind.SCHEMA_CHANGED: "dataset.columns_changed",
    Kind.SHARED: "dataset.shared",
    Kind.DELETED: "dataset.deleted",
}


class Position(NamedTuple):
    """How far a reader is: after this event."""

    transaction_id: int = 0
    event_id: int = 0


def type_of(event: DatasetEvent) -> str:
    return TYPES.get(Kind(event.kind), f"dataset.{event.kind}")


def payload(event: DatasetEvent) -> dict[str, Any]:
    """What is sent of one that was read: JSON that stays as it is, to which members may be added."""
    return {
        "id": f"evt_{event.pk}",
        "type": type_of(event),
        "time": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "actor": event.actor or None,
        "dataset": {
            "id": event.dataset_id or None,
            "slug": event.dataset_slug or None,
            "title": event.dataset_title,
        },
        "import_id": event.import_id,
        "data": event.told,
    }


def read(after: Position = Position()) -> Iterator[tuple[Position, DatasetEvent]]:  # noqa: B008 - immutable
    """Each event after that, once, with the position to go on from."""
    while True:
        portion = settled(after)
        for event in portion:
            after = Position(event.transaction_id, event.pk)
            yield after, event
        if len(portion) < EVENTS_AT_ONCE:
            return


def end() -> Position:
    """After all that happened and can be read now."""
    rows = readable(DatasetEvent.objects.all()).order_by("-transaction_id", "-pk")
    newest = rows.values_list("transaction_id", "pk").first()
    return Position(*newest) if newest else Position()


def settled(after: Position) -> list[DatasetEvent]:
    """The next events, of which no earlier one can turn up any more."""
    later = Q(transaction_id=after.transaction_id, pk__gt=after.event_id)
    rows = events.with_told(DatasetEvent.objects.all())
    rows = rows.filter(later | Q(transaction_id__gt=after.transaction_id))
    return list(readable(rows).order_by("transaction_id", "pk")[:EVENTS_AT_ONCE])


def readable(rows: QuerySet[DatasetEvent]) -> QuerySet[DatasetEvent]:
    """Without those that may have a neighbour that is still being written."""
    if connections[DATASETS].vendor != "postgresql":
        return rows
    oldest_open = RawSQL(OLDEST_OPEN, [])  # nosec B611 # a constant
    return rows.annotate(oldest_open=oldest_open).filter(transaction_id__lt=F("oldest_open"))
