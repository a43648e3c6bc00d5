"""Which column of a dataset each column of a file goes to.

By its name or label, by what was chosen for it before, or by a choice now; what only resembles is
proposed, never taken.  A column of the file that goes nowhere is a ColumnSpec without a name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from apiapp.imports.errors import BadColumns
from apiapp.imports.models import ColumnChoice, Dataset
from apiapp.imports.pipeline.schema import (
    ColumnSpec,
    asked_columns,
    column_name,
    refuse_miscounted,
)

RESEMBLES_RATIO = 0.75
NAME, REMEMBERED, SIMILAR = "name", "remembered", "similar"
# What becomes of a column of the file that the dataset lacks.
REFUSE, SKIP, ADD = "refuse", "skip", "add"
# What a file of refused rows has beside its own columns; see refused_rows.py.
ROW_COLUMN, REASONS_COLUMN = "_row", "_reasons"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a column of a file may go.  by: NAME, REMEMBERED, SIMILAR or "" where nothing fits.

    column: its name in the dataset; "" with REMEMBERED: it was left out before.
    """

    label: str
    column: str = ""
    by: str = ""


def specs_of(dataset: Dataset) -> list[ColumnSpec]:
    return [
        ColumnSpec(
            name=each.name,
            label=each.label,
            type=each.type,
            required=each.required,
            unique=each.unique,
            conditions=each.conditions,
        )
        for each in dataset.columns.all()
    ]


# --- propose -----------------------------------------------------------------------------------------
def proposed(dataset: Dataset, labels: Sequence[str]) -> list[Target]:
    """For each column of a file its target; no two have the same."""
    known, chosen = specs_of(dataset), remembered(dataset, labels)
    by_name = found_by_name(known)
    targets = [sure_target(label, by_name, chosen) for label in labels]
    taken = {target.column for target in targets if target.column}
    return [target if target.by else similar(target.label, known, taken) for target in targets]


def sure_target(label: str, by_name: Mapping[str, ColumnSpec], chosen: Mapping[str, str]) -> Target:
    if label.casefold() in chosen:
        return Target(label, chosen[label.casefold()], REMEMBERED)
    column = by_name.get(label.casefold()) or by_name.get(column_name(label))
    return Target(label, column.name, NAME) if column else Target(label)


def found_by_name(known: Iterable[ColumnSpec]) -> dict[str, ColumnSpec]:
    known = list(known)
    return {each.label.casefold(): each for each in known} | {each.name: each for each in known}


def similar(label: str, known: Sequence[ColumnSpec], taken: set[str]) -> Target:
    """The column that resembles `label` most; it is taken from then on."""
    name = column_name(label)
    rated = [
        (SequenceMatcher(None, name, each.name).ratio(), each.name)
        for each in known
        if each.name not in taken
    ]
    ratio, best = max(rated, default=(0.0, ""))
    if ratio < RESEMBLES_RATIO:
        return Target(label)
    taken.add(best)
    return Target(label, best, SIMILAR)


# --- remember ------------------------------------------------------------------------------------------
def remembered(dataset: Dataset, labels: Iterable[str]) -> dict[str, str]:
    """Label in lower case -> column chosen for it; what names a column that is gone is forgotten."""
    names = {each.name for each in dataset.columns.all()} | {""}
    asked = {label.casefold() for label in labels}
    chosen = ColumnChoice.objects.filter(dataset=dataset, label__in=asked, column__in=names)
    return dict(chosen.values_list("label", "column"))


def remember(dataset: Dataset, targets: Iterable[tuple[str, str]]) -> None:
    """Keep for the next file what was chosen: pairs of a file's label and a column's name."""
    ColumnChoice.objects.bulk_create(
        [
            ColumnChoice(dataset=dataset, label=label.casefold(), column=column)
            for label, column in dict(targets).items()
        ],
        update_conflicts=True,
        unique_fields=["dataset", "label"],
        update_fields=["column"],
    )


