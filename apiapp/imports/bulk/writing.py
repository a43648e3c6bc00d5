"""Many rows added, or merged into those of the same key, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apiapp.imports import datasets, events, selection
from apiapp.imports.bulk import faults as finding
from apiapp.imports.bulk.faults import Faults, Numbered
from apiapp.imports.errors import BadKey, RowsRefused
from apiapp.imports.former_rows import Kept
from apiapp.imports.models import Dataset
from apiapp.imports.routers import DATASETS
from apiapp.imports.rows import ROW_ID, attribute, model_for, rows_of

IDS_ASKED = 500

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnConflict:
    """What happens to a row whose `columns` have the values of one that is there.

    merges: its values are written over those of that row; else it is passed over.
    """

    columns: tuple[str, ...]
    merges: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Numbers of rows in the table.  unchanged: had these values before; passed over: not counted.

    was: what the updated rows had before, if it was kept.
    """

    inserted: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    passed_over: int = 0
    was: Kept | None = None

    @property
    def row_ids(self) -> list[int]:
        return [*self.inserted, *self.updated, *self.unchanged]


@dataclass(frozen=True, slots=True)
class Plan:
    """new: rows to add.  targets: number of a row -> the row of the table that it changes."""

    new: list[Numbered]
    changes: list[Numbered]
    targets: dict[int, int]
    passed_over: int = 0


def conflict_on(dataset: Dataset, asked: Sequence[str], *, merges: bool) -> OnConflict:
    """By the columns `asked`, or else by the dataset's key.  Raises BadKey.

    Only what the table holds once tells rows apart: the key, or a unique column.
    """
    names = list(asked) or list(dataset.key_columns)
    if not names:
        raise BadKey(f"{dataset.slug!r} has no key: say on_conflict=column, of a unique column")
    known = finding.held_once(dataset)
    if sorted(names) not in [sorted(each) for each in known]:
        choice = "; ".join(",".join(each) for each in known) or "none"
        raise BadKey(f"rows are told apart by the key or a unique column; here: {choice}")
    return OnConflict(tuple(names), merges)


def write_rows(
    *,
    dataset: Dataset,
    rows: Sequence[Row],
    faults: Faults,
    conflict: OnConflict | None,
    by: User,
    now: datetime,
) -> Written:
    """All of `rows` (attribute -> value, what is left out is empty or stays), or none.

    faults: what is known to be wrong with them.  Raises RowsRefused with all that is wrong, and
    RowConflict where others wrote the same at this moment.
    """
    numbered = list(enumerate(rows, start=1))
    with datasets.unique_values_kept():
        plan = planned(dataset, numbered, conflict, faults)
        columns = list(dataset.columns.all())
        finding.find_missing(faults, plan.new, columns)
        finding.find_breaches(faults, [*plan.new, *plan.changes], columns)
        finding.find_repeated(faults, [*plan.new, *plan.changes], dataset, plan.targets)
        if faults:
            raise RowsRefused(errors=faults.by_row)
        written = carried_out(dataset, plan)
        tell(dataset, written, by=by, now=now)
        counted = partial(datasets.count_rows, dataset, added=len(written.inserted), now=now)
        transaction.on_commit(counted, using=DATASETS)
    return written


def planned(
    dataset: Dataset, rows: Sequence[Numbered], conflict: OnConflict | None, faults: Faults
) -> Plan:
    if conflict is None:
        return Plan(new=list(rows), changes=[], targets={})
    keys = dict(finding.keys_in(rows, conflict.columns))
    for number, row in rows:
        if number not in keys:
            lacking = [each for each in conflict.columns if row.get(attribute(each)) is None]
            faults.add(number, lacking[0], finding.REQUIRED)
    there = dict(finding.found(dataset, conflict.columns, set(keys.values())))
    if conflict.merges:
        targets = {number: there[key] for number, key in keys.items() if key in there}
        return Plan(
            new=[(number, row) for number, row in rows if number not in targets],
            changes=[(number, row) for number, row in rows if number in targets],
            targets=targets,
        )
    seen, new = set(there), []
    for number, row in rows:
        if keys.get(number) not in seen:
            new.append((number, row))
            seen.add(keys.get(number, ()))
    return Plan(new=new, changes=[], targets={}, passed_over=len(rows) - len(new))


def carried_out(dataset: Dataset, plan: Plan) -> Written:
    model = model_for(dataset)
    made = model._default_manager.using(DATASETS).bulk_create(model(**row) for _, row in plan.new)
    news = differing(dataset, plan)
    updated = {row_id: values for row_id, values in news.items() if values}
    touched = {name for values in updated.values() for name in values}
    was = datasets.cells_kept(dataset, list(updated), touched)
    for row_id, values in updated.items():
        rows_of(dataset).filter(row_id=row_id).update(**values)
    unchanged = [row_id for row_id, values in news.items() if not values]
    inserted = [each.pk for each in made]
    return Written(inserted, list(updated), unchanged, plan.passed_over, was)


def differing(dataset: Dataset, plan: Plan) -> dict[int, dict[str, Any]]:
    """Number of each row in the table that is to change -> the values that it has not already."""
    before = rows_by_id(dataset, list(plan.targets.values()), is_held=True)
    targets = ((plan.targets[number], row) for number, row in plan.changes)
    return {
        row_id: {name: value for name, value in row.items() if before[row_id][name] != value}
        for row_id, row in targets
    }


def rows_by_id(
    dataset: Dataset, row_ids: Sequence[int], *, is_held: bool = False
) -> dict[int, dict[str, Any]]:
    """Whole rows; those that are held are changed by nobody else before this transaction ends."""
    names = selection.attributes(datasets.types_of(dataset))
    rows = rows_of(dataset).select_for_update() if is_held else rows_of(dataset)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(row_ids), IDS_ASKED):
        some = rows.filter(row_id__in=row_ids[start : start + IDS_ASKED]).values(*names)
        found |= {row[ROW_ID]: row for row in some}
    return found


def tell(dataset: Dataset, written: Written, *, by: User, now: datetime) -> None:
    """Of what was done, in the dataset's history."""
    if written.inserted:
        datasets.tell_edit(dataset, events.Kind.ROW_ADDED, written.inserted, by=by, now=now)
    if written.updated:
        changed = events.Kind.ROW_CHANGED
        datasets.tell_edit(dataset, changed, written.updated, by=by, now=now, was=written.was)
