"""Which cells of each type are written so that a lane takes them, in DuckDB's SQL.

A cell is canonical if SQL tells its value, surely and just as convert.py does.  More may be
convertible: those cells are judged there.  `{c}` stands for the cell, which is not empty, and `{v}`
for what `value` made of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apiapp.imports.pipeline.check import UNIQUE_LIMIT_CHARS
from apiapp.imports.pipeline.convert import BOOLEANS, FALSE, TRUE
from apiapp.imports.pipeline.lanes.local_patterns import VALUES_BY_KIND, form_of, kind
from apiapp.imports.pipeline.schema import ColumnSpec

DOUBLE_CHARS = 15  # so many digits survive the nearest double
NUMBERS = {"integer", "decimal", "float"}
UNCHANGED = "nullif({c}, '')"
# Doubled braces are format's.  That the day exists, a cast tells: cheaper than casting back to text.
DATE = "[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
YEAR_1 = "0001"  # Python has none before


@dataclass(frozen=True, slots=True)
class Form:
    """SQL about a cell.

    value: what SQLite stores for it, NULL where it is empty.  test: whether it is canonical.
    text: the value as convert.py writes it, to compare it with conditions; "" where SQL cannot.
    """

    test: str
    value: str = UNCHANGED
    text: str = "{c}"


def words_for(*meanings: str) -> str:
    words = [word for word, meaning in BOOLEANS.items() if word and meaning in meanings]
    spelt = sorted({way for word in words for way in (word, word.upper(), word.capitalize())})
    return ", ".join(map(literal, spelt))


def literal(text: str) -> str:
    """A string of SQL.  No text of a file comes here: bounds, allowed values and names alone."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


FORMS = {
    "text": Form("true"),
    "integer": Form("{v}::varchar = {c}", "try_cast({c} as bigint)"),
    "decimal": Form(
        rf"(strlen({{c}}) <= {DOUBLE_CHARS} and regexp_full_match({{c}}, '-?[0-9]+([.][0-9]+)?'))",
        "try_cast({c} as double)",
    ),
    "float": Form(
        r"(regexp_full_match({c}, '-?[0-9]{{1,15}}([.][0-9]{{1,15}})?([eE][+-]?[0-9]{{1,3}})?')"
        " and isfinite({v}))",
        "try_cast({c} as double)",
        text="",
    ),
    "boolean": Form(
        "{v} is not null",
        f"case when {{c}} in ({words_for(TRUE)}) then 1 when {{c}} in ({words_for(FALSE)}) then 0 end",
        "{v}::varchar",
    ),
    "date": Form(
        f"(regexp_full_match({{c}}, '{DATE}') and {{c}} >= '{YEAR_1}'"
        " and try_cast({c} as date) is not null)"
    ),
    "timestamp": Form(
        f"(regexp_full_match({{c}}, '{DATE}[ T]{TIME}Z?') and {{c}} >= '{YEAR_1}'"
        " and try_cast({v} as timestamp) is not null)",
        "case when {c} like '____-__-__ __:__:__' then {c}"
        " else nullif(left(replace({c}, 'T', ' '), 19), '') end",
        "{v}",
    ),
    "uuid": Form("try_cast({c} as uuid)::varchar = {c}"),
}


def lacking(columns: Sequence[ColumnSpec]) -> str:
    """Why the conditions and types of `columns` are nothing for a lane; "" if they are."""
    for column in columns:
        if column.type not in FORMS:
            return f"a column of {column.type}"
        if any(name in column.conditions for name in unfit(column)):
            return f"conditions on a column of {column.type}"
    return ""


def unfit(column: ColumnSpec) -> Iterator[str]:
    """Conditions that SQL does not judge as rules.py does."""
    yield "pattern"
    if form_of(column):
        yield from ("allowed", "minimum", "maximum")
    if not FORMS[column.type].text:
        yield "allowed"
    for name in ("minimum", "maximum"):
        if column.type in NUMBERS and len(column.conditions.get(name) or "") > DOUBLE_CHARS:
            yield name


def is_unchanged(column: ColumnSpec) -> bool:
    """Whether the value of a cell, if it is canonical, is the cell."""
    return sql_of(column).value == UNCHANGED


def sql_of(column: ColumnSpec) -> Form:
    """Of a cell in a form of its own SQL tells that it is one, not its value."""
    if not form_of(column):
        return FORMS[column.type]
    pattern = literal(VALUES_BY_KIND[kind(column)]).replace("{", "{{").replace("}", "}}")
    return Form(f"regexp_full_match({{c}}, {pattern})", text="")


def value(column: ColumnSpec, cell: str) -> str:
    return sql_of(column).value.format(c=cell)


def test(column: ColumnSpec, cell: str, value: str) -> str:
    """SQL that is true where the cell may be loaded as it is, else false or NULL."""
    form = sql_of(column)
    text = form.text.format(c=cell, v=value)
    tests = [form.test.format(c=cell, v=value), *conditions(column, text, cell)]
    if column.unique and column.type == "text":
        tests.append(f"length({cell}) <= {UNIQUE_LIMIT_CHARS}")
    if tests == ["true"]:
        return f"{cell} <> ''" if column.required else "true"
    met = " and ".join(tests)
    return f"({cell} <> '' and {met})" if column.required else f"({cell} = '' or ({met}))"


def conditions(column: ColumnSpec, text: str, cell: str) -> Iterator[str]:
    for name, sign in (("minimum", ">="), ("maximum", "<=")):
        if bound := column.conditions.get(name):
            if column.type in NUMBERS:
                yield f"try_cast({cell} as double) {sign} {float(bound)!r}::double"
            else:
                yield f"{text} {sign} {literal(bound)}"
    if "allowed" in column.conditions:
        listed = ", ".join(map(literal, column.conditions["allowed"]))
        yield f"{text} in ({listed})"
