import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.imports import history
from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from apiapp.uploads.models import Upload
from tests.apiapp import conftest
from tests.apiapp.imports.loading import cells, run_upload, uploaded
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(databases="__all__")
Api = Callable[[User], APIClient]
CSV = b"name,price\nvolvo,12\nsaab,ninety\nfiat,8\n"
WISHES = [{}, {"type": "integer"}]
AS_PROPOSED = {"required": False, "unique": False, "form": "", "conditions": {}, "added": False}


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


@pytest.fixture
def cars(user: User) -> Upload:
    return uploaded(user, CSV, "cars.csv")


def begin(client: APIClient, upload: Upload, **asked: Any) -> Any:
    body = {"file_id": upload.file_id, "user_id": upload.owner_id, **asked}
    return client.post("/api/import", body)


def begun(client: APIClient, upload: Upload, **asked: Any) -> Import:
    answer = begin(client, upload, **asked)
    assert answer.status_code == 202, answer.json()
    return Import.objects.get(pk=answer.json()["import_id"])


# --- start -------------------------------------------------------------------------------------------
def test_an_import_is_queued_with_its_job_and_a_dataset_nobody_sees_yet(
    client: APIClient, user: User, cars: Upload
) -> None:
    answer = begin(client, cars, dataset="Fast cars", columns=WISHES)

    row = Import.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "success",
        "message": "Import started",
        "job_id": row.job_id,
        "import_id": row.pk,
        "dataset": "fast-cars",
    }
    job = Job.objects.get()
    assert (job.task, job.kwargs, job.owner) == ("imports.load", {"import_id": row.pk}, user)
    assert (job.unit, job.total) == ("bytes", len(CSV))
    assert client.get("/api/datasets/").json()["results"] == []


def test_once_the_worker_has_run_the_rows_are_there_and_the_import_says_so(
    client: APIClient, cars: Upload
) -> None:
    row = begun(client, cars, dataset="Fast cars", columns=WISHES)

    run_upload(row.pk)

    body = client.get(f"/api/imports/{row.pk}/").json()
    assert body.pop("created_at")
    assert body.pop("columns") == [
        {"name": "name", "label": "name", "type": "text", **AS_PROPOSED},
        {"name": "price", "label": "price", "type": "integer", **AS_PROPOSED},
    ]
    assert body == {
        "id": row.pk,
        "dataset": "fast-cars",
        "dataset_title": "Fast cars",
        "file_id": cars.file_id,
        "filename": "cars.csv",
        "mode": "create",
        "state": "succeeded",
        "rows_loaded": 2,
        "rows_refused": 1,
        "rows_inserted": 2,
        "rows_updated": 0,
        "rows_unchanged": 0,
        "rows_skipped": 0,
        "rows_deleted": 0,
        "key": [],
        "dry_run": False,
        "continues": None,
        "job_id": row.job_id,
        "error": "",
        "admin_url": None,
    }
    rows = client.get("/api/datasets/fast-cars/rows/").json()["results"]
    assert rows == [
        {"_id": 1, "name": "volvo", "price": 12},
        {"_id": 3, "name": "fiat", "price": 8},
    ]


def test_without_a_name_the_file_gives_its_own_and_a_number_where_it_is_taken(
    client: APIClient, user: User, cars: Upload
) -> None:
    first = begin(client, cars).json()["dataset"]
    second = begin(client, uploaded(user, CSV, "cars.csv")).json()["dataset"]
    nameless = begin(client, uploaded(user, CSV, "🙂.csv")).json()["dataset"]

    assert (first, second, nameless) == ("cars", "cars-2", "file")


def test_a_name_that_is_taken_is_refused_and_so_is_one_without_a_letter(
    client: APIClient, cars: Upload
) -> None:
    run_upload(begun(client, cars, dataset="Cars").pk)

    taken = begin(client, cars, dataset=" CARS ")
    nameless = begin(client, cars, dataset="!!")

    assert (taken.status_code, taken.json()["slug"]) == (409, "cars")
    assert nameless.status_code == 422
    assert Import.objects.count() == 1


