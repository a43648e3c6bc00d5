"""The typed schema of one dataset in OpenAPI: its rows, their conditions, and how to filter them.

Made of the operations that hold for rows of every dataset, at this dataset's own paths.  Nothing of it
is in the document that strangers get; see documents.py for who gets which.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from apiapp.imports import row_query
from apiapp.imports.dataset_api.row_views import ROW
from apiapp.imports.models import Column, Dataset

Part = dict[str, Any]

PATHS = ("/api/datasets/{slug}/rows/", "/api/datasets/{slug}/rows/{row_id}/")
FILTERED_COLUMNS_MAX = 200  # a parameter each, in each of three operations
REFERENCE = "#/components/"
ROW_ID: Part = {
    "type": "integer",
    "format": "int64",
    "readOnly": True,
    "description": "Its number.",
}
TYPES: dict[str, Part] = {
    "text": {"type": "string"},
    "integer": {"type": "integer", "format": "int64"},
    "decimal": {"type": "string", "format": "decimal"},
    "float": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "json": {},
}
EXAMPLES = {
    "text": "like.*part*",
    "boolean": "is.true",
    "date": "gte.2026-01-31",
    "timestamp": "lt.2026-01-31T12:00:00Z",
    "uuid": "eq.0f8fad5b-d9cb-469f-a165-70867728950e",
    "json": "not.is.null",
}
NUMBERS = {"integer": int, "float": float}


@dataclass(frozen=True, slots=True)
class Subject:
    """All that the schema of a dataset depends on."""

    pk: int
    slug: str
    title: str
    version: int
    may_edit: bool


def subject_of(dataset: Dataset, *, may_edit: bool) -> Subject:
    return Subject(dataset.pk, dataset.slug, dataset.title, dataset.schema_version, may_edit)


class DatasetParts:
    """paths, schemas and tag of one dataset, to be put into a document."""

    def __init__(self, subject: Subject, columns: Sequence[Column], general: Part) -> None:
        self.subject = subject
        self.columns = columns
        self.name = f"dataset.{subject.pk}"
        self.tag = {"name": f"dataset {subject.slug}", "description": subject.title}
        self.schemas = {
            f"{self.name}.row": self._row(),
            f"{self.name}.new": self._written(is_new=True),
            f"{self.name}.change": self._written(is_new=False),
        }
        self.paths = {self._own(path): self._item(path, general) for path in PATHS}

    def _own(self, path: str) -> str:
        return path.replace("{slug}", quote(self.subject.slug))

    def _row(self) -> Part:
        properties = {"_id": ROW_ID}
        properties |= {column.name: schema_of(column) for column in self.columns}
        return {"type": "object", "title": self.subject.title, "properties": properties}

    def _written(self, *, is_new: bool) -> Part:
        properties = {column.name: written_schema_of(column) for column in self.columns}
        schema: Part = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [column.name for column in self.columns if column.required]
        return {**schema, "required": required} if required and is_new else schema

    def _item(self, path: str, general: Part) -> Part:
        """The operations of a path, as far as the caller may use them."""
        item = general["paths"][path]
        methods = [each for each in item if each == "get" or self.subject.may_edit]
        return {method: self._operation(method, item[method]) for method in methods}

    def _operation(self, method: str, general: Part) -> Part:
        operation = copy.deepcopy(general)
        operation["operationId"] = f"dataset_{self.subject.pk}_{general['operationId']}"
        operation["tags"] = [self.tag["name"]]
        kept = [
            each for each in operation["parameters"] if each.get("name") not in ("slug", "filters")
        ]
        is_filtered = len(kept) < len(operation["parameters"]) - 1
        operation["parameters"] = kept + (self._filters() if is_filtered else [])
        written = "change" if method == "patch" else "new"
        for part, name in (("requestBody", written), ("responses", "row")):
            if part in operation:
                reference = {"$ref": f"{REFERENCE}schemas/{self.name}.{name}"}
                operation[part] = with_row(operation[part], reference)
        return operation

    def _filters(self) -> list[Part]:
        """One parameter for each column whose name means nothing else in an address."""
        filtered = [each for each in self.columns if each.name not in row_query.WORDS]
        return [filter_of(column) for column in filtered[:FILTERED_COLUMNS_MAX]]


def schema_of(column: Column) -> Part:
    """What a row has there.  Conditions that JSON schema has no word for are told in words."""
    schema = {**TYPES[column.type], **conditions_of(column), "description": words_of(column)}
    if column.type != "json" and not column.required:
        schema["nullable"] = True
    return schema


def written_schema_of(column: Column) -> Part:
    """What is sent: decimals may be numbers, too."""
    schema = schema_of(column)
    if column.type == "decimal":
        told: Part = {
            name: schema.pop(name) for name in ("description", "nullable") if name in schema
        }
        return {**told, "oneOf": [schema, {"type": "number"}]}
    return schema


def conditions_of(column: Column) -> Part:
    asked, found = column.conditions, Part()
    if "pattern" in asked and column.type == "text":
        found["pattern"] = f"^(?:{asked['pattern']})$"
    if read := NUMBERS.get(column.type):
        found |= {name: read(asked[name]) for name in ("minimum", "maximum") if name in asked}
    if "allowed" in asked and column.type in ("text", "integer", "float", "date", "uuid"):
        values = [NUMBERS.get(column.type, str)(each) for each in asked["allowed"]]
        found["enum"] = values if column.required else [*values, None]
    return found


def words_of(column: Column) -> str:
    told = [column.label]
    told += ["Each value once."] if column.unique else []
    told += [f"{name}: {value}" for name, value in column.conditions.items() if name != "allowed"]
    return "  ".join(told)


def filter_of(column: Column) -> Part:
    operators = row_query.OPERATORS.get(column.type, row_query.COMPARING)
    return {
        "name": column.name,
        "in": "query",
        "description": f"{column.label}: {', '.join(operators)}; `not.` before any of them.",
        "schema": {"type": "string"},
        "example": EXAMPLES.get(column.type, "gte.5"),
    }


def with_row(part: Any, reference: Part) -> Any:
    """`part` with what stands for a row of any dataset replaced."""
    if part == ROW:
        return reference
    if isinstance(part, dict):
        return {name: with_row(value, reference) for name, value in part.items()}
    return [with_row(each, reference) for each in part] if isinstance(part, list) else part


def references(part: Any) -> Iterator[str]:
    """What it refers to, as `schemas/Problem`."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(REFERENCE)
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from references(each)
