import base64
import string
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports import cursors, row_query, values
from apiapp.imports.cursors import Cursor
from apiapp.imports.errors import BadFilterValue, BadRowQuery, UnknownColumn
from apiapp.imports.row_query import Condition, Group, Order

TYPES = row_query.types_with_ids({name: name for name in (*values.READERS, "json")})


def test_an_unknown_column_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownColumn) as caught:
        row_query.parse([("prise", "eq.5")], {"price": "decimal"})

    assert caught.value.column == "prise"
    assert caught.value.known == ["price"]


@pytest.mark.parametrize("parameter", ["select", "order"])
def test_select_and_order_name_an_unknown_column_too(parameter: str) -> None:
    with pytest.raises(UnknownColumn) as caught:
        row_query.parse([(parameter, "integer,nothing")], TYPES)

    assert caught.value.parameter == parameter
    assert caught.value.column == "nothing"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("integer", "eq.1.5"),
        ("integer", "eq."),
        ("integer", "eq.1_000"),
        ("integer", "eq.٣"),
        ("integer", "gt.9223372036854775808"),
        ("integer", "in.(1,x)"),
        ("decimal", "eq.NaN"),
        ("decimal", "eq.1,5"),
        ("decimal", "eq.1e9999"),
        ("decimal", "eq.1e99999999999"),
        ("decimal", "gt.1e-2000"),
        ("float", "eq.inf"),
        ("float", "eq.1e400"),
        ("boolean", "eq.yes"),
        ("date", "eq.31.1.2026"),
        ("date", "eq.2026-02-30"),
        ("timestamp", "eq.noon"),
        ("timestamp", "eq.0001-01-01T00:00:00+10:00"),
        ("uuid", "eq.123"),
        ("text", "eq.\x00"),
        ("text", "eq.\ud800"),
        ("text", "like.*\x00"),
        ("_id", "eq.x"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_column_and_its_type(
    column: str, value: str
) -> None:
    with pytest.raises(BadFilterValue) as caught:
        row_query.parse([(column, value)], TYPES)

    assert caught.value.column == column
    assert caught.value.column_type == TYPES[column]


@pytest.mark.parametrize(
    ("parameter", "value", "says"),
    [
        ("text", "plain", "write it as operator.value"),
        ("text", "equals.plain", "operators: eq, neq"),
        ("text", "not.not.eq.x", "operator.value"),
        ("integer", "like.5", "like does not go with integer"),
        ("json", "eq.{}", "eq does not go with json"),
        ("boolean", "gt.true", "gt does not go with boolean"),
        ("text", "is.nothing", "null, not_null here"),
        ("text", "is.true", "null, not_null here"),
        ("boolean", "is.maybe", "unknown, true, false here"),
        ("or", "(text.eq.a", "not closed at character 10"),
        ("or", "(text.eq.a)b", "behind the last bracket at character 12"),
        ("or", "(text.eq.a,)", "no column ''"),
        ("or", "()", "no column ''"),
        ("not.and", "(colour.eq.red)", "no column 'colour'"),
        ("and", "(text.is)", "operator.value"),
        ("or", "(integer.eq.five)", "'five' is not"),
        ("or", "(and(or(and(or(and(text.eq.a))))))", "5 deep"),
        ("select", "a:text,a:integer", "one name of its own"),
        ("select", ":text", "one name of its own"),
        ("select", "text::integer", "no column ':integer'"),
        ("text", "in.a,b", "in.(a,b)"),
        ("text", 'in.(a"b)', "quote"),
        ("text", "like." + "x" * 1001, "1000 characters"),
        ("text", "like.x\\", "backslash"),
        ("order", "text.up", "column.desc"),
        ("order", "text.desc.nullsfirst.asc", "column.desc"),
        ("order", "text,text.desc", "twice"),
        ("order", "json", "no order"),
        ("limit", "0", "from 1 to 1000"),
        ("limit", "1001", "from 1 to 1000"),
        ("limit", "-1", "from 1 to 1000"),
        ("limit", "ten", "from 1 to 1000"),
        ("search", "x" * 1001, "1000 characters"),
    ],
)
def test_what_cannot_be_understood_is_refused_saying_what_is_right(
    parameter: str, value: str, says: str
) -> None:
    with pytest.raises(BadRowQuery, match=".*") as caught:
        row_query.parse([(parameter, value)], TYPES)

    assert says in str(caught.value)
    assert caught.value.parameter in (parameter, "text", "integer")  # or of a part of a group


def test_groups_are_joined_and_lie_in_one_another() -> None:
    text = '(text.eq."a,(b",not.and(integer.in.(4,5),boolean.is.true),float.not.is.null)'

    (group,) = row_query.parse([("or", text)], TYPES).conditions

    assert group == Group(
        is_any=True,
        parts=(
            Condition("text", "eq", ("a,(b",)),
            Group(
                is_any=True,
                parts=(
                    Condition("integer", "in", (4, 5), is_negated=True),
                    Condition("boolean", "is", (True,), is_negated=True),
                ),
            ),
            Condition("float", "is", (), is_negated=True),
        ),
    )


def test_a_column_may_be_called_or() -> None:
    (condition,) = row_query.parse([("or", "eq.x")], {"or": "text"}).conditions

    assert condition == Condition("or", "eq", ("x",))


def test_what_stands_in_groups_is_counted_too() -> None:
    text = "(" + ",".join(["text.eq.a"] * 60) + ")"

    with pytest.raises(BadRowQuery, match="more than 100"):
        row_query.parse([("or", text), ("and", text)], TYPES)


def test_columns_are_shown_under_names_of_ones_own() -> None:
    query = row_query.parse([("select", "_id,a:text,b:text")], TYPES)

    assert query.select == ("_id", "text", "text")
    assert query.shown == ("_id", "a", "b")


def test_a_word_given_twice_is_refused() -> None:
    with pytest.raises(BadRowQuery, match="twice"):
        row_query.parse([("limit", "1"), ("limit", "2")], TYPES)


def test_more_filters_than_a_database_takes_are_refused() -> None:
    with pytest.raises(BadRowQuery, match="more than 100"):
        row_query.parse([("text", "is.null")] * 101, TYPES)


def test_a_column_may_be_filtered_twice() -> None:
    query = row_query.parse([("integer", "gte.1"), ("integer", "not.in.(4,5)")], TYPES)

    assert query.conditions == (
        Condition("integer", "gte", (1,)),
        Condition("integer", "in", (4, 5), is_negated=True),
    )


@given(st.lists(st.text(alphabet=string.printable, max_size=8), min_size=1, max_size=5))
def test_a_list_gives_back_the_items_that_were_quoted_into_it(items: list[str]) -> None:
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]

    assert row_query.parse_list("text", f"({','.join(quoted)})") == items


