"""Pages of rows, on whichever database the suite runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiapp.imports import row_query, selection
from apiapp.imports.models import Dataset
from apiapp.imports.row_query import RowQuery
from apiapp.imports.rows import rows_of
from tests.apiapp.imports.made import ALL_TYPES, fill, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

TYPES = row_query.types_with_ids(ALL_TYPES)
FIRST, SECOND = (
    {
        "text": "Äpfel_100%",
        "integer": 5,
        "decimal": Decimal("0.1234567890123456789"),
        "float": 0.5,
        "boolean": True,
        "date": date(2026, 1, 31),
        "timestamp": datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC),
        "uuid": UUID(int=1),
        "json": {"a": None},
    },
    {
        "text": "apfel*[b]\\c",
        "integer": -7,
        "decimal": Decimal("12"),
        "float": -1.5,
        "boolean": False,
        "date": date(2026, 2, 1),
        "timestamp": datetime(2026, 1, 31, 12, 0, 0, 500000, tzinfo=UTC),
        "uuid": UUID(int=2),
        "json": [],
    },
)


def ids_found(dataset: Dataset, text: str, types: dict[str, str] = TYPES) -> list[int]:
    """Numbers, from 1, of the rows that the parameters `text` find."""
    parameters = [pair.split("=", 1) for pair in text.split("&")] if text else []
    query = row_query.parse([(name, value) for name, value in parameters], types)
    return [row["row_id"] for row in selection.page_of(rows_of(dataset), query, types).rows]


@pytest.fixture
def things(user: User) -> Dataset:
    """Row 1 and row 2 have a value in every column, row 3 in none."""
    return make_dataset(user, ALL_TYPES, [FIRST, SECOND, {}])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("text=eq.Äpfel_100%", [1]),
        ("text=neq.Äpfel_100%", [2]),
        ("text=not.eq.Äpfel_100%", [2]),
        ("text=not.neq.Äpfel_100%", [1]),
        ("text=like.*fel*", [1, 2]),
        ("text=like.a*", [2]),
        ("text=like.A*", []),
        ("text=ilike.APFEL*", [2]),
        ("text=like.%\\_100\\%", [1]),
        ("text=like.%\\_10_\\%", [1]),
        ("text=like.*\\*[b]*", [2]),
        ("text=like.*\\\\c", [2]),
        ("text=ilike.*\\\\C", [2]),
        ("text=not.like.a*", [1]),
        ("text=in.(x,Äpfel_100%)", [1]),
        ('text=in.("a,b","apfel*[b]\\\\c")', [2]),
        ("text=not.in.(x)", [1, 2]),
        ("text=in.()", []),
        ("text=is.null", [3]),
        ("text=not.is.null", [1, 2]),
        ("text=eq.", []),
        ("integer=gt.4", [1]),
        ("integer=gte.-7&integer=lte.5", [1, 2]),
        ("integer=in.(5,-7,9)", [1, 2]),
        ("integer=lt.-9223372036854775807", []),
        ("decimal=eq.0.1234567890123456789", [1]),
        ("decimal=eq.0.12345678901234567890", [1]),
        ("decimal=eq.0.1234567890123456788", []),
        ("decimal=eq.12.000", [2]),
        ("decimal=gt.5", [2]),
        ("decimal=lt.5", [1]),
        ("decimal=lte.1e1", [1]),
        ("decimal=in.(12,0.1234567890123456789)", [1, 2]),
        ("float=lt.0", [2]),
        ("float=eq.5e-1", [1]),
        ("boolean=eq.true", [1]),
        ("boolean=neq.true", [2]),
        ("boolean=not.eq.false", [1]),
        ("date=gte.2026-02-01", [2]),
        ("date=eq.2026-01-31", [1]),
        ("timestamp=lt.2026-01-31T12:00:00.5Z", [1]),
        ("timestamp=eq.2026-01-31T13:00:00.500000+01:00", [2]),
        ("timestamp=eq.2026-01-31 12:00:00", [1]),
        ("uuid=eq.00000000-0000-0000-0000-000000000002", [2]),
        ("uuid=lt.00000000000000000000000000000002", [1]),
        ("json=is.null", [3]),
        ("json=not.is.null", [1, 2]),
        ("boolean=is.true", [1]),
        ("boolean=not.is.true", [2, 3]),
        ("boolean=is.unknown", [3]),
        ("float=is.not_null", [1, 2]),
        ("or=(integer.eq.5,text.is.null)", [1, 3]),
        ("or=(integer.eq.5,integer.eq.-7)&boolean=eq.false", [2]),
        ("and=(integer.gte.-7,decimal.lt.5)", [1]),
        ("not.or=(integer.eq.5,decimal.gt.100)", [2]),
        ("not.and=(integer.eq.5,boolean.is.true)", [2, 3]),
        ('or=(text.in.("a,b",Äpfel_100%),and(float.lt.0,json.not.is.null))', [1, 2]),
        ("_id=gte.2", [2, 3]),
        ("_import=is.null", [1, 2, 3]),
        ("search=FEL", [1, 2]),
        ("search=100%", [1]),
        ("search=_", [1]),
        ("search=nowhere", []),
        ("order=integer", [2, 1, 3]),
        ("order=integer.desc", [1, 2, 3]),
        ("order=integer.desc.nullsfirst", [3, 1, 2]),
        ("order=decimal.desc", [2, 1, 3]),
        ("order=timestamp", [1, 2, 3]),
        ("order=boolean,text", [2, 1, 3]),
        ("order=uuid.desc", [2, 1, 3]),
        ("order=_id.desc", [3, 2, 1]),
        ("order=_import.nullsfirst,_id.desc", [3, 2, 1]),
        ("", [1, 2, 3]),
    ],
)
def test_a_query_finds_these_rows_in_this_order(
    things: Dataset, text: str, found: list[int]
) -> None:
    assert ids_found(things, text) == found


def test_a_search_without_text_columns_finds_nothing(user: User) -> None:
    dataset = make_dataset(user, {"n": "integer"}, [{"n": 1}])

    assert ids_found(dataset, "search=1", row_query.types_with_ids({"n": "integer"})) == []


def test_a_search_over_very_many_text_columns_is_answered(user: User) -> None:
    columns = {f"c{number}": "text" for number in range(1200)}
    dataset = make_dataset(user, columns, [{"c0": "here"}, {"c1199": "x"}])

    assert ids_found(dataset, "search=here", row_query.types_with_ids(columns)) == [1]


def test_matches_are_counted_up_to_a_limit(things: Dataset) -> None:
    query = row_query.parse([("integer", "not.is.null"), ("decimal", "lt.100")], TYPES)

    assert selection.counted(rows_of(things), query, TYPES) == 2


@contextmanager
def undone_afterwards() -> Iterator[None]:
    """Whatever is written inside, on either database, is taken back."""
    with transaction.atomic(), transaction.atomic(using="datasets"):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="datasets")


MIXED = {"a": "integer", "b": "text", "c": "decimal", "d": "boolean", "e": "timestamp"}
MIXED_TYPES = row_query.types_with_ids(MIXED)
CELLS = {
    "a": st.none() | st.integers(-2, 2),
    "b": st.none() | st.sampled_from(["", "a", "B", "ä", "b ", "\U0001f600"]),
    "c": st.none() | st.sampled_from(["0.1", "0.10000000000000000001", "-5", "1e20"]).map(Decimal),
    "d": st.none() | st.booleans(),
    "e": st.none()
    | st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, UTC)]),
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), max_size=25)
KEYS = st.builds(
    row_query.Order, st.sampled_from([*MIXED, "_id", "_import"]), st.booleans(), st.booleans()
)
ORDERS = st.lists(KEYS, max_size=3, unique_by=lambda key: key.column).map(tuple)


def pages(dataset: Dataset, query: RowQuery, side: str = "next") -> Iterator[selection.Page]:
    """All pages from `query`'s on, towards `side`."""
    while True:
        page = selection.page_of(rows_of(dataset), query, MIXED_TYPES)
        yield page
        cursor = getattr(page, side)
        if not cursor:
            return
        query = RowQuery(order=query.order, limit=query.limit, cursor=cursor)