def test_a_name_whose_first_import_is_under_way_is_busy_and_free_after_its_end(
    client: APIClient, cars: Upload
) -> None:
    first = begun(client, cars, dataset="Cars")

    busy = begin(client, cars, dataset="Cars")
    Job.objects.filter(pk=first.job_id).update(state="failed")
    free = begin(client, cars, dataset="Cars")

    assert (busy.status_code, busy.json()["job_id"]) == (409, first.job_id)
    assert free.status_code == 202
    assert Dataset.objects.count() == 1


def test_a_name_that_another_user_has_is_told_apart_by_a_number(
    client: APIClient, api: Api, cars: Upload, other_user: User
) -> None:
    run_upload(begun(client, cars, dataset="Cars").pk)

    other = begin(api(other_user), uploaded(other_user, CSV), dataset="Cars")

    assert other.json()["dataset"] == "cars-2"


def test_an_append_goes_to_ones_own_dataset_by_short_name_or_title(
    client: APIClient, user: User, cars: Upload
) -> None:
    run_upload(begun(client, cars, dataset="Fast cars", columns=WISHES).pk)

    for name in ("fast-cars", "Fast Cars"):
        file = uploaded(user, b"PRICE\n5\n")
        row = begun(client, file, mode="append", dataset=name, again=True)
        run_upload(row.pk)

    dataset = Dataset.objects.get()
    assert dataset.row_count == 4
    assert cells(dataset)[2:] == [(None, 5), (None, 5)]


def test_an_append_to_no_dataset_or_anothers_is_not_found(
    client: APIClient, api: Api, cars: Upload, other_user: User
) -> None:
    run_upload(begun(client, cars, dataset="Cars").pk)

    unknown = begin(client, cars, mode="append", dataset="boats")
    foreign = begin(api(other_user), uploaded(other_user, CSV), mode="append", dataset="cars")

    assert unknown.status_code == foreign.status_code == 404


def test_staff_import_for_others_and_nobody_else_does(
    client: APIClient, api: Api, user: User, staff: User, cars: Upload
) -> None:
    mine = begin(client, cars, user_id=staff.pk)
    theirs = begin(api(staff), cars, user_id=user.pk)
    unknown = begin(api(staff), cars, user_id=10**6)

    assert mine.status_code == 403
    assert theirs.status_code == 202
    assert Import.objects.get().owner == user
    assert Dataset.objects.get().owner == user
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"file_id", "user_id"}),
        ({"file_id": 5, "user_id": "1"}, {"file_id", "user_id"}),
        ({"file_id": None, "user_id": True}, {"file_id", "user_id"}),
        ({"file_id": ["x"], "user_id": 1.5}, {"file_id", "user_id"}),
        ({"file_id": "x", "user_id": 1, "mode": "mirror"}, {"mode"}),
        ({"file_id": "x", "user_id": 1, "mode": "replace"}, {"dataset"}),
        ({"file_id": "x", "user_id": 1, "mode": "upsert", "again": "yes"}, {"again"}),
        ({"file_id": "x", "user_id": 1, "mode": "append"}, {"dataset"}),
        ({"file_id": "x", "user_id": 1, "dataset": 7, "key": [7]}, {"dataset", "key"}),
        ({"file_id": "x", "user_id": 1, "columns": {}, "dialect": ","}, {"columns", "dialect"}),
        ({"file_id": "x", "user_id": 1, "columns": [{"required": "yes"}]}, {"columns"}),
        ([], {"non_field_errors"}),
        (5, {"non_field_errors"}),
    ],
)
def test_what_is_missing_or_of_the_wrong_type_is_named(
    client: APIClient, body: Any, named: set[str]
) -> None:
    answer = client.post("/api/import", body)

    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == named


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_json_is_answered_as_the_documents_print_it(
    client: APIClient, content_type: str
) -> None:
    answer = client.generic("POST", "/api/import", b"file_id=1", content_type=content_type)

    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid content type"})


