"""The table of rows in the admin: what an address asks for, what its page shows and links to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict

from apiapp.imports import row_query
from apiapp.imports.models import Column
from apiapp.imports.row_filters import Active, FilterForm
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import ROW_ID, attribute

COLUMNS_SHOWN = 25
PAGE_SIZES = (25, 50, 100, 250)
CELL_CHARACTERS, TITLE_CHARACTERS = 80, 1000
WORDS = ("order", "search", "cursor", "limit")
NEXT_ORDER = {"": "{}", "asc": "{}.desc", "desc": ""}  # a click on a header goes round


@dataclass(frozen=True, slots=True)
class Header:
    """sorted: "asc", "desc" or "".  query: of the address that a click leads to."""

    label: str
    type: str
    sorted: str
    query: str


@dataclass(frozen=True, slots=True)
class Cell:
    """kind: the column's type, or "empty".  title: more of it, where `text` had to be cut."""

    kind: str
    text: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    row_id: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter; query: of the address without it."""

    filter: Active
    query: str


class RowTable:
    """What an address asks for.  Raises BadRowQuery when that makes no sense."""

    def __init__(self, columns: Sequence[Column], parameters: QueryDict) -> None:
        self.all_columns = columns
        self.parameters = parameters
        shown = set(parameters.getlist("show"))
        self.columns = [each for each in columns if each.name in shown]
        self.columns = self.columns or list(columns[:COLUMNS_SHOWN])
        filtered = {name.partition("__")[0] for name in parameters}
        self.filters = FilterForm(
            [each for each in columns if each in self.columns or each.name in filtered], parameters
        )
        self.query = self._query()

    def _query(self) -> RowQuery:
        types = {each.name: each.type for each in self.all_columns}
        words = [(word, text) for word in WORDS if (text := self.parameters.get(word, ""))]
        query = row_query.parse(words, row_query.types_with_ids(types))
        return replace(
            query,
            conditions=self.filters.conditions(),
            select=tuple(each.name for each in self.columns),
            limit=min(query.limit, PAGE_SIZES[-1]),
        )

    def address(self, **changes: str) -> str:
        """The query string of this page with `changes`, "" taking a parameter away.

        It begins at the first page, unless a cursor is among the changes.
        """
        parameters = self.parameters.copy()
        for name, value in {"cursor": "", **changes}.items():
            parameters[name] = value
        for name in [name for name in parameters if not any(parameters.getlist(name))]:
            del parameters[name]
        return parameters.urlencode()

    @property
    def first(self) -> str:
        return self.address()

    @property
    def without_search(self) -> str:
        return self.address(search="")

    @property
    def unfiltered(self) -> str:
        set_ = {active.parameter: "" for active in self.filters.active()}
        return self.address(search="", **set_)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query.conditions or self.query.search)

    def headers(self) -> list[Header]:
        named = [("_id", "#", "integer"), *((c.name, c.label, c.type) for c in self.columns)]
        return [self._header(name, label, type_) for name, label, type_ in named]

    def _header(self, name: str, label: Any, type_: str) -> Header:
        order = next((key for key in self.query.order if key.column == name), None)
        is_sorted = "" if order is None else "desc" if order.is_descending else "asc"
        return Header(
            label=label,
            type=type_,
            sorted=is_sorted,
            query=self.address(order=NEXT_ORDER[is_sorted].format(name)),
        )

    def chips(self) -> list[Chip]:
        return [
            Chip(active, self.address(**{active.parameter: ""})) for active in self.filters.active()
        ]

    def lines(self, rows: Iterable[Mapping[str, Any]]) -> list[Line]:
        return [
            Line(
                row[ROW_ID],
                [cell(column.type, row[attribute(column.name)]) for column in self.columns],
            )
            for row in rows
        ]


def cell(type_: str, value: Any) -> Cell:
    if value is None:
        return Cell("empty")
    if type_ == "boolean":
        return Cell(type_, "yes" if value else "no")
    text = in_words(type_, value)
    if len(text) <= CELL_CHARACTERS:
        return Cell(type_, text)
    return Cell(type_, f"{text[:CELL_CHARACTERS]}…", text[:TITLE_CHARACTERS])


def in_words(type_: str, value: Any) -> str:
    if type_ == "json":
        return json.dumps(value, ensure_ascii=False)
    if type_ == "decimal":
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return str(value)
