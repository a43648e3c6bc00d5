"""What rows are asked for, in the manner of PostgREST: `price=gte.5&order=name.desc&select=name`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apiapp.imports import filter_text, values
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
GROUP = re.compile(r"(not\.)?(and|or)")
INNER_GROUP = re.compile(r"((?:not\.)?(?:and|or))(\(.*\))", re.DOTALL)
GROUP_LEVELS_MAX = 5
IS_WORDS = {"null": (), "not_null": (), "unknown": (), "true": (True,), "false": (False,)}
QUOTED_VALUE = re.compile(r'((?:not\.)?[a-z]+)\.(".*")', re.DOTALL)
IS_OF_ANY = ("null", "not_null")
ORDER_WORDS = {"asc", "desc", "nullsfirst", "nullslast"}


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is one of ALL_OPERATORS; a NULL fulfils none but `is`, negated or not.

    values: of `is` nothing for empty cells, or the truth value that is meant.
    """

    column: str
    operator: str
    values: tuple[Any, ...]
    is_negated: bool = False

    def negated(self) -> "Condition":
        return replace(self, is_negated=not self.is_negated)


@dataclass(frozen=True, slots=True)
class Group:
    """All of its parts are to be true, or any of them."""

    is_any: bool
    parts: tuple["Condition | Group", ...]

    def negated(self) -> "Group":
        """True where it is not, but for empty cells: those fulfil no comparison, negated or not."""
        return Group(not self.is_any, tuple(part.negated() for part in self.parts))

    @property
    def size(self) -> int:
        return sum(part.size if isinstance(part, Group) else 1 for part in self.parts)


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
    """select: the columns wanted, none for all.  search: text that any text column contains.

    shown: what each of `select` is to be called.
    """

    conditions: tuple[Condition | Group, ...] = ()
    order: tuple[Order, ...] = ()
    select: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    search: str = ""
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


def parse(parameters: Iterable[tuple[str, str]], types: Mapping[str, str]) -> RowQuery:
    """Read the parameters of a list of rows; `types` maps each column's name to its type.

    Raises BadRowQuery, UnknownColumn and BadFilterValue.
    """
    words: dict[str, str] = {}
    conditions: list[Condition | Group] = []
    for name, text in parameters:
        if GROUP.fullmatch(name) and text.startswith("("):
            conditions.append(parse_group(name, text, types, parameter=name))
        elif name not in WORDS:
            conditions.append(parse_condition(name, text, types))
        elif name in words:
            raise BadRowQuery(parameter=name, reason="given twice")
        else:
            words[name] = text
    if Group(is_any=False, parts=tuple(conditions)).size > CONDITIONS_MAX:
        raise BadRowQuery(parameter="filters", reason=f"more than {CONDITIONS_MAX}")
    selected = parse_selected(words.get("select", ""), types)
    return RowQuery(
        conditions=tuple(conditions),
        order=parse_order(words.get("order", ""), types),
        select=tuple(selected.values()),
        shown=tuple(selected),
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
    if operator == "is":
        is_negated ^= operand == "not_null"
    return Condition(column, operator, operands(column, type_, operator, operand), is_negated)


def parse_group(
    word: str, text: str, types: Mapping[str, str], *, parameter: str, level: int = 1
) -> Group:
    """`word` is and, or, not.and, not.or; `text` the list of what it joins."""
    try:
        parts = filter_text.parts_of(text)
    except filter_text.Unreadable as error:
        raise BadRowQuery(parameter=parameter, reason=f"{error} of {text!r}") from error
    if level > GROUP_LEVELS_MAX:
        reason = f"groups lie more than {GROUP_LEVELS_MAX} deep in one another"
        raise BadRowQuery(parameter=parameter, reason=reason)
    group = Group(
        is_any=word.endswith("or"),
        parts=tuple(parse_part(part, types, parameter, level) for part in parts),
    )
    return group.negated() if word.startswith("not.") else group


def parse_part(
    text: str, types: Mapping[str, str], parameter: str, level: int
) -> Condition | Group:
    """A group, or a condition as `column.operator.value`, whose value may be in quotes."""
    if inner := INNER_GROUP.fullmatch(text.strip()):
        return parse_group(inner[1], inner[2], types, parameter=parameter, level=level + 1)
    column, _, rest = text.strip().partition(".")
    type_of(column, types, parameter=parameter)
    if quoted := QUOTED_VALUE.fullmatch(rest):
        rest = f"{quoted[1]}.{filter_text.unquoted(quoted[2])}"
    return parse_condition(column, rest, types)


def operands(column: str, type_: str, operator: str, text: str) -> tuple[Any, ...]:
    if operator == "is":
        known = tuple(IS_WORDS) if type_ == "boolean" else IS_OF_ANY
        if text not in known:
            reason = f"is goes with {', '.join(known)} here"
            raise BadRowQuery(parameter=column, reason=reason)
        return IS_WORDS[text]
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


def parse_selected(text: str, types: Mapping[str, str]) -> dict[str, str]:
    """What each column is to be called -> the column, of `shown:column,column`."""
    selected: dict[str, str] = {}
    for item in text.split(",") if text else ():
        shown, colon, column = item.strip().partition(":")
        column = column if colon else shown
        type_of(column, types, parameter="select")
        if not shown or selected.setdefault(shown, column) != column:
            reason = f"{item.strip()!r}: each column has one name of its own"
            raise BadRowQuery(parameter="select", reason=reason)
    return selected


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