def test_json_that_cannot_be_read_is_told(client: APIClient) -> None:
    answer = client.generic("POST", "/api/import", b'{"rows": [', content_type="application/json")

    assert answer.status_code == 400


def test_a_file_that_is_unknown_anothers_or_unfinished_is_told(
    client: APIClient, user: User, other_user: User, cars: Upload
) -> None:
    foreign = uploaded(other_user, CSV)
    unfinished = uploaded(user, CSV)
    Upload.objects.filter(pk=unfinished.pk).update(state=Upload.State.RECEIVING)

    answers = [
        begin(client, upload, user_id=user.pk, file_id=file_id).status_code
        for upload, file_id in (
            (cars, "f" * 32),
            (foreign, foreign.pk),
            (unfinished, unfinished.pk),
        )
    ]

    assert answers == [404, 404, 409]
    assert not Import.objects.exists()


def test_an_import_needs_a_key_with_its_scope(user: User, key_for: KeyFor, cars: Upload) -> None:
    client = APIClient()
    unknown = begin(client, cars)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, 'uploads')}")

    answers = [unknown.status_code, begin(client, cars).status_code]
    answers += [client.get(path).status_code for path in ("/api/imports/", "/api/imports/1/")]

    assert answers == [401, 403, 403, 403]


# --- into a dataset that is there ----------------------------------------------------------------------
NEWER = b"name,price\nvolvo,13\nfiat,8\ntrabi,1\n"


@pytest.fixture
def keyed(client: APIClient, cars: Upload) -> Import:
    row = begun(client, cars, dataset="Cars", columns=WISHES, key="name")
    run_upload(row.pk)
    Job.objects.update(state="succeeded")
    return row


def told(client: APIClient, row: Import) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/api/imports/{row.pk}/").json()
    names = ("inserted", "updated", "unchanged", "skipped", "deleted")
    return {name: body[f"rows_{name}"] for name in names} | {"state": body["state"]}


def test_an_upsert_tells_what_it_did_and_can_be_undone(
    client: APIClient, user: User, keyed: Import
) -> None:
    before = client.get("/api/datasets/cars/rows/").json()
    row = begun(client, uploaded(user, NEWER), mode="upsert", dataset="cars", delete_missing=True)

    run_upload(row.pk)
    Job.objects.update(state="succeeded")

    counts = {"inserted": 1, "updated": 1, "unchanged": 1, "skipped": 0, "deleted": 0}
    assert told(client, row) == {**counts, "state": "succeeded"}
    assert client.get("/api/datasets/cars/").json()["key"] == ["name"]
    assert client.post(f"/api/imports/{row.pk}/undo/").json()["state"] == "undone"
    assert client.get("/api/datasets/cars/rows/").json() == before


def test_an_import_that_a_later_one_built_on_is_not_undone_before_that(
    client: APIClient, user: User, keyed: Import
) -> None:
    row = begun(client, uploaded(user, NEWER), mode="replace", dataset="cars")
    run_upload(row.pk)
    Job.objects.update(state="succeeded")

    answer = client.post(f"/api/imports/{keyed.pk}/undo/")

    assert (answer.status_code, answer.json()["import_id"]) == (409, row.pk)
    assert answer.json()["type"].endswith(":undo-blocked")
    history.drop_of([row.pk])
    gone = client.post(f"/api/imports/{row.pk}/undo/")
    assert (gone.status_code, gone.json()["type"].rpartition(":")[2]) == (410, "history-gone")


def test_the_same_file_is_asked_about_until_one_says_again(
    client: APIClient, user: User, keyed: Import
) -> None:
    same = uploaded(user, CSV, "copy of cars.csv")

    asked = begin(client, same, mode="append", dataset="cars")
    looked = begin(client, same, mode="append", dataset="cars", dry_run=True)
    again = begin(client, same, mode="append", dataset="cars", again=True)
    twice = begin(client, same, mode="append", dataset="cars")

    assert (asked.status_code, looked.status_code, again.status_code) == (409, 202, 202)
    assert asked.json()["type"].endswith(":same-file")
    assert asked.json()["import_id"] == keyed.pk
    assert twice.json()["import_id"] == again.json()["import_id"]


