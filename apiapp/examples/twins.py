"""The rows behind `/api/v1/`: who may see them, who may change them, and how that is done."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from apiapp.examples.errors import IdTaken, NotYours, UnknownRow
from apiapp.examples.models import ExampleRow
from apiapp.keys.callers import Caller

Rows = QuerySet[Any]


def visible(*, caller: Caller, rows: Rows) -> Rows:
    """The caller's own rows and the open ones; all of them for one who sees all."""
    if caller.sees_all:
        return rows
    return rows.filter(Q(owner=caller.user) | Q(owner=None))


def search(rows: Rows, text: str, fields: tuple[str, ...]) -> Rows:
    """The rows in which one of `fields` contains `text`, in whatever case."""
    wanted = Q()
    for field in fields:
        wanted |= Q(**{f"{field}__icontains": text})
    return rows.filter(wanted)


def row_of(*, caller: Caller, rows: Rows, pk: Any) -> ExampleRow:
    """Raises UnknownRow."""
    if "\0" in str(pk):  # no text of PostgreSQL holds it, nor may a query
        raise UnknownRow
    row: ExampleRow | None = visible(caller=caller, rows=rows).filter(pk=pk).first()
    if row is None:
        raise UnknownRow
    return row


def changeable_row(*, caller: Caller, rows: Rows, pk: Any) -> ExampleRow:
    """Raises UnknownRow, and NotYours for an open row if the caller is not staff."""
    row = row_of(caller=caller, rows=rows, pk=pk)
    if not caller.sees_all and row.owner_id != caller.user.pk:
        raise NotYours
    return row


def create(*, caller: Caller, rows: Rows, values: Mapping[str, Any]) -> ExampleRow:
    """Raises IdTaken, for the kinds whose ids the caller chooses."""
    # One INSERT needs no transaction of its own, unless it is to spoil none that it is part of.
    alone = nullcontext() if not connection.in_atomic_block else transaction.atomic()
    try:
        with alone:
            row: ExampleRow = rows.create(owner=caller.user, **values)
    except IntegrityError as error:
        raise IdTaken from error
    return row


def change(
    *,
    caller: Caller,
    rows: Rows,
    pk: Any,
    values: Mapping[str, Any],
    guard: Callable[[ExampleRow], None],
) -> ExampleRow:
    """Write `values` into a row, if `guard` lets the row pass as it is at that moment.

    Raises what changeable_row and `guard` raise.
    """
    with transaction.atomic():
        row = changeable_row(caller=caller, rows=rows.select_for_update(), pk=pk)
        guard(row)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return row


def delete(*, caller: Caller, rows: Rows, pk: Any, guard: Callable[[ExampleRow], None]) -> None:
    """As change, but the row goes."""
    with transaction.atomic():
        row = changeable_row(caller=caller, rows=rows.select_for_update(), pk=pk)
        guard(row)
        row.delete()
