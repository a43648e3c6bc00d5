"""The log of who did what to a dataset, kept beside its table.

Each is written in the transaction that does what it tells of, so the log neither lacks nor invents
anything.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connections, transaction
from django.db.models import Func, JSONField, QuerySet
from django.db.models.expressions import RawSQL

from apiapp.imports.models import Dataset, DatasetEvent
from apiapp.imports.routers import DATASETS
from apiapp.jobs import services as jobs
from apiapp.outbox.services import SPREADING

Kind = DatasetEvent.Kind
MADE_BY_IMPORTS = (Kind.IMPORTED, Kind.SCHEMA_CHANGED)  # the latter by a retype
# Facts of a change that the table itself shows, as a label's does not, and that is no import's.
IN_THE_TABLE = {"added", "dropped", "restored", "required", "unique", "indexed"}
EDITS = (Kind.ROW_ADDED, Kind.ROW_CHANGED, Kind.ROWS_DELETED)
OF_IMPORTS = (Kind.IMPORTED, Kind.UNDONE)
FORMER = "was"  # among the facts of an edit: the rows of before, which are told to nobody
TOLD = "told"  # the attribute of events that with_told finds


class Told(Func):
    """Facts without the rows of before; the database leaves them out, so they are not read."""

    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"(%(expressions)s - '{FORMER}')"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"json_remove(%(expressions)s, '$.{FORMER}')"
        return self.as_sql(compiler, connection, template=template, **context)


def tell(
    dataset: Dataset,
    kind: DatasetEvent.Kind,
    *,
    by: str,
    now: datetime,
    import_id: int | None = None,
    **facts: Any,
) -> DatasetEvent:
    """by: a user's name.  facts: what the kind needs, as JSON."""
    if kind in OF_IMPORTS:
        have_told(now=now)
    return DatasetEvent.objects.create(
        transaction_id=this_transaction(),
        dataset_id=dataset.pk,
        dataset_title=dataset.title,
        dataset_slug=dataset.slug,
        kind=kind,
        actor=by,
        import_id=import_id,
        facts=facts,
        at=now,
    )


def have_told(*, now: datetime) -> None:
    """Once this transaction is over, others are told without waiting for the next time."""
    transaction.on_commit(
        partial(jobs.hasten, name=SPREADING, now=now), using=DATASETS, robust=True
    )


def this_transaction() -> Any:
    """What PostgreSQL numbers transactions by; 0 where one waits for the other."""
    if connections[DATASETS].vendor == "postgresql":
        return RawSQL("pg_current_xact_id()::text::bigint", [])  # nosec B611 # a constant
    return 0


def of_dataset(dataset: Dataset, *, kept_back: Iterable[Kind] = ()) -> QuerySet[DatasetEvent]:
    """The newest first, but for those of the kinds `kept_back`."""
    rows = DatasetEvent.objects.filter(dataset_id=dataset.pk).exclude(kind__in=kept_back)
    return with_told(rows)


def with_told(rows: QuerySet[DatasetEvent]) -> QuerySet[DatasetEvent]:
    """Each with what is `told` of its facts."""
    return rows.defer("facts").annotate(**{TOLD: Told("facts")})


def newest_id(dataset: Dataset) -> int:
    """0 if nothing is told of the dataset."""
    newest = DatasetEvent.objects.filter(dataset_id=dataset.pk).order_by("-pk").first()
    return newest.pk if newest else 0


def rows_edited_after(dataset: Dataset, event_id: int) -> set[int] | None:
    """Numbers of rows edited since that event; None where they are not all that was changed."""
    found = DatasetEvent.objects.filter(dataset_id=dataset.pk, pk__gt=event_id)
    later = found.exclude(kind__in=[Kind.RENAMED, Kind.SHARED])
    row_ids = list(later.values_list("facts__row_ids", flat=True))
    return None if None in row_ids else numbers(row_ids)


def columns_changed_since(*, dataset_id: int, import_id: int) -> bool:
    """Whether the table's own columns or indexes are others than the import left."""
    events = DatasetEvent.objects.filter(dataset_id=dataset_id)
    loaded = events.filter(kind__in=MADE_BY_IMPORTS, import_id=import_id).order_by("-pk").first()
    since = events.filter(kind=Kind.SCHEMA_CHANGED, pk__gt=loaded.pk if loaded else 0)
    return any(
        not IN_THE_TABLE.isdisjoint(facts) for facts in since.values_list("facts", flat=True)
    )


def rows_edited_since(*, dataset_id: int, import_id: int) -> set[int]:
    """Numbers of rows that were added, changed or deleted by hand after the import was loaded."""
    events = DatasetEvent.objects.filter(dataset_id=dataset_id)
    loaded = events.filter(kind__in=MADE_BY_IMPORTS, import_id=import_id).order_by("-pk").first()
    if loaded is None:
        return set()
    since = events.filter(kind__in=EDITS, pk__gt=loaded.pk)
    return numbers(since.values_list("facts__row_ids", flat=True))


def numbers(row_ids: Iterable[list[int]]) -> set[int]:
    return {row_id for each in row_ids for row_id in each}
