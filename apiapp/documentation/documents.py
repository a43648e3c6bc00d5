"""Which OpenAPI document somebody gets: the one that all get, and in it the datasets they see."""

from functools import cache, lru_cache
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from apiapp.documentation.dataset_schemas import DatasetParts, Subject, references, subject_of
from apiapp.imports import datasets
from apiapp.imports.access import roles
from apiapp.imports.models import Column, Dataset, Role
from apiapp.keys.callers import Caller

DATASETS_SHOWN = 50
COLUMNS_SHOWN = 2000  # of all these datasets; a document of one has all of its columns
KEPT = 512

Document = dict[str, Any]


@cache
def document() -> Any:
    """The OpenAPI document as an object, without anybody's datasets."""
    with translation.override("en"):
        return SchemaGenerator().get_schema(request=None, public=True)


@lru_cache(maxsize=KEPT)
def parts_of(subject: Subject) -> DatasetParts:
    """Kept by what it depends on: a schema that changes has another version."""
    columns = list(Column.objects.filter(dataset=subject.pk))
    return DatasetParts(subject, columns, document())


def document_for(caller: Caller) -> Document:
    """With the datasets that the caller sees: those changed last, as many as are shown."""
    general = document()
    shown = [parts_of(subject) for subject in subjects_for(caller)]
    return {
        **general,
        "tags": [*general["tags"], *(each.tag for each in shown)],
        "paths": {**general["paths"], **merged(each.paths for each in shown)},
        "components": {
            **general["components"],
            "schemas": {
                **general["components"]["schemas"],
                **merged(each.schemas for each in shown),
            },
        },
    }


def subjects_for(caller: Caller) -> list[Subject]:
    rows = datasets.visible_to(caller).order_by("-updated_at", "-pk")[:DATASETS_SHOWN]
    found, columns = [], 0
    for dataset in rows:
        columns += len(dataset.columns.all())
        if columns <= COLUMNS_SHOWN:
            found.append(subject_for(dataset))
    return found


def subject_for(dataset: Dataset) -> Subject:
    return subject_of(dataset, may_edit=roles.may(dataset, Role.EDITOR))


def document_of(dataset: Dataset) -> Document:
    """Of this dataset alone, with what its operations refer to."""
    general, parts = document(), parts_of(subject_for(dataset))
    whole = {**general["components"], "schemas": {**general["components"]["schemas"]}}
    whole["schemas"] |= parts.schemas
    return {
        "openapi": general["openapi"],
        "info": {**general["info"], "title": dataset.title, "description": dataset.slug},
        "servers": general.get("servers", []),
        "tags": [parts.tag],
        "paths": parts.paths,
        "components": {
            **reached(parts.paths, whole),
            "securitySchemes": whole["securitySchemes"],
        },
    }


def reached(paths: Document, components: Document) -> Document:
    """The components that `paths` refer to, and those that these refer to."""
    found: Document = {}
    waiting = set(references(paths))
    while waiting:
        kind, _, name = waiting.pop().partition("/")
        if name not in found.setdefault(kind, {}):
            found[kind][name] = components[kind][name]
            waiting |= set(references(components[kind][name]))
    return found


def merged(parts: Any) -> Document:
    return {name: value for part in parts for name, value in part.items()}
