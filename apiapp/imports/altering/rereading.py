"""A read that meets a column which just got another type is done once more.

The table and what is known of its columns are in two databases, which change one after the other: for
a moment, and for whoever read the columns before it, a query asks for what the table no longer has.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from django.db import DatabaseError, connections

from apiapp.imports import tables
from apiapp.imports.errors import TableInUse
from apiapp.imports.models import Column, Dataset
from apiapp.imports.routers import DATASETS

PATIENCE_S, LOOK_S = 2.0, 0.02
# What a database says of it, and what comes of values that are of another type than they should.
SIGNS = (DatabaseError, ValueError, TypeError, ArithmeticError)

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Outdated(ValueError):
    """Rows were read by columns that are other ones by now."""


class Reads(Protocol):
    """A view; dataset_read: with the columns that it reads by, None before it knows."""

    dataset_read: Dataset | None


def rereads(handler: Handler) -> Handler:
    """A handler that changes nothing, called again where a column's type was changed meanwhile."""

    @wraps(handler)
    def handle(view: Reads, *args: Any, **kwargs: Any) -> Any:
        try:
            return handler(view, *args, **kwargs)
        except SIGNS:
            read = view.dataset_read
            if read is None or connections[DATASETS].in_atomic_block or not has_changed(read):
                raise
        return handler(view, *args, **kwargs)

    return handle  # type: ignore[return-value]


def require_current(read: Dataset) -> None:
    """For rows that are handed over later: no error would come while they can be read once more.

    Raises Outdated.
    """
    if not connections[DATASETS].in_atomic_block and has_changed(read):
        raise Outdated


def has_changed(read: Dataset) -> bool:
    """Whether columns have other types than those that were read; once the table has them, too."""
    types = {column.name: column.type for column in read.columns.all()}
    give_up_at_s = time.monotonic() + PATIENCE_S
    was_apart = False
    while not agrees(read) and time.monotonic() < give_up_at_s:
        was_apart = True
        time.sleep(LOOK_S)
    return was_apart or types != types_of(read)


def agrees(dataset: Dataset) -> bool:
    try:
        tables.require_types(dataset.table_name, Column.objects.filter(dataset_id=dataset.pk))  # type: ignore[arg-type]
    except TableInUse:
        return False
    return True


def types_of(dataset: Dataset) -> dict[str, str]:
    return dict(Column.objects.filter(dataset_id=dataset.pk).values_list("name", "type"))