@given(rows=ROWS, order=ORDERS, limit=st.integers(1, 7))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_visit_every_row_once_in_order_and_the_same_way_back(
    user: User, rows: list[dict[str, Any]], order: tuple[row_query.Order, ...], limit: int
) -> None:
    with undone_afterwards():
        dataset = make_dataset(user, MIXED, rows)
        whole = selection.page_of(
            rows_of(dataset), RowQuery(order=order, limit=1000), MIXED_TYPES
        ).rows

        there = list(pages(dataset, RowQuery(order=order, limit=limit)))
        start = RowQuery(order=order, limit=limit, cursor=there[-1].previous)
        back = list(pages(dataset, start, "previous")) if there[-1].previous else []

        assert [row for page in there for row in page.rows] == whole
        assert {row["row_id"] for row in whole} == set(
            rows_of(dataset).values_list("row_id", flat=True)
        )
        before_last = whole[: len(whole) - len(there[-1].rows)]
        assert [row for page in reversed(back) for row in page.rows] == before_last


@given(
    rows=st.lists(st.fixed_dictionaries(CELLS), min_size=3, max_size=20),
    order=ORDERS,
    changes=st.lists(st.integers(0, 50) | st.fixed_dictionaries(CELLS), min_size=1, max_size=10),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_rows_that_stay_are_visited_once_while_others_come_and_go(
    user: User,
    rows: list[dict[str, Any]],
    order: tuple[row_query.Order, ...],
    changes: list[int | dict[str, Any]],
) -> None:
    with undone_afterwards():
        dataset = make_dataset(user, MIXED, rows)
        staying = set(rows_of(dataset).values_list("row_id", flat=True))
        visited: list[int] = []

        for page in pages(dataset, RowQuery(order=order, limit=2)):
            visited += [row["row_id"] for row in page.rows]
            change = changes.pop() if changes else None
            if isinstance(change, dict):
                fill(dataset, [change])
            elif change is not None:
                victim = sorted(staying)[change % len(staying)]
                staying -= {victim}
                rows_of(dataset).filter(row_id=victim).delete()
            if not staying:
                break

        assert len(visited) == len(set(visited))
        assert staying <= set(visited)


def test_the_page_after_the_first_million_is_found_by_key_not_by_counting(things: Dataset) -> None:
    query = row_query.parse([("limit", "1")], TYPES)
    second = RowQuery(limit=1, cursor=selection.page_of(rows_of(things), query, TYPES).next)

    with connections["datasets"].execute_wrapper(refusing_offsets):
        page = selection.page_of(rows_of(things), second, TYPES)

    assert [row["row_id"] for row in page.rows] == [2]


def refusing_offsets(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "OFFSET" not in sql
    return execute(sql, params, many, context)