def test_a_file_that_was_undone_may_come_again(
    client: APIClient, user: User, keyed: Import
) -> None:
    first = begun(client, uploaded(user, NEWER), mode="replace", dataset="cars")
    run_upload(first.pk)
    Job.objects.update(state="succeeded")
    client.post(f"/api/imports/{first.pk}/undo/")

    assert begin(client, uploaded(user, NEWER), mode="replace", dataset="cars").status_code == 202


def test_a_dry_run_is_an_import_of_its_own_state_that_changes_nothing(
    client: APIClient, user: User, keyed: Import
) -> None:
    file = uploaded(user, NEWER + b"saab,ninety\n")
    row = begun(client, file, mode="upsert", dataset="cars", dry_run=True)

    run_upload(row.pk)

    counts = {"inserted": 1, "updated": 1, "unchanged": 1, "skipped": 0, "deleted": 0}
    assert told(client, row) == {**counts, "state": "checked"}
    (refused,) = client.get(f"/api/imports/{row.pk}/errors/").json()["results"]
    assert (refused["row_number"], refused["kind"]) == (4, "type")
    assert client.get("/api/datasets/cars/").json()["row_count"] == 2
    assert client.post(f"/api/imports/{row.pk}/undo/").status_code == 409


def test_a_dry_run_of_a_new_table_makes_none(client: APIClient, cars: Upload) -> None:
    row = begun(client, cars, dataset="Cars", columns=WISHES, dry_run=True)

    run_upload(row.pk)

    body = client.get(f"/api/imports/{row.pk}/").json()
    assert (body["dataset"], body["rows_inserted"], body["rows_refused"]) == (None, 2, 1)
    assert not Dataset.objects.exists()
    assert not conftest.tables()


@pytest.mark.parametrize("key", [["colour"], "price,name"])
def test_a_key_that_cannot_be_is_refused(client: APIClient, cars: Upload, key: Any) -> None:
    answer = begin(client, cars, dataset="Cars", key=key)

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "bad-key")


def test_refused_cells_are_counted_by_column_and_kind(client: APIClient, user: User) -> None:
    content = b"n,m\n1,x\ntwo,y\n3\nfour,five\n"
    types = [{"type": "integer"}, {"type": "integer"}]
    row = begun(client, uploaded(user, content), columns=types)
    run_upload(row.pk)

    answer = client.get(f"/api/imports/{row.pk}/errors/summary/")

    assert answer.json() == {
        "rows_refused": 4,
        "cells": [
            {"column": "m", "kind": "type", "count": 3},
            {"column": "n", "kind": "type", "count": 2},
            {"column": "m", "kind": "missing_cell", "count": 1},
        ],
    }


def test_the_history_tells_who_did_what(
    client: APIClient, user: User, staff: User, api: Api, keyed: Import
) -> None:
    row = begun(client, uploaded(user, NEWER), mode="upsert", dataset="cars")
    run_upload(row.pk)
    Job.objects.update(state="succeeded")
    client.post(f"/api/imports/{row.pk}/undo/")
    api(staff).patch("/api/datasets/cars/rows/1/", {"price": 99})
    client.patch("/api/datasets/cars/", {"title": "Old cars"})

    told = client.get("/api/datasets/cars/history/").json()["results"]

    assert [(each["kind"], each["actor"], each["import_id"]) for each in told] == [
        ("renamed", user.username, None),
        ("row_changed", staff.username, None),
        ("undone", user.username, row.pk),
        ("imported", user.username, row.pk),
        ("imported", user.username, keyed.pk),
    ]
    assert told[0]["facts"] == {"before": "Cars", "after": "Old cars"}
    assert told[1]["facts"] == {"row_ids": [1]}
    assert told[3]["facts"]["rows_updated"] == 1


