"""What staff did to rows, in the admin's history of their dataset: enough to undo it by eye."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from apiapp.imports import datasets, row_json
from apiapp.imports.datasets import RowChange
from apiapp.imports.models import Dataset

VALUE_CHARACTERS_MAX = 10_000
Row = Mapping[str, Any]


def log_added(*, dataset: Dataset, user: User, row: Row) -> None:
    message = _("Row %(row)s added: %(values)s") % said(dataset, row)
    write(dataset=dataset, user=user, messages=[message])


def log_changed(*, dataset: Dataset, user: User, change: RowChange) -> None:
    """Says nothing when nothing changed."""
    before, after = values_of(dataset, change.before), values_of(dataset, change.after)
    changes = [
        f"{name} {before[name]} → {after[name]}" for name in after if before[name] != after[name]
    ]
    facts = {"row": after["_id"], "changes": "; ".join(changes)}
    if changes:
        message = _("Row %(row)s changed: %(changes)s") % facts
        write(dataset=dataset, user=user, messages=[message])


def log_deleted(*, dataset: Dataset, user: User, rows: Iterable[Row]) -> None:
    messages = [_("Row %(row)s deleted. It was: %(values)s") % said(dataset, row) for row in rows]
    write(dataset=dataset, user=user, messages=messages)


def said(dataset: Dataset, row: Row) -> dict[str, str]:
    found = values_of(dataset, row)
    row_id = found.pop("_id")
    filled = [f"{name} {value}" for name, value in found.items() if value != "null"]
    return {"row": row_id, "values": "; ".join(filled) or "–"}


def values_of(dataset: Dataset, row: Row) -> dict[str, str]:
    """Column name -> its value as JSON, cut where it is very long."""
    types = datasets.types_of(dataset)
    (written,) = row_json.write_rows([row], list(types), types)
    return {
        name: json.dumps(value, ensure_ascii=False)[:VALUE_CHARACTERS_MAX]
        for name, value in written.items()
    }


def write(*, dataset: Dataset, user: User, messages: Iterable[str]) -> None:
    content_type = ContentType.objects.get_for_model(Dataset)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=user.pk,
            content_type=content_type,
            object_id=str(dataset.pk),
            object_repr=str(dataset)[:200],
            action_flag=CHANGE,
            change_message=message,
        )
        for message in messages
    )
