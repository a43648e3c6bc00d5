"""What events of datasets tell, as a sentence for the reader of the admin."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext, pgettext

from apiapp.imports.models import Column, DatasetEvent, DatasetGrant

SHOWN_IDS = 10
Kind = DatasetEvent.Kind
Facts = Mapping[str, Any]
# In an event of an import, what is told where it is not 0.
COUNTS: dict[str, Callable[[int], str]] = {
    "rows_inserted": lambda count: ngettext("%(count)s inserted", "%(count)s inserted", count),
    "rows_updated": lambda count: ngettext("%(count)s updated", "%(count)s updated", count),
    "rows_deleted": lambda count: ngettext("%(count)s deleted", "%(count)s deleted", count),
    "rows_unchanged": lambda count: ngettext("%(count)s unchanged", "%(count)s unchanged", count),
    "rows_skipped": lambda count: ngettext("%(count)s skipped", "%(count)s skipped", count),
    "rows_refused": lambda count: ngettext("%(count)s refused", "%(count)s refused", count),
}

# The taxonomy of pipeline/check.py.
REFUSED_FOR = {
    "type": _lazy("not of the column's type"),
    "required": _lazy("empty, and a value is required"),
    "unique": _lazy("a value that is there already"),
    "duplicate_row": _lazy("the key of another row"),
    "pattern": _lazy("not as the pattern says"),
    "range": _lazy("too small or too large"),
    "allowed": _lazy("none of the allowed values"),
    "reference": _lazy("not in the other table"),
    "missing_cell": _lazy("too few cells in the row"),
    "extra_cell": _lazy("too many cells in the row"),
    "broken_row": _lazy("no row at all"),
    "encoding": _lazy("bytes that are no text"),
}


def words_of(event: DatasetEvent) -> str:
    """What its kind does not say already; "–" if that is all."""
    told: Facts = event.told or {}
    words = WORDS.get(event.kind)
    return (words(told) if words else "") or "–"


def of_import(told: Facts) -> str:
    return " · ".join(filter(None, (str(told.get("file", "")), of_counts(told))))


def of_counts(told: Facts) -> str:
    """Of rows: "1,201 inserted · 260 refused"; nothing of what is none."""
    found = {name: words(told[name]) for name, words in COUNTS.items() if told.get(name)}
    return " · ".join(
        words % {"count": number_format(told[name], force_grouping=True)}
        for name, words in found.items()
    )


def of_rows(told: Facts) -> str:
    row_ids = told.get("row_ids", [])
    shown = ", ".join(map(str, row_ids[:SHOWN_IDS])) + ("…" if len(row_ids) > SHOWN_IDS else "")
    words = ngettext("row %(rows)s", "%(count)s rows: %(rows)s", len(row_ids))
    told_rows = words % {
        "rows": shown,
        "count": number_format(len(row_ids), force_grouping=True),
    }
    return f"{told_rows} ({_('taken back')})" if "undoes" in told else told_rows


def of_columns(told: Facts) -> str:
    column = told.get("column", "")
    done = {
        "added": _("column %(column)s was added"),
        "dropped": _("column %(column)s was dropped"),
        "restored": _("column %(column)s was brought back"),
    }
    for name, words in done.items():
        if told.get(name):
            return words % {"column": column}
    before, after = told.get("before") or {}, told.get("after") or {}
    changes = (
        f"{name}: {written(name, before.get(name))} → {written(name, value)}"
        for name, value in after.items()
        if before.get(name) != value
    )
    return f"{column} · {'; '.join(changes)}"


def written(name: str, value: Any) -> str:
    if name == "type" and value in Column.Type.values:
        return str(Column.Type(value).label)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value or "–")


def of_sharing(told: Facts) -> str:
    role = told.get("role", "")
    whom = told.get("user") or told.get("group") or ""
    labels = dict(DatasetGrant._meta.get_field("role").flatchoices)
    shown = labels.get(role, pgettext("role", "owner") if role else _("no more"))
    return f"{whom}: {shown}"


WORDS: dict[str, Callable[[Facts], str]] = {
    Kind.IMPORTED: of_import,
    Kind.IMPORT_FAILED: lambda told: f"{told.get('file', '')}: {told.get('error', '')}",
    Kind.IMPORT_CANCELLED: lambda told: str(told.get("file", "")),
    Kind.ROW_ADDED: of_rows,
    Kind.ROW_CHANGED: of_rows,
    Kind.ROWS_DELETED: of_rows,
    Kind.SCHEMA_CHANGED: of_columns,
    Kind.RENAMED: lambda told: f"{told.get('before', '')} → {told.get('after', '')}",
    Kind.SHARED: of_sharing,
}
