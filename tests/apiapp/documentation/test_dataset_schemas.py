"""The typed schemas of datasets in OpenAPI: valid, true of the rows, and for nobody else."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.test import Client
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from apiapp.documentation import documents
from apiapp.imports import columns
from apiapp.imports.models import Dataset, Role
from apiapp.keys.callers import person
from tests.apiapp.imports.made import ALL_TYPES, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

Api = Callable[[User], APIClient]
OWN = "/api/datasets/things/openapi.json"
VALUES = {
    "text": "a",
    "integer": 5,
    "decimal": "1.50",
    "float": 0.5,
    "boolean": True,
    "date": "2026-01-31",
    "timestamp": "2026-01-31T12:00:00Z",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "json": {"a": [1]},
}
CONDITIONS: dict[str, dict[str, Any]] = {
    "text": {"pattern": "[a-z]+", "allowed": ["a", "b"]},
    "integer": {"minimum": "1", "maximum": "9"},
    "date": {"minimum": "2026-01-01"},
}


@pytest.fixture
def things(user: User) -> Dataset:
    dataset = make_dataset(user, ALL_TYPES, [VALUES, {"text": "b"}], required=["text"])
    for name, conditions in CONDITIONS.items():
        dataset.columns.filter(name=name).update(conditions=conditions)
    return dataset


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> None:
    """Tests are rolled back and give the same numbers to other datasets."""
    documents.parts_of.cache_clear()


def schemas(document: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """row, new and change of the dataset, with null as JSON schema knows it."""
    found = document["components"]["schemas"]
    made = {name: found[f"dataset.{dataset.pk}.{name}"] for name in ("row", "new", "change")}
    return json.loads(json.dumps(made), object_hook=with_null)


def with_null(part: dict[str, Any]) -> dict[str, Any]:
    if part.pop("nullable", False):
        part["type"] = [part["type"], "null"] if "type" in part else ["string", "number", "null"]
    return part


def test_both_documents_are_valid_openapi(api: Api, user: User, things: Dataset) -> None:
    for path in (OWN, "/openapi.json"):
        answer = api(user).get(path)
        assert answer.status_code == 200
        validate_schema(json.loads(answer.content))


def test_what_it_says_of_rows_is_true_of_them(api: Api, user: User, things: Dataset) -> None:
    client = api(user)
    said = schemas(json.loads(client.get(OWN).content), things)

    for row in client.get("/api/datasets/things/rows/").json()["results"]:
        jsonschema.validate(row, said["row"])


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"integer": None, "decimal": 1.5}, True),
        ({"integer": 10}, False),
        ({"integer": "5"}, None),
        ({"text": "c"}, False),
        ({"text": None}, False),
        ({"colour": "red"}, False),
        ({"boolean": None, "json": None}, True),
    ],
)
def test_what_it_says_may_be_written_is_what_is_taken(
    api: Api, user: User, things: Dataset, change: dict[str, Any], fits: bool | None
) -> None:
    client = api(user)
    said = schemas(json.loads(client.get(OWN).content), things)["new"]
    row = VALUES | change

    is_valid = jsonschema.Draft4Validator(said).is_valid(row)
    answer = client.post("/api/datasets/things/rows/", row, format="json")

    if fits is not None:  # the server reads more than it says
        assert is_valid == fits
        assert (answer.status_code == 201) == fits


def test_each_column_is_a_parameter_with_its_operators(
    api: Api, user: User, things: Dataset
) -> None:
    document = json.loads(api(user).get(OWN).content)

    told = {each.get("name"): each for each in rows_of(document)["get"]["parameters"]}
    assert set(ALL_TYPES) <= told.keys()
    assert "like" in told["text"]["description"]
    assert "like" not in told["integer"]["description"]
    assert "slug" not in told
    assert set(rows_of(document)) == {"get", "post", "patch", "delete"}


def rows_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/api/datasets/things/rows/"]
    return found


def test_a_viewer_is_told_what_a_viewer_may(api: Api, things: Dataset) -> None:
    viewer = User.objects.create_user("viewer")
    things.grants.create(user=viewer, role=Role.VIEWER)

    assert set(rows_of(json.loads(api(viewer).get(OWN).content))) == {"get"}


def test_nobody_else_learns_of_it(api: Api, user: User, things: Dataset) -> None:
    stranger = api(User.objects.create_user("bob"))

    assert "datasets/things" in api(user).get("/openapi.json").content.decode()
    for client in (stranger, Client()):
        assert "datasets/things" not in client.get("/openapi.json").content.decode()
    assert "datasets/things" not in api(user).get("/api/schema/?_format=json").content.decode()
    assert stranger.get(OWN).status_code == 404


def test_a_change_of_columns_is_in_the_next_document(api: Api, user: User, things: Dataset) -> None:
    client = api(user)
    before = client.get("/openapi.json")

    things.columns.filter(name="uuid").delete()
    columns.count_version(things, now=things.updated_at)
    after = client.get("/openapi.json")

    assert before["ETag"] != after["ETag"]
    new = f"dataset.{things.pk}.new"
    assert "uuid" not in json.loads(after.content)["components"]["schemas"][new]["properties"]
    unchanged = client.get("/openapi.json", HTTP_IF_NONE_MATCH=after["ETag"])
    assert unchanged.status_code == 304


def test_thousands_of_datasets_leave_the_document_bounded(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "DATASETS_SHOWN", 2)
    monkeypatch.setattr(documents, "COLUMNS_SHOWN", 3)
    for number in range(3):
        make_dataset(user, {"a": "text", "b": "text"}, slug=f"many-{number}")

    shown = [each.slug for each in documents.subjects_for(person(user))]

    assert shown == ["many-2"]