# --- decide --------------------------------------------------------------------------------------------
def with_choices(
    found: Sequence[ColumnSpec], asked: Sequence[Mapping[str, Any]] | None
) -> list[ColumnSpec]:
    """The columns of a file as a person wants them, without a name if skipped.  Raises BadColumns."""
    if asked is None:
        return list(found)
    refuse_miscounted(asked, found)
    kept = [at for at, wish in enumerate(asked) if not wish.get("skip")]
    if not kept:
        raise BadColumns("every column of the file is skipped")
    wanted = asked_columns([found[at] for at in kept], [asked[at] for at in kept])
    columns = [skipped(each.label) for each in found]
    for at, column in zip(kept, wanted, strict=True):
        columns[at] = column
    return columns


def skipped(label: str) -> ColumnSpec:
    return ColumnSpec(name="", label=label)


def by_position(dataset: Dataset, columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    known = specs_of(dataset)
    if len(known) != len(columns):
        raise BadColumns(
            f"the file names no columns and has {len(columns)}; {dataset.slug!r} has {len(known)}"
        )
    return [replace(each, form=column.form) for each, column in zip(known, columns, strict=True)]


def by_name(
    dataset: Dataset,
    columns: Sequence[ColumnSpec],
    *,
    chosen: Mapping[str, str],
    extra: str = REFUSE,
    inserts: bool = True,
) -> list[ColumnSpec]:
    """For each column the one of the dataset, or a new one.  Raises BadColumns.

    chosen: as `remembered` gives it.  extra: REFUSE, SKIP or ADD what fits nowhere.  inserts: rows
    may be new, so each required column must be there.
    """
    known = specs_of(dataset)
    named = found_by_name(known)
    targets = [target_of(each, named, chosen) for each in columns]
    if extra == ADD:
        pairs = zip(columns, targets, strict=True)
        targets = [target or replace(each, is_new=True) for each, target in pairs]
    lacking = [each.label for each, target in zip(columns, targets, strict=True) if not target]
    if lacking and extra == REFUSE:
        raise BadColumns(f"{dataset.slug!r} has no column {', '.join(lacking)}", columns=lacking)
    refuse_unaddable([target for target in targets if target and target.is_new], named)
    names = [target.name for target in targets if target and target.name]
    refuse_impossible(names, known if inserts else ())
    return [
        replace(target, form=each.form) if target else skipped(each.label)
        for each, target in zip(columns, targets, strict=True)
    ]


def target_of(
    column: ColumnSpec, named: Mapping[str, ColumnSpec], chosen: Mapping[str, str]
) -> ColumnSpec | None:
    """A column without a name stays so, and one to be added; one that was left out before is left
    out again.
    """
    label = column.label.casefold()
    if not column.name or column.is_new:
        return column
    if label in chosen:
        return named[chosen[label]] if chosen[label] else skipped(column.label)
    return named.get(column.name) or named.get(label)


def refuse_unaddable(added: Iterable[ColumnSpec], named: Mapping[str, ColumnSpec]) -> None:
    """Raises BadColumns: other rows are empty there, and no two columns have one name."""
    for column in added:
        if column.name in named:
            reason = f"the dataset has a column {column.name!r} already"
            raise BadColumns(reason, columns=[column.label])
        if column.required or column.unique:
            reason = f"{column.label}: a column that is added can be neither required nor unique"
            raise BadColumns(reason, columns=[column.label])


def refuse_impossible(names: Sequence[str], known: Iterable[ColumnSpec]) -> None:
    """Raises BadColumns where two columns go to one, none goes anywhere, or a required one lacks."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadColumns(f"two columns of the file go to {', '.join(twice)}", columns=twice)
    if not names:
        raise BadColumns("every column of the file is skipped")
    lacking = [each.label for each in known if each.required and each.name not in names]
    if lacking:
        raise BadColumns(f"the file lacks the column {', '.join(lacking)}", columns=lacking)
