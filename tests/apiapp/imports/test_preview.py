"""The preview says what columns as a person wants them would refuse, before anything is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset, Import
from tests.apiapp.imports.loading import imported, uploaded
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]
FILE = b'code,price\na,"1,5"\nb,"2,5"\nb,x\n'


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


def previewed(client: APIClient, user: User, content: bytes, **asked: Any) -> Any:
    body = {"file_id": uploaded(user, content).pk, **asked}
    return client.post("/api/imports/preview/", body)


def test_columns_are_checked_as_they_are_wanted(client: APIClient, user: User) -> None:
    wishes = [
        {"conditions": {"allowed": ["a"]}},
        {"label": "Price", "type": "decimal", "form": ",", "required": True},
    ]

    body = previewed(client, user, FILE, columns=wishes).json()

    assert body["checked"] == {
        "rows": 3,
        "rows_refused": 2,
        "cells": [
            {"column": "code", "kind": "allowed", "count": 2},
            {"column": "Price", "kind": "type", "count": 1},
        ],
    }
    assert (body["columns"][1]["form"], body["columns"][1]["required"]) == (",", True)
    assert len(body["warnings"]) == 1
    assert not Import.objects.exists()
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("wish", "condition"),
    [
        ({"conditions": {"pattern": "("}}, "pattern"),
        ({"type": "integer", "conditions": {"minimum": "low"}}, "minimum"),
        ({"type": "boolean", "conditions": {"maximum": "1"}}, "maximum"),
        ({"type": "date", "conditions": {"allowed": ["soon"]}}, "allowed"),
        ({"conditions": {"references": "secret.code"}}, "references"),
        ({"type": "integer", "form": "dmy"}, None),
        ({"type": "text", "form": ","}, None),
    ],
    ids=str,
)
def test_what_cannot_be_asked_of_a_column_is_told_with_its_place(
    client: APIClient, user: User, other_user: User, wish: dict[str, Any], condition: str | None
) -> None:
    make_dataset(other_user, {"code": "text"}, slug="secret")

    answer = previewed(client, user, FILE, columns=[wish, {}])

    assert answer.status_code == 422, answer.json()
    assert answer.json()["columns"] == ["code"]
    assert answer.json().get("condition") == condition


@pytest.mark.parametrize(
    ("wish", "form", "refused"),
    [({"type": "decimal"}, ",.", 1), ({"type": "decimal", "form": ""}, "", 3), ({}, "", 0)],
)
def test_a_type_that_is_chosen_gets_the_form_in_which_the_cells_fit_best(
    client: APIClient, user: User, wish: dict[str, Any], form: str, refused: int
) -> None:
    body = previewed(client, user, FILE, columns=[{}, wish]).json()

    assert (body["columns"][1]["form"], body["checked"]["rows_refused"]) == (form, refused)


def test_too_few_columns_are_refused(client: APIClient, user: User) -> None:
    answer = previewed(client, user, FILE, columns=[{}])

    assert answer.json()["detail"] == "1 column is described, the file has 2"


@pytest.mark.parametrize("name", ["sheet", "member"])
@pytest.mark.parametrize("content", [FILE, b'{"a": 1}\n{"a": 2}\n'], ids=["text", "json lines"])
def test_a_part_of_a_file_that_has_none_is_refused(
    client: APIClient, user: User, name: str, content: bytes
) -> None:
    refused = previewed(client, user, content, dialect={name: "first"})
    empty = previewed(client, user, content, dialect={name: ""})

    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "bad-dialect")
    assert (refused.json()["field"], empty.status_code) == (name, 200)


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"tpye": "integer"}, "tpye"), ({"conditions": {"max": "5"}}, "max")],
    ids=["of the column", "of its conditions"],
)
@pytest.mark.parametrize("path", ["/api/imports/preview/", "/api/import"])
def test_a_field_of_a_column_that_does_not_exist_is_refused_by_its_name(
    client: APIClient, user: User, wish: dict[str, Any], field: str, path: str
) -> None:
    asked = {"file_id": uploaded(user, FILE).pk, "user_id": user.pk, "columns": [wish, {}]}

    answer = client.post(path, asked)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:sluice:problem:invalid")
    assert field in str(answer.json()["errors"]["columns"])
    assert not Import.objects.exists()


def test_columns_go_back_as_the_preview_gave_them(client: APIClient, user: User) -> None:
    columns = previewed(client, user, FILE).json()["columns"]

    assert previewed(client, user, FILE, columns=columns).json()["columns"] == columns


def test_of_several_tables_the_others_are_told_and_each_can_be_asked_for_and_loaded(
    client: APIClient, user: User, tmp_path: Path
) -> None:
    content = b"name,price\na,1\nb,2\nc,3\nd,4\n\n\ncity,people,area\nx,1,2\ny,3,4\nz,5,6\n"

    found = previewed(client, user, content).json()
    other = previewed(client, user, content, dialect={"table": 2}).json()

    assert found["dialect"]["table"] == 1
    assert "table 2" in found["reasons"]["table"]
    assert [column["label"] for column in found["columns"]] == ["name", "price"]
    assert [column["label"] for column in other["columns"]] == ["city", "people", "area"]
    (tmp_path / "two.csv").write_bytes(content)
    row = imported(user, tmp_path / "two.csv", dialect={"table": 2})
    assert (row.rows_loaded, row.rows_refused) == (3, 0)
