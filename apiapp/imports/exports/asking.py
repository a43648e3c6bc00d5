"""What an export is asked for: rows as `rows/` is, and how the file is to be."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from apiapp.imports import row_query
from apiapp.imports.errors import BadRowQuery
from apiapp.imports.exports.csv_form import DELIMITERS
from apiapp.imports.exports.forms import CSV, EXCEL
from apiapp.imports.row_query import RowQuery

LIMIT_MAX = 10**12
HEADERS = ("labels", "names", "none")
YES_OR_NO = ("true", "false")
# No column is called so: their names begin with a letter.
DELIMITER, BOM, GUARD, HEADER = "_delimiter", "_bom", "_guard", "_header"
ALLOWED: dict[str, Collection[str]] = {
    DELIMITER: tuple(DELIMITERS),
    BOM: YES_OR_NO,
    GUARD: YES_OR_NO,
    HEADER: HEADERS,
}
TAKEN = {CSV.suffix: (DELIMITER, BOM, GUARD, HEADER), EXCEL.suffix: (HEADER,)}


@dataclass(frozen=True, slots=True)
class Choices:
    """How the file is to be; what a form has no use for is as it comes.

    header: what columns are called in it, one of HEADERS.  delimiter: one of DELIMITERS.
    has_bom: Excel takes a CSV file for UTF-8 only with it.  is_guarded: text that a spreadsheet
    would take for a formula gets a `'` before it.  language: of what the file says by itself.
    """

    header: str = "labels"
    delimiter: str = "comma"
    has_bom: bool = False
    is_guarded: bool = False
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Asked:
    """rows: of which `limit` and `cursor` mean nothing.  limit: rows at most, None for all."""

    rows: RowQuery = field(default_factory=RowQuery)
    limit: int | None = None
    choices: Choices = field(default_factory=Choices)


def parse(parameters: Sequence[tuple[str, str]], types: Mapping[str, str], suffix: str) -> Asked:
    """Read the parameters of an export as a file of the kind `suffix`.

    Raises BadRowQuery, UnknownColumn and BadFilterValue.
    """
    own = ("limit", "cursor", *TAKEN.get(suffix, ()))
    said: dict[str, str] = {}
    for name, text in parameters:
        if name in own and name in said:
            raise BadRowQuery(parameter=name, reason="given twice")
        if name in own:
            said[name] = text
    if "cursor" in said:
        raise BadRowQuery(parameter="cursor", reason="an export has no pages; use filters or limit")
    rows = row_query.parse([each for each in parameters if each[0] not in own], types)
    return Asked(rows, parse_limit(said.get("limit", "")), parse_choices(said))


def in_language(asked: Asked, language: str) -> Asked:
    return replace(asked, choices=replace(asked.choices, language=language))


def parse_limit(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,13}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise BadRowQuery(parameter="limit", reason=f"{text!r} is not from 1 to {LIMIT_MAX}")
    return int(text)


def parse_choices(said: Mapping[str, str]) -> Choices:
    for name, allowed in ALLOWED.items():
        if name in said and said[name] not in allowed:
            reason = f"{said[name]!r} is none of {', '.join(allowed)}"
            raise BadRowQuery(parameter=name, reason=reason)
    usual = Choices()
    return replace(
        usual,
        header=said.get(HEADER, usual.header),
        delimiter=said.get(DELIMITER, usual.delimiter),
        has_bom=said.get(BOM) == "true",
        is_guarded=said.get(GUARD) == "true",
    )
