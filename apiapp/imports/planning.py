"""What an import is going to do, decided before anything of it exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from apiapp.imports import datasets, hidden, mapping, references, tables
from apiapp.imports.access import roles
from apiapp.imports.errors import (
    BadColumns,
    BadKey,
    FileGone,
    NotContinuable,
    TooManyColumns,
    UnknownDataset,
)
from apiapp.imports.mapping import specs_of
from apiapp.imports.models import Dataset, Import, Role
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.pipeline.looking import look
from apiapp.imports.pipeline.opening import NO_LIMITS
from apiapp.imports.pipeline.propose import Proposal, likely_form
from apiapp.imports.pipeline.schema import ColumnSpec, from_dicts, named_columns
from apiapp.keys.callers import Caller

NAMELESS = "file"
INLINE = "inline"  # where rows come from that came in a request


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for; what is empty is decided here.

    dataset: the title of a new one, the short name of one that is there.
    columns: one for each column of the file, as schema.asked_columns takes them, or with `skip`;
    where the dataset is there, their names say which column of it each one goes to.
    key: columns by name or label.  is_again: also if the dataset has this file already.
    extra: what becomes of columns that the dataset lacks: see mapping.  continues: an import some of whose
    refused rows the file has, mended; it says the mode and the dataset.
    """

    mode: str = Import.Mode.CREATE
    dataset: str = ""
    columns: Sequence[Mapping[str, Any]] | None = None
    dialect: Mapping[str, Any] | None = None
    key: Sequence[str] = ()
    inserts_new: bool = True
    updates_existing: bool = True
    deletes_missing: bool = False
    is_dry_run: bool = False
    is_again: bool = False
    extra: str = mapping.REFUSE
    continues: Import | None = None
    work_id: UUID | None = None  # seeing the same one again, nothing is done again
    limits: Limits = NO_LIMITS  # of what reading the file may cost


@dataclass(frozen=True, slots=True)
class Plan:
    """dataset: the one that is there.  columns: those of the file, in its order.

    key: names of columns.  choices: the labels of the file's columns, and where each goes.
    """

    mode: str
    title: str
    slug: str
    dataset: Dataset | None
    columns: list[ColumnSpec]
    dialect: Dialect | None
    source_name: str
    key: Sequence[str] = ()
    choices: Sequence[tuple[str, str]] = ()


def look_at(
    path: Path, *, dialect: Mapping[str, Any] | None, limits: Limits = NO_LIMITS
) -> Proposal:
    """Raises UnreadableFile, BadDialect, FileGone."""
    try:
        return look(path, column_limit=tables.column_limit(), limits=limits, asked=dialect)
    except FileNotFoundError as error:
        raise FileGone from error


def preview(
    caller: Caller,
    path: Path,
    *,
    dialect: Mapping[str, Any] | None,
    columns: Sequence[Mapping[str, Any]] | None,
    limits: Limits = NO_LIMITS,
) -> Proposal:
    """What a file would become, its columns as they are asked for if they are.

    One that is given another type, and no form, has the form in which its first cells fit best.
    Raises as `look_at`, and BadColumns.
    """
    proposal = look_at(path, dialect=dialect, limits=limits)
    if columns is None:
        return proposal
    wanted = mapping.with_choices(proposal.columns, columns)
    references.require(caller, wanted)
    rows = [row for row in proposal.beginning.rows if len(row) == len(wanted)]
    cells = list(zip(*rows, strict=True)) or [()] * len(wanted)
    formed = [
        replace(column, form=likely_form(column, cells[at]))
        if "form" not in columns[at] and column.type != proposal.columns[at].type
        else column
        for at, column in enumerate(wanted)
    ]
    return replace(proposal, columns=formed)


