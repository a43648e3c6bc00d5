"""Refused rows are taken out as they stand, mended, and go where the others went."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from tests.apiapp.imports.loading import cells, run_upload, uploaded

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]
FILE = b"code,price\na,1\nb, two \na,9\n=d,x,y\ne\nf,6\n"
TYPES = [{}, {"type": "integer"}]


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


def brought(client: APIClient, user: User, content: bytes, **asked: Any) -> Import:
    body = {"file_id": uploaded(user, content).pk, "user_id": user.pk, **asked}
    answer = client.post("/api/import", body)
    assert answer.status_code == 202, answer.json()
    run_upload(answer.json()["import_id"])
    Job.objects.update(state="succeeded")
    return Import.objects.get(pk=answer.json()["import_id"])


@pytest.fixture
def first(client: APIClient, user: User) -> Import:
    return brought(client, user, FILE, dataset="Stock", key="code", columns=TYPES)


def rejected(client: APIClient, row: Import, **part: Any) -> list[list[str]]:
    answer = client.get(f"/api/imports/{row.pk}/rejected.csv", part)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text, newline="")))


def test_refused_rows_stand_as_in_the_file_with_every_reason(
    client: APIClient, first: Import
) -> None:
    header, *rows = rejected(client, first)

    assert header == ["_row", "code", "price", "_reasons"]
    assert [row[:3] for row in rows] == [
        ["2", "b", " two "],
        ["3", "a", "9"],
        ["4", "=d", "x, y"],
        ["5", "e", ""],
    ]
    assert rows[0][3] == "price: The cell is not an integer."
    assert "same key" in rows[1][3]


def test_refused_rows_are_had_in_parts_by_column_and_kind(client: APIClient, first: Import) -> None:
    def numbers(**part: Any) -> list[str]:
        return [row[0] for row in rejected(client, first, **part)[1:]]

    assert numbers(limit=2) == ["2", "3"]
    assert numbers(limit=2, after=3) == ["4", "5"]
    assert numbers(after=5) == numbers(kind="encoding") == []
    assert numbers(column="price") == ["2", "5"]
    assert numbers(kind="duplicate_row") == ["3"]
    assert numbers(column="price", kind="type", after=1, limit=9) == ["2"]
    cells = client.get(f"/api/imports/{first.pk}/errors/", {"column": "price", "kind": "type"})
    assert [cell["row_number"] for cell in cells.json()["results"]] == [2]


@pytest.mark.parametrize(
    "part", [{"kind": "ugly"}, {"limit": "0"}, {"limit": "x"}, {"after": "-1"}, {"after": "1" * 13}]
)
def test_a_part_that_cannot_be_is_refused_by_its_name(
    client: APIClient, first: Import, part: dict[str, str]
) -> None:
    answer = client.get(f"/api/imports/{first.pk}/rejected.csv", part)

    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (400, "bad-parameter")
    assert next(iter(part)) in answer.json()["detail"]


def test_mended_rows_go_on_with_the_import_they_were_refused_by(
    client: APIClient, user: User, first: Import
) -> None:
    header, *rows = rejected(client, first)
    rows = [[row[0], row[1] + "2", "7", row[3]] for row in rows]
    mended = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows])

    row = brought(client, user, mended.encode(), continues=first.pk)

    assert (row.mode, row.continues, row.rows_loaded) == ("append", first, 4)
    assert client.get(f"/api/imports/{row.pk}/").json()["continues"] == first.pk
    assert cells(Dataset.objects.get()) == [
        ("a", 1),
        ("f", 6),
        ("b2", 7),
        ("a2", 7),
        ("=d2", 7),
        ("e2", 7),
    ]


def test_the_mended_rows_of_an_upsert_are_upserted(
    client: APIClient, user: User, first: Import
) -> None:
    changed = b"code,price\na,five\nf,8\n"
    second = brought(client, user, changed, dataset="stock", mode="upsert", delete_missing=True)

    row = brought(client, user, b"_row,code,price\n1,a,5\n", continues=second.pk)

    assert (row.mode, row.rows_updated, row.deletes_missing) == ("upsert", 1, False)
    assert cells(Dataset.objects.get()) == [("a", 5), ("f", 8)]


def test_only_what_is_loaded_and_ones_own_is_gone_on_with(
    client: APIClient, api: Api, user: User, other_user: User, first: Import
) -> None:
    body = {"file_id": uploaded(user, b"code\nx\n").pk, "user_id": user.pk}
    client.post(f"/api/imports/{first.pk}/undo/")

    undone = client.post("/api/import", {**body, "continues": first.pk})
    theirs = uploaded(other_user, b"code\nx\n")
    foreign = api(other_user).post(
        "/api/import",
        {"file_id": theirs.pk, "user_id": other_user.pk, "continues": first.pk},
    )

    assert (undone.status_code, foreign.status_code) == (409, 404)


def test_rows_of_a_file_that_was_deleted_cannot_be_taken_out(
    client: APIClient, first: Import
) -> None:
    assert first.upload
    first.upload.delete()

    answer = client.get(f"/api/imports/{first.pk}/rejected.csv")

    assert answer.status_code == 410