def test_the_history_of_anothers_dataset_is_not_found(
    keyed: Import, api: Api, other_user: User
) -> None:
    assert api(other_user).get("/api/datasets/cars/history/").status_code == 404


# --- bad files ---------------------------------------------------------------------------------------------
BAD_FILES = {
    "empty": (b"", 422, "empty"),
    "blank lines": (b"\n\r\n\n", 422, "empty"),
    "only a header": (b"name,price\n", 422, "no rows"),
    "2,000 columns": (
        ",".join(f"c{number}" for number in range(2000)).encode() + b"\n" + b"," * 1999 + b"\n",
        422,
        "2,000 columns",
    ),
    "a 50 MB single line": (b"word," * 10_000_000, 422, "the first line is longer"),
    "a 50 MB single cell": (b"a,b\n1," + b"word" * 12_500_000, 422, "longer than"),
    "a broken zip": (b"PK\x03\x04" + b"\0" * 100, 422, "cannot be unpacked"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, 422, "PNG"),
    "any binary": (bytes(range(256)) * 10, 422, "byte 0 is 0"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_with_its_reason_and_nothing_is_left(
    client: APIClient, user: User, kind: str
) -> None:
    content, status, reason = BAD_FILES[kind]
    upload = uploaded(user, content)

    answers = [begin(client, upload), client.post("/api/imports/preview/", {"file_id": upload.pk})]

    for answer in answers:
        assert answer.status_code == status
        assert reason in answer.json()["detail"]
    assert not Import.objects.exists()
    assert not Dataset.objects.exists()
    assert not Job.objects.exists()
    assert not conftest.tables()


@pytest.mark.parametrize(
    ("content", "loaded", "refused"),
    [
        (b"a,b\n1,2\n3\n4,5,6\n7,8\n", 2, 2),
        (b"a,b\n1,\0\n3,4\n", 1, 1),
        ("a,b\n1,é\n2,ü\n4,文\n".encode() + b"1,caf\xe9\n", 3, 1),
        (b"select,order,_id,x y\n1,2,3,4\n", 1, 0),
    ],
    ids=["ragged", "NUL", "invalid UTF-8", "reserved words"],
)
def test_a_file_with_bad_rows_loads_the_good_ones(
    client: APIClient, user: User, content: bytes, loaded: int, refused: int
) -> None:
    row = begun(client, uploaded(user, content))

    result = run_upload(row.pk)

    assert (result["rows_loaded"], result["rows_refused"]) == (loaded, refused)


@pytest.mark.parametrize(
    "asked",
    [
        {"columns": [{}]},
        {"columns": [{}, {"type": "money"}]},
        {"columns": [{"name": "a"}, {"name": "a"}]},
        {"dialect": {"delimiter": "\n"}},
        {"dialect": {"colour": "red"}},
    ],
)
def test_columns_and_dialects_that_cannot_be_are_refused(
    client: APIClient, cars: Upload, asked: dict[str, Any]
) -> None:
    answer = begin(client, cars, **asked)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert not Dataset.objects.exists()


# --- preview -------------------------------------------------------------------------------------------------
def test_a_preview_shows_what_the_file_would_become_and_stores_nothing(
    client: APIClient, cars: Upload
) -> None:
    body = client.post("/api/imports/preview/", {"file_id": cars.pk}).json()

    assert body["dialect"]["delimiter"] == ","
    assert body["reasons"].keys() == {"encoding", "delimiter", "has_header"}
    assert [(each["name"], each["type"]) for each in body["columns"]] == [
        ("name", "text"),
        ("price", "text"),
    ]
    assert body["rows"][1] == ["saab", "ninety"]
    assert body["warnings"] == []
    assert not Import.objects.exists()


def test_a_preview_reads_again_in_the_dialect_that_is_asked_for(
    client: APIClient, cars: Upload
) -> None:
    asked = {"file_id": cars.pk, "dialect": {"delimiter": ";", "has_header": False}}

    body = client.post("/api/imports/preview", asked).json()

    assert [each["name"] for each in body["columns"]] == ["column_1"]
    assert body["rows"][0] == ["name,price"]


# --- rows in the body ------------------------------------------------------------------------------------------
@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.usefixtures("tables_gone_after")
def test_rows_in_the_body_are_imported_at_once_and_appended_next_time(
    client: APIClient,
) -> None:
    rows = [{"name": "Ann", "age": 3, "zip": "01234"}, {"name": "Bob", "ok": True}]

    first = client.post("/api/import", {"rows": rows})
    second = client.post("/api/import/", {"rows": [{"AGE": 4}, {"age": "x"}]})

    assert (first.status_code, first.json()) == (
        200,
        {
            "status": "success",
            "message": "Data imported",
            "rows_loaded": 2,
            "rows_refused": 0,
            "dataset": "inline",
        },
    )
    assert second.status_code == 422  # "AGE" and "age" go to one column
    third = client.post("/api/import/", {"rows": [{"AGE": 4}, {"AGE": "x"}]}).json()
    assert (third["rows_loaded"], third["rows_refused"]) == (1, 1)
    dataset = Dataset.objects.get(slug="inline")
    types = {column.name: column.type for column in dataset.columns.all()}
    assert types == {"name": "text", "age": "integer", "zip": "text", "ok": "boolean"}
    assert cells(dataset) == [
        ("Ann", 3, "01234", None),
        ("Bob", None, None, True),
        (None, 4, None, None),
    ]
    assert dataset.row_count == 3


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "at least one"),
        ({}, "list of objects"),
        ("x", "list of objects"),
        ([{"a": 1}, 5], "rows[1] is not an object"),
        ([{"a": [1]}], "rows[0].a is not a single value"),
        ([{"a": "\0"}], "rows[0].a has a NUL"),
        ([{}, {}], "no keys"),
        ([{str(number): 1 for number in range(2000)}], "2,000 columns"),
    ],
)
def test_rows_that_cannot_be_a_table_are_refused_and_leave_nothing(
    client: APIClient, rows: Any, reason: str
) -> None:
    answer = client.post("/api/import", {"rows": rows})

    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert not Dataset.objects.exists()
    assert not Job.objects.exists()