def plan_file(
    *, caller: Caller, path: Path, source_name: str, wanted: Wanted, now: datetime
) -> Plan:
    """Raises an ImportFailed that says what is wrong with the file or with what is wanted."""
    if wanted.mode == Import.Mode.CREATE:
        dataset = None
        title, slug = new_name(caller, wanted.dataset, source_name, now=now)
        proposal = look_at(path, dialect=wanted.dialect, limits=wanted.limits)
        columns, key = created_columns(proposal, wanted)
        references.require(caller, columns)
    else:
        dataset = require_dataset(caller, wanted.dataset)
        title, slug = dataset.title, dataset.slug
        key = key_of(dataset, wanted)
        proposal = look_at(path, dialect=wanted.dialect, limits=wanted.limits)
        columns = columns_into(dataset, proposal, wanted)
        require_columns(key, columns)
        require_room(caller, dataset, [each for each in columns if each.is_new])
    return Plan(
        mode=wanted.mode,
        title=title,
        slug=slug,
        dataset=dataset,
        columns=columns,
        dialect=proposal.dialect,
        source_name=source_name,
        key=key,
        choices=[
            (found.label, column.name)
            for found, column in zip(proposal.columns, columns, strict=True)
        ],
    )


def plan_rows(*, caller: Caller, source: InlineRows, name: str, now: datetime) -> Plan:
    """Append to the caller's dataset of this name, or make one.

    Raises BadName, BadColumns, TooManyColumns, DatasetBusy.
    """
    named = named_columns(source.keys)
    if len(named) > tables.column_limit():
        raise TooManyColumns(columns=len(named), limit=tables.column_limit())
    dataset = find_dataset(caller, name)
    if dataset:
        slug, title, columns = (
            dataset.slug,
            dataset.title,
            mapping.by_name(dataset, named, chosen={}),
        )
        require_columns(dataset.key_columns, columns)
    else:
        title, slug = new_name(caller, name, NAMELESS, now=now)
        columns = [
            replace(column, type=type_) for column, type_ in zip(named, source.types(), strict=True)
        ]
    return Plan(
        mode=Import.Mode.APPEND if dataset else Import.Mode.CREATE,
        title=title,
        slug=slug,
        dataset=dataset,
        columns=columns,
        dialect=None,
        source_name=INLINE,
        key=dataset.key_columns if dataset else (),
    )


def new_name(caller: Caller, asked: str, source_name: str, *, now: datetime) -> tuple[str, str]:
    """Title and slug of a new dataset; a name that nobody asked for gives way to all others."""
    if asked:
        title = asked[: hidden.TITLE_LIMIT_CHARS]
        return title, hidden.require_name(title=title, caller=caller, now=now)
    title = Path(source_name).stem[: hidden.TITLE_LIMIT_CHARS]
    return title, hidden.unused_slug(hidden.slug_words(title) or NAMELESS)


def find_dataset(caller: Caller, name: str) -> Dataset | None:
    """The dataset of this short name, or of a title that gives it, to import into.

    Raises NotPermitted where the caller may only look at it.
    """
    known = datasets.visible_to(caller)
    found = known.filter(slug=name).first() or known.filter(slug=hidden.slug_words(name)).first()
    if found:
        roles.require(found, Role.EDITOR)
    return found


def require_dataset(caller: Caller, name: str) -> Dataset:
    """Raises UnknownDataset, NotPermitted."""
    dataset = find_dataset(caller, name)
    if dataset is None:
        raise UnknownDataset(name=name)
    return dataset


# --- the key -----------------------------------------------------------------------------------------
def created_columns(proposal: Proposal, wanted: Wanted) -> tuple[list[ColumnSpec], list[str]]:
    """The columns of a new dataset and the names of its key.  Raises BadColumns, BadKey."""
    asked = mapping.with_choices(proposal.columns, wanted.columns)
    columns = [replace(each, is_new=False) for each in asked]  # all of them are
    key = named_key([each for each in columns if each.name], wanted.key)
    return [replace(each, required=each.required or each.name in key) for each in columns], key


def key_of(dataset: Dataset, wanted: Wanted) -> list[str]:
    """The dataset's key, or the one that is asked for if it has none.  Raises BadKey."""
    key = named_key(specs_of(dataset), wanted.key) or dataset.key_columns
    if dataset.key_columns and set(key) != set(dataset.key_columns):
        known = ", ".join(dataset.key_columns)
        raise BadKey(f"{dataset.slug!r} has another key: {known}")
    if wanted.mode == Import.Mode.UPSERT and not key:
        raise BadKey(f"{dataset.slug!r} has no key: say which columns tell its rows apart")
    return list(key)


