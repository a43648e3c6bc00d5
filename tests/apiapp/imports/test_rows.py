import gc
import weakref
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports import rows
from apiapp.imports.fields import KEEPS_TEXT, sqlite_form
from apiapp.imports.models import Column
from apiapp.imports.rows import rows_of
from tests.apiapp.imports.made import fill, make_dataset, stored

pytestmark = pytest.mark.django_db(databases="__all__")

VALUES: list[tuple[str, Any]] = [
    ("text", "naïve 文字 % _ \\ ' \" \n"),
    ("text", ""),
    ("integer", 2**63 - 1),
    ("integer", -(2**63)),
    ("decimal", Decimal("0.1")),
    ("decimal", Decimal("-12345678901234567890.12345678901234567890")),
    ("decimal", Decimal("1e-400")),
    ("decimal", Decimal("1e400")),
    ("decimal", Decimal(2**63)),
    ("decimal", Decimal("0.12345678901234567")),
    ("float", 0.1 + 0.2),
    ("float", 5e-324),
    ("boolean", False),
    ("boolean", True),
    ("date", date(1, 1, 1)),
    ("date", date(9999, 12, 31)),
    ("timestamp", datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)),
    ("timestamp", datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC)),
    ("uuid", UUID("0f8fad5b-d9cb-469f-a165-70867728950e")),
    ("json", {"a": [1, 2.5, None, "ü"], "b": {}}),
]


@pytest.mark.parametrize(("type_", "value"), VALUES)
def test_a_value_comes_back_as_it_was_written(user: User, type_: str, value: Any) -> None:
    dataset = make_dataset(user, {"cell": type_})

    fill(dataset, [{"cell": value}, {"cell": None}])

    first, second = rows_of(dataset)
    assert first.f_cell == value
    assert type(first.f_cell) is type(value)
    assert second.f_cell is None


@pytest.mark.parametrize(
    ("type_", "value", "form"),
    [
        ("decimal", Decimal("1.50"), 1.5),
        ("decimal", Decimal("3"), 3),
        ("decimal", Decimal("12345678901234567.5"), f"12345678901234567.5{KEEPS_TEXT}"),
        ("boolean", True, 1),
        ("timestamp", datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), "2026-01-31 23:59:59"),
        (
            "timestamp",
            datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC),
            "2026-01-31 23:59:59.000001",
        ),
        (
            "uuid",
            UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
            "0f8fad5b-d9cb-469f-a165-70867728950e",
        ),
    ],
)
def test_sqlite_keeps_the_form_that_other_tools_read(
    user: User, type_: str, value: Any, form: Any
) -> None:
    connection = connections["datasets"]
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has a type of its own for each")
    dataset = make_dataset(user, {"cell": type_}, [{"cell": value}])

    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "cell" || \'\' FROM "{dataset.table_name}"')
        (as_text,) = cursor.fetchone()

    assert as_text == str(form)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_the_form_for_sqlite_is_the_same_number(value: Decimal) -> None:
    form = sqlite_form(value)

    assert Decimal(str(form)) == value


@pytest.mark.parametrize(
    ("one", "other"), [("1.50", "1.5"), ("1E+3", "1000"), ("-0.0", "0"), ("1E+30", "1" + "0" * 30)]
)
def test_one_number_has_one_form_however_it_is_written(one: str, other: str) -> None:
    assert sqlite_form(Decimal(one)) == sqlite_form(Decimal(other))


def test_required_columns_refuse_to_be_empty_in_forms_and_others_do_not(user: User) -> None:
    dataset = make_dataset(user, {"name": "text", "note": "text"}, required=["name"])

    model = rows.model_for(dataset)

    assert not model._meta.get_field("f_name").blank
    assert model._meta.get_field("f_note").blank


def test_a_changed_column_gives_a_new_model_and_an_unchanged_dataset_the_same(user: User) -> None:
    dataset = make_dataset(user, {"name": "text"})
    before = rows.model_for(dataset)
    unchanged = rows.model_for(dataset)

    Column.objects.filter(dataset=dataset).update(label="Other")

    assert unchanged is before
    assert rows.model_for(dataset) is not before


def test_a_thousand_models_are_collected_and_never_reach_the_global_registry() -> None:
    spec = rows.Spec(name="n", label="N", type="integer", required=False)

    built = [
        weakref.ref(rows.build_model(table_name=f"t{number}", columns=[spec]))
        for number in range(1000)
    ]
    rows._build.cache_clear()
    gc.collect()

    assert sum(reference() is not None for reference in built) == 0
    assert rows.APP_LABEL not in apps.all_models


def test_a_column_may_be_called_anything(user: User) -> None:
    name = 'drop"table;--%s'
    dataset = make_dataset(user, {}, slug="odd")
    Column.objects.create(dataset=dataset, position=0, name="名前_①", label=name, type="text")

    (field,) = [f for f in rows.model_for(dataset)._meta.local_fields if f.name.startswith("f_")]

    assert field.verbose_name == name
    assert field.column == "名前_①"
    assert stored(dataset, "_id") == []
