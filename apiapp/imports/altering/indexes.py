"""Indexes that are built while the table is read and written."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg.errors
from django.db import DatabaseError, IntegrityError, OperationalError, connections, transaction

from apiapp.imports.altering.locking import patiently, wait_shortly
from apiapp.imports.duplicates import require_once
from apiapp.imports.errors import BadColumns, TableInUse
from apiapp.imports.loaders import quoted, run
from apiapp.imports.models import Column
from apiapp.imports.routers import DATASETS

NAME_BYTES = 6
# For transactions that began before: PostgreSQL lets an index be used only once they have ended.
WAIT_FOR_OTHERS_MS = 20_000


def build(table: str, column: Column, *, is_unique: bool) -> str:
    """Its name.  Raises BadColumns if two rows have the same value or one is too long, TableInUse.

    Without a transaction around it PostgreSQL locks nobody out; SQLite locks out writers.
    """
    if is_unique:
        require_once(table, column.name, column.label)
    name = f"_index_{secrets.token_hex(NAME_BYTES)}"
    connection = connections[DATASETS]
    is_concurrent = connection.vendor == "postgresql" and not connection.in_atomic_block
    statement = (
        f"CREATE {'UNIQUE ' * is_unique}INDEX {'CONCURRENTLY ' * is_concurrent}{quoted(name)}"
        f" ON {quoted(table)} ({quoted(column.name)})"
    )
    with told_why(column):
        if is_concurrent:
            run_concurrently(statement, name)
        else:
            with transaction.atomic(using=DATASETS):
                run(statement)
    return name


def run_concurrently(statement: str, name: str) -> None:
    """What fails leaves an index that is kept up and never used: it goes."""
    run(f"SET lock_timeout = {WAIT_FOR_OTHERS_MS}")
    try:
        run(statement)
    except DatabaseError:
        patiently(partial(drop, name))
        raise
    finally:
        run("RESET lock_timeout")


def drop(name: str) -> None:
    """In a short transaction: to do it concurrently would wait for every reader."""
    with transaction.atomic(using=DATASETS):
        wait_shortly()
        run(f"DROP INDEX IF EXISTS {quoted(name)}")


@contextmanager
def told_why(column: Column) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        reason = f"{column.label} cannot be unique: some rows of the table have the same"
        raise BadColumns(reason, columns=[column.name]) from error
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.ProgramLimitExceeded):
            reason = f"{column.label} cannot be indexed: some values are too long"
            raise BadColumns(reason, columns=[column.name]) from error
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise TableInUse from error
        raise


def drop_others(table: str, name: str, *, spared: str) -> None:
    """Those of this column alone, but for the one that is called `spared`."""
    for index, facts in found(table).items():
        if facts["columns"] == [name] and index != spared:
            run(f"DROP INDEX {quoted(index)}")


def found(table: str) -> dict[str, Any]:
    """Name -> what Django tells of it, of every index but the primary key."""
    connection = connections[DATASETS]
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return {
        name: facts
        for name, facts in constraints.items()
        if facts["index"] and not facts["primary_key"]
    }