def named_key(columns: Sequence[ColumnSpec], asked: Sequence[str]) -> list[str]:
    """Names of the columns that `asked` tells by name or label.  Raises BadKey."""
    found = {column.label.casefold(): column for column in columns}
    found |= {column.name: column for column in columns}
    key = [found.get(each) or found.get(each.casefold()) for each in asked]
    unknown = [each for each, column in zip(asked, key, strict=True) if column is None]
    if unknown:
        raise BadKey(f"there is no column {', '.join(unknown)} to be in the key")
    names = [column.name for column in key if column]
    if any(column.type == "json" for column in key if column):
        raise BadKey("a column of JSON cannot be in the key")
    return list(dict.fromkeys(names))


def require_columns(key: Sequence[str], columns: Sequence[ColumnSpec]) -> None:
    """Raises BadColumns."""
    names = [column.name for column in columns]
    lacking = [name for name in key if name not in names]
    if lacking:
        raise BadColumns(f"the file lacks {', '.join(lacking)} of the key", columns=lacking)


# --- columns of a dataset that is there -----------------------------------------------------------------
def columns_into(dataset: Dataset, proposal: Proposal, wanted: Wanted) -> list[ColumnSpec]:
    """For each column of the file the one of the dataset it goes to: by name or label, or by
    position where neither the file nor the person names any.  Raises BadColumns.
    """
    columns = mapping.with_choices(proposal.columns, wanted.columns)
    if wanted.continues:
        return columns_again(dataset, columns, wanted.continues, wanted)
    is_unnamed = not proposal.labels and all(
        column.label == proposed.label and column.name
        for column, proposed in zip(columns, proposal.columns, strict=True)
    )
    if is_unnamed:
        return mapping.by_position(dataset, columns)
    labels = [each.label for each in columns]
    return mapping.by_name(
        dataset,
        columns,
        chosen=mapping.remembered(dataset, labels) if wanted.columns is None else {},
        extra=wanted.extra,
        inserts=wanted.mode != Import.Mode.UPSERT or wanted.inserts_new,
    )


def columns_again(
    dataset: Dataset, columns: Sequence[ColumnSpec], first: Import, wanted: Wanted
) -> list[ColumnSpec]:
    """The columns of rows that `first` refused: they go where its own went, and are read alike."""
    own = from_dicts(first.columns)
    forms = {each.label.casefold(): each.form for each in own}
    noted = [without_notes(each) for each in columns]
    return mapping.by_name(
        dataset,
        [replace(each, form=forms.get(each.label.casefold(), each.form)) for each in noted],
        chosen={each.label.casefold(): each.name for each in own},
        extra=wanted.extra,
        inserts=wanted.mode != Import.Mode.UPSERT or wanted.inserts_new,
    )


def require_room(caller: Caller, dataset: Dataset, added: Sequence[ColumnSpec]) -> None:
    """Raises TooManyColumns, and BadColumns where an added column refers to nothing."""
    count = len(specs_of(dataset)) + len(added)
    if added and count > tables.column_limit():
        raise TooManyColumns(columns=count, limit=tables.column_limit())
    references.require(caller, added)


def without_notes(column: ColumnSpec) -> ColumnSpec:
    """Skipped, if it is one of those that tell of refused rows."""
    is_note = column.label in (mapping.ROW_COLUMN, mapping.REASONS_COLUMN)
    return mapping.skipped(column.label) if is_note else column


def as_continued(wanted: Wanted, first: Import) -> Wanted:
    """`wanted` with what the import that it goes on with was told.  Raises NotContinuable."""
    if first.dataset is None or first.state != "succeeded":
        raise NotContinuable(state="without its dataset" if not first.dataset else first.state)
    if first.mode == Import.Mode.RETYPE:
        raise NotContinuable(state="a change of type")
    return replace(
        wanted,
        mode=Import.Mode.UPSERT if first.mode == Import.Mode.UPSERT else Import.Mode.APPEND,
        dataset=first.dataset.slug,
        inserts_new=first.inserts_new,
        updates_existing=first.updates_existing,
        deletes_missing=False,  # the file has some rows only
        continues=first,
    )
