"""One export of a dataset: the file's name, its type, and its bytes as they are made."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Any

from apiapp.imports import datasets, selection
from apiapp.imports.exports.ahead import Ahead
from apiapp.imports.exports.asking import Asked, Choices
from apiapp.imports.exports.csv_form import CsvForm
from apiapp.imports.exports.errors import ExportTooSlow
from apiapp.imports.exports.forms import CSV, EXCEL, JSON_LINES, PARQUET, Field, Form, Kind
from apiapp.imports.exports.json_lines import JsonLinesForm
from apiapp.imports.exports.reading import Opened, Reading
from apiapp.imports.exports.workbook import WorkbookForm
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import ordered_fully
from apiapp.imports.rows import rows_of


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is not begun.  limit_s: how long it may take in all."""

    dataset: Dataset
    asked: Asked
    kind: Kind
    limit_s: float

    @property
    def filename(self) -> str:
        return f"{self.dataset.title}.{self.kind.suffix}"

    @property
    def fields(self) -> list[Field]:
        """The dataset's own columns, unless others were selected, maybe under other names."""
        labels = {column.name: column.label for column in self.dataset.columns.all()}
        types, query = datasets.types_of(self.dataset), self.asked.rows
        if not query.select:
            return [Field(name, label, types[name]) for name, label in labels.items()]
        return [
            Field(shown, labels.get(name, name) if shown == name else shown, types[name])
            for shown, name in zip(query.shown, query.select, strict=True)
        ]

    def version(self) -> dict[str, Any]:
        """What the bytes depend on: the same version, the same file."""
        return {
            "dataset": self.dataset.pk,
            "columns": self.dataset.schema_version,
            "changed": self.dataset.updated_at.isoformat(),
            "rows": self.dataset.row_count,
            "asked": repr(self.asked),
            "kind": self.kind.suffix,
        }

    def chunks(self) -> Generator[bytes, None, None]:
        """The file, piece by piece; an empty piece whenever there is none for a while.

        The rows are those of the moment when the first piece is asked for.  Close it, and the
        database stops, too.  Raises ExportTooSlow.
        """
        fields, deadline = self.fields, monotonic() + self.limit_s
        form = FORMS[self.kind.suffix](fields, self.asked.choices)
        reading = Reading(
            self._rows(),
            {field.name: field.type for field in fields},
            decimals=self._decimals(fields),
            limit_s=self.limit_s,
        )
        with closing(Ahead(iter(reading), cancel=reading.cancel)) as ahead:
            for item in ahead:
                if monotonic() > deadline:
                    raise ExportTooSlow(limit_s=self.limit_s)
                if item is None:
                    yield b""
                elif isinstance(item, Opened):
                    yield form.begin(item.widths)
                else:
                    yield form.add(item)
        yield form.end()

    def _rows(self) -> Any:
        types, query = datasets.types_of(self.dataset), self.asked.rows
        names = query.select or [column.name for column in self.dataset.columns.all()]
        rows = selection.matching(rows_of(self.dataset), query, types)
        order = ordered_fully(query.order)
        keys = [selection.key_of(each.column, types, rows.db) for each in order]
        rows = rows.order_by(*map(selection.ordering, order, keys))
        return rows.values_list(*selection.attributes(names))[: self.asked.limit]

    def _decimals(self, fields: Sequence[Field]) -> list[str]:
        wanted = fields if self.kind.wants_widths else []
        return [field.name for field in wanted if field.type == "decimal"]


def headings(fields: Sequence[Field], choices: Choices) -> list[str]:
    if choices.header == "none":
        return []
    return [field.name if choices.header == "names" else field.label for field in fields]


def csv_form(fields: Sequence[Field], choices: Choices) -> Form:
    return CsvForm(
        fields,
        headings=headings(fields, choices),
        delimiter=choices.delimiter,
        has_bom=choices.has_bom,
        is_guarded=choices.is_guarded,
    )


def json_lines_form(fields: Sequence[Field], choices: Choices) -> Form:
    return JsonLinesForm(fields)


def excel_form(fields: Sequence[Field], choices: Choices) -> Form:
    return WorkbookForm(fields, headings=headings(fields, choices), language=choices.language)


def parquet_form(fields: Sequence[Field], choices: Choices) -> Form:
    """The one form whose library (40 MB of memory) is loaded when it is asked for."""
    form: Form = import_module("apiapp.imports.exports.parquet").ParquetForm(fields)
    return form


FORMS: Mapping[str, Callable[[Sequence[Field], Choices], Form]] = {
    CSV.suffix: csv_form,
    JSON_LINES.suffix: json_lines_form,
    EXCEL.suffix: excel_form,
    PARQUET.suffix: parquet_form,
}
