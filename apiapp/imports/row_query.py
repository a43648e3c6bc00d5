"""What rows are asked for, in the manner of PostgREST: `price=gte.5&order=name.desc&select=name`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apiapp.imports import values
from apiapp.imports.errors import BadFilterValue, BadRowQuery, UnknownColumn

WORDS = ("order", "select", "limit", "cursor", "search", "format")
LIMIT_DEFAULT, LIMIT_MAX = 50, 1000
CONDITIONS_MAX = 100
PATTERN_CHARACTERS_MAX = 1000

COMPARING = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")
OPERATORS = {
    "text": (*COMPARING, "like", "ilike"),
    "boolean": ("eq", "neq", "in", "is"),
    "json": ("is",),
}
ALL_OPERATORS = (*COMPARING, "like", "ilike")
HOW_TO = f"write it as operator.value, like eq.5; operators: {', '.join(ALL_OPERATORS)}, not.<one>"
ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"(?:,|$)|([^,"]*)(?:,|$)')
ORDER_WORDS = {"asc", "desc", "nullsfirst", "nullslast"}


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is one of ALL_OPERATORS; a NULL fulfils none but `is`, negated or not."""

    column: str
    operator: str
    values: tuple[Any, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """Empty cells come last in both directions unless `nulls_first`."""

    column: str
    is_descending: bool = False
    nulls_first: bool = False

    def reversed(self) -> "Order":
        return Order(self.column, not self.is_descending, not self.nulls_first)

    def __str__(self) -> str:
        words = ["desc"] * self.is_descending + ["nullsfirst"] * self.nulls_first
        return ".".join([self.column, *words])


@dataclass(frozen=True, slots=True)
class RowQuery:
    """select: the columns wanted, none for all.  search: text that any text column contains."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    select: tuple[str, ...] = ()
    search: str = ""
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


def parse(parameters: Iterable[tuple[str, str]], types: Mapping[str, str]) -> RowQuery:
    """Read the parameters of a list of rows; `types` maps each column's name to its type.

    Raises BadRowQuery, UnknownColumn and BadFilterValue.
    """
    words: dict[str, str] = {}
    conditions = []
    for name, text in parameters:
        if name not in WORDS:
            conditions.append(parse_condition(name, text, types))
        elif name in words:
            raise BadRowQuery(parameter=name, reason="given twice")
        else:
            words[name] = text
    if len(conditions) > CONDITIONS_MAX:
        raise BadRowQuery(parameter="filters", reason=f"more than {CONDITIONS_MAX}")
    return RowQuery(
        conditions=tuple(conditions),
        order=parse_order(words.get("order", ""), types),
        select=parse_select(words.get("select", ""), types),
        search=parse_search(words.get("search", "")),
        limit=parse_limit(words.get("limit", "")),
        cursor=words.get("cursor", ""),
    )


def type_of(column: str, types: Mapping[str, str], *, parameter: str) -> str:
    if column not in types:
        raise UnknownColumn(parameter=parameter, column=column, known=list(types))
    return types[column]


def parse_condition(column: str, text: str, types: Mapping[str, str]) -> Condition:
    type_ = type_of(column, types, parameter=column)
    unnegated = text.removeprefix("not.")
    operator, dot, operand = unnegated.partition(".")
    if not dot or operator not in ALL_OPERATORS:
        raise BadRowQuery(parameter=column, reason=f"{text!r} is not a filter; {HOW_TO}")
    allowed = OPERATORS.get(type_, COMPARING)
    if operator not in allowed:
        reason = f"{operator} does not go with {type_}; what does: {', '.join(allowed)}"
        raise BadRowQuery(parameter=column, reason=reason)
    is_negated = unnegated != text
    return Condition(column, operator, operands(column, type_, operator, operand), is_negated)


def operands(column: str, type_: str, operator: str, text: str) -> tuple[Any, ...]:
    if operator == "is":
        if text != "null":
            raise BadRowQuery(parameter=column, reason="the only such filter is is.null")
        return ()
    if operator in ("like", "ilike"):
        return (parse_pattern(column, text),)
    texts = parse_list(column, text) if operator == "in" else [text]
    return tuple(parse_value(column, type_, each) for each in texts)


def parse_value(column: str, type_: str, text: str) -> Any:
    try:
        return values.read(type_, text)
    except ValueError as error:
        wanted = values.WANTED[type_]
        raise BadFilterValue(column=column, type_=type_, value=text, reason=wanted) from error


def parse_list(column: str, text: str) -> list[str]:
    """The items of `(a,b,"c, \\"d\\"")`."""
    if not (text.startswith("(") and text.endswith(")")):
        raise BadRowQuery(parameter=column, reason="write a list as in.(a,b)")
    inner, items, at = text[1:-1], [], 0
    while at < len(inner):
        found = ITEM.match(inner, at)
        if not found:
            raise BadRowQuery(parameter=column, reason='quote items that hold quotes: ("a""b")')
        quoted, bare = found.groups()
        items.append(bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    return [*items, ""] if inner.endswith(",") else items


def parse_pattern(column: str, text: str) -> str:
    """A LIKE pattern; `*` is as good as `%`, and needs no escaping in an address."""
    pattern = re.sub(r"\\.|\*", lambda found: "%" if found[0] == "*" else found[0], text)
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        reason = f"a pattern of more than {PATTERN_CHARACTERS_MAX} characters"
        raise BadRowQuery(parameter=column, reason=reason)
    if re.sub(r"\\.", "", pattern, flags=re.DOTALL).endswith("\\"):
        raise BadRowQuery(parameter=column, reason="a pattern cannot end with one backslash")
    return str(parse_value(column, "text", pattern))


def parse_order(text: str, types: Mapping[str, str]) -> tuple[Order, ...]:
    order = tuple(parse_key(key, types) for key in text.split(",")) if text else ()
    if len({key.column for key in order}) < len(order):
        raise BadRowQuery(parameter="order", reason="a column is named twice")
    return order


def parse_key(text: str, types: Mapping[str, str]) -> Order:
    column, *words = text.strip().split(".")
    if type_of(column, types, parameter="order") == "json":
        raise BadRowQuery(parameter="order", reason=f"{column} is json, which has no order")
    if not set(words) <= ORDER_WORDS or len(words) > 2:
        reason = f"{text!r} is not column, column.desc or column.desc.nullsfirst"
        raise BadRowQuery(parameter="order", reason=reason)
    return Order(column, is_descending="desc" in words, nulls_first="nullsfirst" in words)


def parse_select(text: str, types: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(","))) if text else ()
    for name in names:
        type_of(name, types, parameter="select")
    return names


def parse_search(text: str) -> str:
    if len(text) > PATTERN_CHARACTERS_MAX:
        reason = f"more than {PATTERN_CHARACTERS_MAX} characters"
        raise BadRowQuery(parameter="search", reason=reason)
    return str(parse_value("search", "text", text))


def parse_limit(text: str) -> int:
    if not text:
        return LIMIT_DEFAULT
    if not re.fullmatch("[0-9]{1,6}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise BadRowQuery(parameter="limit", reason=f"{text!r} is not from 1 to {LIMIT_MAX}")
    return int(text)


def contains(text: str) -> str:
    """The LIKE pattern of whatever contains `text`."""
    literal = re.sub(r"([%_\\])", r"\\\1", text)
    return f"%{literal}%"


def types_with_ids(types: Mapping[str, str]) -> dict[str, str]:
    """What can be asked for: the columns, after the two that every table has."""
    return {"_id": "integer", "_import": "integer", **types}


def ordered_fully(order: Sequence[Order]) -> tuple[Order, ...]:
    """`order` with the row's number at its end, by which no two rows are equal."""
    names = [key.column for key in order]
    if "_id" in names:
        return tuple(order[: names.index("_id") + 1])
    return (*order, Order("_id"))
