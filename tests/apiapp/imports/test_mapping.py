"""Files whose columns are called otherwise than those of the table they go into."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import cells, run_upload, uploaded
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


@pytest.fixture
def people(user: User) -> Dataset:
    columns = {"first_name": "text", "birthday": "date", "phone": "text"}
    return make_dataset(user, columns, slug="people", required=["first_name"])


def begin(client: APIClient, user: User, content: str, **asked: Any) -> Any:
    body = {"file_id": uploaded(user, content.encode()).pk, "user_id": user.pk, **asked}
    return client.post("/api/import", {"mode": "append", "dataset": "people", **body})


def brought(client: APIClient, user: User, content: str, **asked: Any) -> Import:
    answer = begin(client, user, content, **asked)
    assert answer.status_code == 202, answer.json()
    run_upload(answer.json()["import_id"])
    Job.objects.update(state="succeeded")
    return Import.objects.get(pk=answer.json()["import_id"])


def proposed(client: APIClient, *labels: str) -> list[tuple[str, str]]:
    answer = client.post("/api/datasets/people/mapping/", {"labels": list(labels)})
    assert answer.status_code == 200, answer.json()
    return [(each["column"], each["by"]) for each in answer.json()["columns"]]


def test_columns_are_proposed_by_name_by_label_and_by_what_they_resemble(
    client: APIClient, people: Dataset
) -> None:
    assert proposed(client, "First Name", "birthdate", "colour", "PHONE", "phones") == [
        ("first_name", "name"),
        ("birthday", "similar"),
        ("", ""),
        ("phone", "name"),
        ("", ""),
    ]


def test_what_only_resembles_is_not_taken_unasked(
    client: APIClient, user: User, people: Dataset
) -> None:
    answer = begin(client, user, "first_name,birthdate\nada,1815-12-10\n")

    assert (answer.status_code, answer.json()["columns"]) == (422, ["birthdate"])


def test_what_was_chosen_once_is_remembered_for_the_next_file(
    client: APIClient, user: User, people: Dataset
) -> None:
    chosen = [{"name": "first_name"}, {"name": "birthday"}, {"skip": True}]

    brought(client, user, "Vorname,geboren,Farbe\nada,1815-12-10,rot\n", columns=chosen)
    brought(client, user, "Farbe,geboren,Vorname\nblau,1912-06-23,alan\n")

    assert [(name, str(day), phone) for name, day, phone in cells(people)] == [
        ("ada", "1815-12-10", None),
        ("alan", "1912-06-23", None),
    ]
    assert proposed(client, "VORNAME", "Farbe") == [
        ("first_name", "remembered"),
        ("", "remembered"),
    ]


def test_extra_columns_are_refused_or_skipped_by_choice(
    client: APIClient, user: User, people: Dataset
) -> None:
    content = "colour,first_name\nred,ada\n"

    refused = begin(client, user, content)
    row = brought(client, user, content, extra="skip")

    assert (refused.status_code, refused.json()["columns"]) == (422, ["colour"])
    assert cells(people) == [("ada", None, None)]
    assert [each["name"] for each in row.columns] == ["", "first_name"]


def test_a_new_table_leaves_out_what_is_skipped(client: APIClient, user: User) -> None:
    brought(
        client,
        user,
        "a,b,c\n1,2,3\n",
        mode="create",
        dataset="New",
        columns=[{}, {"skip": True}, {}],
    )

    dataset = Dataset.objects.get()
    assert [column.name for column in dataset.columns.all()] == ["a", "c"]
    assert cells(dataset) == [(1, 3)]


@pytest.mark.parametrize(
    "columns",
    [
        [{"skip": True}, {"skip": True}],
        [{"name": "phone"}, {"name": "phone"}],
        [{"name": "phone"}, {"skip": True}],
        [{}],
    ],
    ids=["nothing left", "twice the same", "without a required one", "too few"],
)
def test_choices_that_cannot_be_are_refused(
    client: APIClient, user: User, people: Dataset, columns: list[dict[str, Any]]
) -> None:
    answer = begin(client, user, "x,y\n1,2\n", columns=columns)

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "bad-columns")


def test_where_columns_of_anothers_dataset_go_is_not_told(
    api: Api, other_user: User, people: Dataset
) -> None:
    answer = api(other_user).post("/api/datasets/people/mapping/", {"labels": ["x"]})

    assert answer.status_code == 404
