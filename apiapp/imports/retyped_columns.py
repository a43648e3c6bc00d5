"""What the dataset says of a column whose type was changed, or is what it was again.

The table is changed first, with the ledger; this follows, and done twice is done once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from apiapp.imports import columns
from apiapp.imports.models import Column, DatasetEvent, Import
from apiapp.imports.pipeline.schema import from_dicts


def tell(row: Import, *, now: datetime) -> None:
    (spec,) = from_dicts(row.columns)
    say(row, spec.name, {"type": spec.type, "conditions": spec.conditions}, now=now)


def take_back(row: Import, *, now: datetime) -> None:
    told = (
        DatasetEvent.objects.filter(import_id=row.pk, facts__retyped=True).order_by("-pk").first()
    )
    if told:
        say(row, told.facts["column"], told.facts["before"], now=now)


def say(row: Import, name: str, said: Mapping[str, Any], *, now: datetime) -> None:
    dataset = row.dataset
    assert dataset
    with transaction.atomic():
        column = Column.objects.filter(dataset=dataset, name=name)
        column.update(type=said["type"], conditions=said["conditions"])
        columns.count_version(dataset, now=now)
