"""What the dataset says of a column whose type was changed, or is what it was again.

The table is changed first, with the ledger; this follows, and done twice is done once.
"""

from typing import Any

from apiapp.imports.models import Column, DatasetEvent, Import
from apiapp.imports.pipeline.schema import from_dicts


def tell(row: Import) -> None:
    (now,) = from_dicts(row.columns)
    column = Column.objects.filter(dataset=row.dataset_id, name=now.name)
    column.update(type=now.type, conditions=now.conditions)


def take_back(row: Import) -> None:
    told = (
        DatasetEvent.objects.filter(import_id=row.pk, facts__retyped=True).order_by("-pk").first()
    )
    if told:
        was: dict[str, Any] = told.facts["before"]
        column = Column.objects.filter(dataset=row.dataset_id, name=told.facts["column"])
        column.update(type=was["type"], conditions=was["conditions"])
