"""What an import is going to do, decided before anything of it exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from apiapp.imports import datasets, hidden, tables
from apiapp.imports.errors import BadColumns, FileGone, TooManyColumns, UnknownDataset
from apiapp.imports.models import Dataset, Import
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.pipeline.propose import Proposal, propose
from apiapp.imports.pipeline.schema import ColumnSpec, asked_columns, named_columns
from apiapp.keys.callers import Caller

NAMELESS = "file"
INLINE = "inline"  # where rows come from that came in a request


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for; what is empty is decided here.

    dataset: the title of a new one, the short name of one to append to.
    columns: one for each column of the file, as schema.asked_columns takes them; for an append
    their names say which column of the dataset each one goes to.
    """

    mode: str = Import.Mode.CREATE
    dataset: str = ""
    columns: Sequence[Mapping[str, Any]] | None = None
    dialect: Mapping[str, Any] | None = None
    work_id: UUID | None = None  # seeing the same one again, nothing is done again


@dataclass(frozen=True, slots=True)
class Plan:
    """dataset: the one to append to.  columns: those of the file, in its order."""

    mode: str
    title: str
    slug: str
    dataset: Dataset | None
    columns: list[ColumnSpec]
    dialect: Dialect | None
    source_name: str


def look_at(path: Path, *, dialect: Mapping[str, Any] | None) -> Proposal:
    """Raises UnreadableFile, BadDialect, FileGone."""
    try:
        with path.open("rb", buffering=0) as file:
            return propose(
                file,
                size_bytes=path.stat().st_size,
                column_limit=tables.column_limit(),
                asked=dialect,
            )
    except FileNotFoundError as error:
        raise FileGone from error


def plan_file(
    *, caller: Caller, path: Path, source_name: str, wanted: Wanted, now: datetime
) -> Plan:
    """Raises an ImportFailed that says what is wrong with the file or with what is wanted."""
    if wanted.mode == Import.Mode.APPEND:
        dataset = find_dataset(caller, wanted.dataset)
        if dataset is None:
            raise UnknownDataset(name=wanted.dataset)
        proposal = look_at(path, dialect=wanted.dialect)
        columns = appended_columns(dataset, proposal, wanted.columns)
        title, slug = dataset.title, dataset.slug
    else:
        dataset = None
        title, slug = new_name(caller, wanted.dataset, source_name, now=now)
        proposal = look_at(path, dialect=wanted.dialect)
        columns = proposal.columns
        if wanted.columns is not None:
            columns = asked_columns(columns, wanted.columns)
    return Plan(
        mode=wanted.mode,
        title=title,
        slug=slug,
        dataset=dataset,
        columns=columns,
        dialect=proposal.dialect,
        source_name=source_name,
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
        slug, title, columns = dataset.slug, dataset.title, by_name(dataset, named)
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
    )


def new_name(caller: Caller, asked: str, source_name: str, *, now: datetime) -> tuple[str, str]:
    """Title and slug of a new dataset; a name that nobody asked for gives way to all others."""
    if asked:
        title = asked[: hidden.TITLE_LIMIT_CHARS]
        return title, hidden.require_name(title=title, caller=caller, now=now)
    title = Path(source_name).stem[: hidden.TITLE_LIMIT_CHARS]
    return title, hidden.unused_slug(hidden.slug_words(title) or NAMELESS)


def find_dataset(caller: Caller, name: str) -> Dataset | None:
    """The caller's dataset of this short name, or of a title that gives it."""
    known = datasets.visible_to(caller)
    return known.filter(slug=name).first() or known.filter(slug=hidden.slug_words(name)).first()


def appended_columns(
    dataset: Dataset, proposal: Proposal, asked: Sequence[Mapping[str, Any]] | None
) -> list[ColumnSpec]:
    """For each column of the file the one of the dataset it goes to: by name or label, or by
    position where neither the file nor the person names any.  Raises BadColumns.
    """
    columns = proposal.columns if asked is None else asked_columns(proposal.columns, asked)
    is_unnamed = not proposal.labels and all(
        column.label == proposed.label
        for column, proposed in zip(columns, proposal.columns, strict=True)
    )
    return by_position(dataset, columns) if is_unnamed else by_name(dataset, columns)


def by_position(dataset: Dataset, columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    known = specs_of(dataset)
    if len(known) != len(columns):
        raise BadColumns(
            f"the file names no columns and has {len(columns)}; {dataset.slug!r} has {len(known)}"
        )
    return known


def by_name(dataset: Dataset, columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    known = specs_of(dataset)
    found = {column.label.casefold(): column for column in known}
    found |= {column.name: column for column in known}
    targets = [found.get(each.name) or found.get(each.label.casefold()) for each in columns]
    extra = [each.label for each, target in zip(columns, targets, strict=True) if not target]
    if extra:
        raise BadColumns(f"{dataset.slug!r} has no column {', '.join(extra)}", columns=extra)
    names = [target.name for target in targets if target]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadColumns(f"two columns of the file go to {', '.join(twice)}", columns=twice)
    lacking = [each.label for each in known if each.required and each.name not in names]
    if lacking:
        raise BadColumns(f"the file lacks the column {', '.join(lacking)}", columns=lacking)
    return [target for target in targets if target]


def specs_of(dataset: Dataset) -> list[ColumnSpec]:
    return [
        ColumnSpec(each.name, each.label, each.type, each.required, each.unique)
        for each in dataset.columns.all()
    ]
