"""Column types of imported tables that Django's own fields do not offer.

What each of them stores, per database, is in the table at the top of rows.py.
"""

import decimal
import uuid
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

# SQLite makes a number of any text that reads like one; this keeps it text, and every parser of
# numbers takes white space at the end.
KEEPS_TEXT = "\N{NO-BREAK SPACE}"
INT64 = range(-(2**63), 2**63)


def plain_digits(value: decimal.Decimal) -> str:
    """`value` without exponent and without zeros at the end of its fraction."""
    digits = format(value, "f")
    return (digits.rstrip("0").rstrip(".") or "0") if "." in digits else digits


def sqlite_form(value: decimal.Decimal) -> int | float | str:
    """What SQLite stores for `value` without losing a digit; one number has one form."""
    if value == value.to_integral_value() and int(value) in INT64:
        return int(value)
    nearest = float(value)
    if decimal.Decimal(repr(nearest)) == value:
        return nearest
    return plain_digits(value) + KEEPS_TEXT


class ExactDecimalField(models.DecimalField):
    """A decimal number of any length, never rounded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_digits": None, "decimal_places": None, **kwargs})

    def get_internal_type(self) -> str:
        return "ExactDecimalField"  # not DecimalField: the backend would quantize what it reads

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> decimal.Decimal | None:
        return value if value is None else decimal.Decimal(str(value))

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        number = self.to_python(value)
        if number is None or connection.vendor != "sqlite":
            return number
        return sqlite_form(number)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        return value if hasattr(value, "as_sql") else self.get_db_prep_value(value, connection)


class ReadableUUIDField(models.UUIDField):
    """A UUID that is text with hyphens where the database has no type for it."""

    def get_internal_type(self) -> str:
        return "ReadableUUIDField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "uuid" if connection.features.has_native_uuid_field else "text"

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> uuid.UUID | None:
        return self.to_python(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        number = self.to_python(value)
        if number is None or connection.features.has_native_uuid_field:
            return number
        return str(number)


class PatternTextField(models.TextField):
    """Text that can be matched with LIKE patterns: `%` any run, `_` any one, `\\` escapes."""


@PatternTextField.register_lookup
class Like(models.Lookup):
    """LIKE that minds upper and lower case."""

    lookup_name = "like"
    operator = "LIKE"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_params, *right_params)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} GLOB %s", (*params, glob_of(str(self.rhs)))


@PatternTextField.register_lookup
class ILike(Like):
    """LIKE whatever the case; SQLite knows the case of ASCII letters only."""

    lookup_name = "ilike"
    operator = "ILIKE"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} LIKE %s ESCAPE '\\'", (*params, str(self.rhs))


def glob_of(pattern: str) -> str:
    """The GLOB pattern of SQLite that matches what the LIKE pattern matches."""
    glob, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            glob.append(glob_literal(next(characters, "\\")))
        else:
            glob.append({"%": "*", "_": "?"}.get(character) or glob_literal(character))
    return "".join(glob)


def glob_literal(character: str) -> str:
    return f"[{character}]" if character in "*?[" else character