ANYTHING = {
    "text": st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(-(10**30), 10**30, allow_nan=False, places=20),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamp": st.datetimes(timezones=st.just(UTC)),
    "uuid": st.uuids(),
}


@given(st.data())
def test_a_cursor_gives_back_its_keys_whatever_their_type(data: st.DataObject) -> None:
    order = tuple(Order(name, data.draw(st.booleans())) for name in ANYTHING)
    keys = tuple(data.draw(st.none() | ANYTHING[each.column]) for each in order)
    cursor = Cursor(keys, data.draw(st.booleans()))

    assert cursors.loads(cursors.dumps(cursor, order), order, TYPES) == cursor


@given(st.text(max_size=40) | st.binary(max_size=40).map(base64.b64encode).map(bytes.decode))
def test_a_damaged_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadRowQuery):
        cursors.loads(text, (Order("_id"),), TYPES)


@pytest.mark.parametrize("payload", ["[" * 30_000, '["_id", 0, [[1]]]', '["_id", 0, [1, 2]]', "7"])
def test_a_forged_cursor_is_refused(payload: str) -> None:
    text = base64.urlsafe_b64encode(payload.encode()).decode()

    with pytest.raises(BadRowQuery):
        cursors.loads(text, (Order("_id"),), TYPES)


def test_a_cursor_of_another_order_is_refused() -> None:
    text = cursors.dumps(Cursor((1,)), (Order("_id"),))

    with pytest.raises(BadRowQuery, match="another order"):
        cursors.loads(text, (Order("_id", is_descending=True),), TYPES)