def test_half_a_character_in_a_row_is_refused(client: APIClient) -> None:
    body = rb'{"rows": [{"a": "\ud800"}]}'

    answer = client.generic("POST", "/api/import", body, content_type="application/json")

    assert answer.status_code in (400, 422)
    assert not Dataset.objects.exists()


def test_more_rows_than_a_body_may_have_are_refused(client: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    answer = client.post("/api/import", {"rows": [{"a": "x" * 200}]})

    assert answer.status_code == 413
    assert "upload a file instead" in answer.json()["detail"]


# --- afterwards --------------------------------------------------------------------------------------------------
@pytest.fixture
def loaded(client: APIClient, cars: Upload) -> Import:
    row = begun(client, cars, dataset="Cars", columns=WISHES)
    run_upload(row.pk)
    Job.objects.filter(pk=row.job_id).update(state="succeeded")
    return row


def test_the_list_has_ones_own_imports_and_those_of_one_dataset(
    client: APIClient, api: Api, loaded: Import, user: User, other_user: User
) -> None:
    other = begun(client, uploaded(user, CSV), dataset="Other")

    everything = client.get("/api/imports/").json()["results"]
    one = client.get("/api/imports/?dataset=cars").json()["results"]

    assert [each["id"] for each in everything] == [other.pk, loaded.pk]
    assert [each["id"] for each in one] == [loaded.pk]
    assert api(other_user).get("/api/imports/").json()["results"] == []


def test_another_users_import_is_not_there(
    api: Api, loaded: Import, other_user: User, staff: User
) -> None:
    other = api(other_user)
    base = f"/api/imports/{loaded.pk}"

    answers = [other.get(f"{base}{end}").status_code for end in ("/", "/errors/", "/errors.csv")]
    answers += [other.post(f"{base}/{verb}/").status_code for verb in ("undo", "cancel", "retry")]

    assert answers == [404] * 6
    assert api(staff).get(f"{base}/").json()["admin_url"].startswith("/admin/")


def test_refused_cells_come_in_the_files_order_and_in_pages(client: APIClient, user: User) -> None:
    content = b"n\n" + b"".join(b"bad%d\n" % number for number in range(5))
    row = begun(
        client, uploaded(user, content), columns=[{"type": "integer"}], dialect={"has_header": True}
    )
    run_upload(row.pk)

    first = client.get(f"/api/imports/{row.pk}/errors/?limit=3").json()
    second = client.get(first["next"]).json()

    numbers = [each["row_number"] for page in (first, second) for each in page["results"]]
    assert numbers == [1, 2, 3, 4, 5]
    assert first["results"][0] == {
        "row_number": 1,
        "column": "n",
        "value": "bad0",
        "kind": "type",
        "reason": "The cell is not an integer.",
    }


@pytest.mark.parametrize("accept", ["text/csv", "*/*", "text/html"])
def test_refused_cells_are_a_csv_file_in_which_no_formula_runs(
    client: APIClient, user: User, accept: str
) -> None:
    content = b'n\n=1+1\n@x\n-y\n"a ""b"", c"\n'
    row = begun(
        client,
        uploaded(user, content),
        columns=[{"type": "integer"}],
        dialect={"has_header": True, "delimiter": ","},
    )
    run_upload(row.pk)

    answer = client.get(f"/api/imports/{row.pk}/errors.csv", headers={"accept": accept})

    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert answer["Content-Type"].startswith("text/csv")
    assert lines[0] == ["row_number", "column", "value", "kind", "reason"]
    assert [line[2] for line in lines[1:]] == ["'=1+1", "'@x", "'-y", 'a "b", c']


def test_a_missing_imports_csv_is_a_problem_whatever_is_accepted(client: APIClient) -> None:
    answer = client.get("/api/imports/99/errors.csv", headers={"accept": "text/csv"})

    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_an_import_is_undone_once(client: APIClient, loaded: Import) -> None:
    first = client.post(f"/api/imports/{loaded.pk}/undo/")
    second = client.post(f"/api/imports/{loaded.pk}/undo/")

    assert (first.status_code, first.json()["state"]) == (200, "undone")
    assert first.json()["dataset"] is None
    assert second.status_code == 409
    assert client.get("/api/datasets/").json()["results"] == []
    assert not conftest.tables()


def test_an_import_that_has_not_begun_is_cancelled_and_leaves_its_name(
    client: APIClient, cars: Upload
) -> None:
    row = begun(client, cars, dataset="Cars")

    answer = client.post(f"/api/imports/{row.pk}/cancel/")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert not Dataset.objects.exists()
    assert client.post(f"/api/imports/{row.pk}/cancel/").status_code == 409
    assert begin(client, cars, dataset="Cars").status_code == 202


def test_a_cancelled_import_is_tried_again_under_its_name(client: APIClient, cars: Upload) -> None:
    row = begun(client, cars, dataset="Cars")
    client.post(f"/api/imports/{row.pk}/cancel/")

    answer = client.post(f"/api/imports/{row.pk}/retry/")
    result = run_upload(row.pk)

    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert (result["dataset"], result["rows_loaded"]) == ("cars", 3)


def test_what_has_ended_well_is_not_tried_again_and_what_lost_its_file_cannot_be(
    client: APIClient, loaded: Import
) -> None:
    ended = client.post(f"/api/imports/{loaded.pk}/retry/")
    Upload.objects.all().delete()
    gone = client.post(f"/api/imports/{loaded.pk}/retry/")

    assert (ended.status_code, gone.status_code) == (409, 410)
