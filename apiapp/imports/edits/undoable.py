"""What of a dataset's history could be taken back now: told before anybody tries.

The rules are those of edits/undoing.py and of apiapp/imports/undoing.py.  Whatever a page of events
shows, a few queries answer for all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from django.db.models import Case, When

from apiapp.imports import events, undoing
from apiapp.imports.access import roles
from apiapp.imports.edits.undoing import NOT_KEPT, changed_again, in_the_way
from apiapp.imports.errors import ImportFailed
from apiapp.imports.events import EDITS, Kind
from apiapp.imports.models import Dataset, DatasetEvent, Import, LoadLedger, Role

LOOKED_AT = 1_000  # newer ones than the oldest of a page
TAKEN_BACK = "it was taken back"
TOO_MUCH_SINCE = f"more than {LOOKED_AT:,} things happened since"


class Outlook(NamedTuple):
    """is_possible: None where it was not looked at, which `why_not` says, or where there is nothing
    to take back.
    """

    is_possible: bool | None = None
    why_not: str = ""


UNKNOWN = Outlook()


def with_outlooks(dataset: Dataset, page: Sequence[DatasetEvent]) -> Sequence[DatasetEvent]:
    """`page`, each event with its `outlook`; who may not edit is told of none."""
    found: dict[int, Outlook] = {}
    if roles.may(dataset, Role.EDITOR):
        found = {**of_edits(dataset, page), **of_imports(dataset, page)}
    for event in page:
        event.outlook = found.get(event.pk, UNKNOWN)
    return page


# --- edits -------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Since:
    """What happened after an event, gathered from the newest on."""

    rows: set[int] = field(default_factory=set)
    taken_back: set[int] = field(default_factory=set)
    why: str = ""

    def outlook_of(self, event_id: int, told: Mapping[str, Any], *, is_kept: bool) -> Outlook:
        again = self.rows.intersection(told["row_ids"])
        if event_id in self.taken_back:
            why = TAKEN_BACK
        elif not is_kept:
            why = NOT_KEPT
        else:
            why = changed_again(again) if again else self.why
        return Outlook(is_possible=not why, why_not=why)

    def add(self, event_id: int, kind: str, told: Mapping[str, Any]) -> None:
        if kind in EDITS:
            self.rows.update(told["row_ids"])
            if "undoes" in told and event_id not in self.taken_back:
                self.taken_back.add(told["undoes"])
        else:
            self.why = in_the_way(kind, told) or self.why


def of_edits(dataset: Dataset, page: Iterable[DatasetEvent]) -> dict[int, Outlook]:
    wanted = {event.pk for event in page if event.kind in EDITS}
    if not wanted:
        return {}
    newer = DatasetEvent.objects.filter(dataset_id=dataset.pk, pk__gte=min(wanted))
    is_kept = Case(When(facts__has_key=events.FORMER, then=True), default=False)
    rows = events.with_told(newer).annotate(is_kept=is_kept).order_by("-pk")
    found, since = dict.fromkeys(wanted, Outlook(why_not=TOO_MUCH_SINCE)), Since()
    for pk, kind, told, kept in rows.values_list("pk", "kind", events.TOLD, "is_kept")[:LOOKED_AT]:
        if pk in wanted:
            found[pk] = since.outlook_of(pk, told, is_kept=kept or kind == Kind.ROW_ADDED)
        since.add(pk, kind, told)
    return found


# --- imports -----------------------------------------------------------------------------------------------
def of_imports(dataset: Dataset, page: Iterable[DatasetEvent]) -> dict[int, Outlook]:
    """Of what imports and retypes did; only the newest in the table asks for more than the ledger."""
    of_import = {
        event.pk: event.import_id for event in page if event.kind in events.MADE_BY_IMPORTS
    }
    rows = Import.objects.in_bulk([each for each in of_import.values() if each])
    if not rows:
        return {}
    ids = list(Import.objects.filter(dataset=dataset).values_list("pk", flat=True))
    ledgers = list(LoadLedger.objects.filter(import_id__in=ids).order_by("-pk"))
    found = {pk: of_import_row(row, dataset, ledgers) for pk, row in rows.items()}
    return {pk: found[each] for pk, each in of_import.items() if each in found}


def of_import_row(row: Import, dataset: Dataset, ledgers: Iterable[LoadLedger]) -> Outlook:
    """ledgers: of all that is in the table, the newest first."""
    if row.undone_at or not row.applied_at:
        return Outlook(is_possible=False, why_not=TAKEN_BACK)
    later = list(takewhile(lambda ledger: ledger.import_id != row.pk, ledgers))
    try:
        undoing.refuse_after_others(row, dataset, later)
    except ImportFailed as error:
        return Outlook(is_possible=False, why_not=str(error))
    return Outlook(is_possible=True)
