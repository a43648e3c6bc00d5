"""Django models of imported tables, built when needed.

How a value is stored, for everything that writes rows without Django (NULL for an empty cell):

| type      | PostgreSQL       | SQLite (declared type): stored form                               |
| --------- | ---------------- | ----------------------------------------------------------------- |
| text      | text             | text                                                              |
| integer   | bigint           | bigint: 64-bit integer                                            |
| decimal   | numeric          | numeric: a number if it is a 64-bit integer or if the shortest    |
|           |                  | writing of its double is the same number; else its digits as text |
|           |                  | without exponent and without zeros at the end of the fraction,    |
|           |                  | then one U+00A0, which keeps SQLite from rounding it              |
| float     | double precision | real; no NaN (SQLite has none), no infinity (JSON has none)       |
| boolean   | boolean          | bool: 0 or 1                                                      |
| date      | date             | date: text `2026-01-31`                                           |
| timestamp | timestamptz      | datetime: text in UTC `2026-01-31 23:59:59`, or with `.ffffff`    |
|           |                  | (six digits) if the microseconds are not 0; no zone, no `T`       |
| uuid      | uuid             | text: lower case, 8-4-4-4-12                                      |
| json      | jsonb            | text: JSON                                                        |

`fields.sqlite_form` is the rule for decimals as a function.  In every table stand before these
`_id` (bigint, primary key, counts up) and `_import` (bigint: the import that brought the row,
NULL for a row added by hand).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.apps.registry import Apps
from django.db import models

from apiapp.imports.fields import ExactDecimalField, PatternTextField, ReadableUUIDField
from apiapp.imports.models import Dataset
from apiapp.imports.routers import DATASETS

APP_LABEL = "datasets"
ROW_ID, IMPORT_REF = "row_id", "import_ref"
MODELS_KEPT = 64

FIELDS: dict[str, type[models.Field]] = {
    "text": PatternTextField,
    "integer": models.BigIntegerField,
    "decimal": ExactDecimalField,
    "float": models.FloatField,
    "boolean": models.BooleanField,
    "date": models.DateField,
    "timestamp": models.DateTimeField,
    "uuid": ReadableUUIDField,
    "json": models.JSONField,
}


class ColumnSpec(Protocol):
    """What is to be known of a column: a models.Column, or what is going to be one."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def required(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Spec:
    """A column as the key of the cache: two tables with equal ones have equal models."""

    name: str
    label: str
    type: str
    required: bool


def attribute(name: str) -> str:
    """The attribute of a row in which the column `name` is found."""
    return f"f_{name}"


def model_for(dataset: Dataset) -> type[models.Model]:
    """The model of the rows of `dataset`, as its columns are now."""
    return build_model(table_name=dataset.table_name, columns=dataset.columns.all())


def rows_of(dataset: Dataset) -> models.QuerySet[Any]:
    """All rows of `dataset`, in the order they came."""
    return model_for(dataset)._default_manager.using(DATASETS).order_by(ROW_ID)


def build_model(*, table_name: str, columns: Iterable[ColumnSpec]) -> type[models.Model]:
    """A model of any table with such columns, a staging table for instance.

    Use its manager with `.using("datasets")`.  Equal arguments may give the same model.
    """
    specs = tuple(Spec(each.name, each.label, each.type, each.required) for each in columns)
    return _build(table_name, specs)


@lru_cache(maxsize=MODELS_KEPT)
def _build(table_name: str, columns: tuple[Spec, ...]) -> type[models.Model]:
    """In a registry of its own: in Django's, every model built would stay for ever."""
    meta = type(
        "Meta",
        (),
        {
            "apps": Apps(),
            "app_label": APP_LABEL,
            "db_table": table_name,
            "managed": False,
            "default_permissions": (),
        },
    )
    attributes: dict[str, Any] = {
        "__module__": __name__,
        "Meta": meta,
        ROW_ID: models.BigAutoField(primary_key=True, db_column="_id"),
        IMPORT_REF: models.BigIntegerField(null=True, editable=False, db_column="_import"),
    }
    for column in columns:
        attributes[attribute(column.name)] = _field(column)
    return type("Row", (models.Model,), attributes)


def _field(column: Spec) -> models.Field:
    optional = not column.required
    return FIELDS[column.type](column.label, db_column=column.name, null=optional, blank=optional)
