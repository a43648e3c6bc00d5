import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apiapp.keys.callers import Caller
from apiapp.uploads import configured, merging, services
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.made import NOW, begin, md5_of, send_all

pytestmark = pytest.mark.django_db(databases="__all__")

CONTENT = b"0123456789abcdefghijABCDE"
TYPE = "urn:sluice:problem:"


@pytest.fixture(autouse=True)
def upload_folder(settings, tmp_path) -> None:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    settings.UPLOAD_FREE_DISK_BYTES = 0


@pytest.fixture
def client(api, caller: Caller) -> APIClient:
    return api(caller.user)


@pytest.fixture
def other_client(api, other_caller: Caller) -> APIClient:
    return api(other_caller.user)


@pytest.fixture
def store(upload_folder: None) -> FileStore:
    return configured.store()


@pytest.fixture
def upload(caller: Caller, store: FileStore, limits) -> Upload:
    """All chunks are there."""
    upload = begin(caller, store, limits, size=len(CONTENT))
    send_all(caller, store, upload, CONTENT)
    return upload


@pytest.fixture
def finished(caller: Caller, store: FileStore, upload: Upload) -> Upload:
    services.complete(caller=caller, file_id=upload.file_id, now=NOW)
    merging.merge(
        file_id=upload.file_id, store=store, clock=lambda: NOW, on_progress=lambda *a, **k: None
    )
    return upload


def test_an_upload_is_begun(client):
    got = client.post("/api/uploads/", {"filename": "a/cars.csv", "size": 20_000_000})

    assert got.status_code == 201
    assert got["Location"] == f"http://testserver/api/uploads/{got.json()['file_id']}/"
    facts = got.json()
    assert facts | {"file_id": "", "created_at": "", "expires_at": ""} == {
        "file_id": "",
        "owner": "alice",
        "protocol": "chunks",
        "filename": "cars.csv",
        "size": 20_000_000,
        "received": 0,
        "state": "receiving",
        "md5": "",
        "sha256": "",
        "error": "",
        "chunk_size": 8 * 2**20,
        "total_chunks": 3,
        "job_id": None,
        "created_at": "",
        "finished_at": None,
        "expires_at": "",
        "received_chunks": [],
        "missing_chunks": [[0, 2]],
    }


def test_an_upload_is_begun_by_a_form(client):
    got = client.post(
        "/api/uploads",
        "filename=cars.csv&size=100&chunk_size=65536",
        content_type="application/x-www-form-urlencoded",
    )

    assert got.status_code == 201
    assert got.json()["chunk_size"] == 65536


@pytest.mark.parametrize(
    "size", [True, 1.0, 1.5, -1, "1.0", "-1", "x", "", None, [], 2**63, "٣", "1e3"]
)
def test_a_size_that_is_no_whole_number_is_refused(client, size):
    got = client.post("/api/uploads/", {"filename": "x", "size": size})

    assert got.status_code == 422
    assert list(got.json()["errors"]) == ["size"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filename", ""),
        ("filename", None),
        ("filename", True),
        ("filename", "nul\x00"),
        ("filename", "x" * 5000),
        ("chunk_size", 0),
        ("chunk_size", 64 * 2**10 - 1),
        ("chunk_size", 64 * 2**20 + 1),
        ("chunk_size", True),
        ("md5", "xyz"),
        ("md5", "0" * 33),
        ("sha256", "0" * 32),
    ],
)
def test_a_field_that_is_not_right_is_named(client, field, value):
    got = client.post("/api/uploads/", {"filename": "x", "size": 1, field: value})

    assert got.status_code == 422
    assert list(got.json()["errors"]) == [field]


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "7"])
def test_a_body_that_is_no_object_is_refused(client, body):
    got = client.post("/api/uploads/", body, content_type="application/json")

    assert got.status_code == 422


def test_a_file_over_the_limit_is_refused(client, settings):
    settings.UPLOAD_MAX_BYTES = 99

    got = client.post("/api/uploads/", {"filename": "x", "size": 100})

    assert (got.status_code, got.json()["type"]) == (413, TYPE + "file-too-large")
    assert got.json()["limit_bytes"] == 99


def test_a_file_that_the_disk_has_no_room_for_is_refused(client, settings):
    settings.UPLOAD_FREE_DISK_BYTES = 2**60

    got = client.post("/api/uploads/", {"filename": "x", "size": 1})

    assert (got.status_code, got.json()["type"]) == (507, TYPE + "disk-full")


def test_one_lists_ones_own_uploads_newest_first(client, caller, other_caller, store, limits):
    mine = [begin(caller, store, limits).file_id for _ in range(5)]
    begin(other_caller, store, limits)

    first = client.get("/api/uploads/?limit=3").json()
    second = client.get(first["next"]).json()

    listed = [each["file_id"] for each in first["results"] + second["results"]]
    assert listed == mine[::-1]
    assert second["next"] is None


def test_an_upload_tells_which_chunks_are_missing(client, caller, store, limits):
    upload = begin(caller, store, limits, size=95)
    send_all(caller, store, upload, b"x" * 95, order=[0, 1, 5, 9])

    facts = client.get(f"/api/uploads/{upload.file_id}").json()

    assert facts["received_chunks"] == [[0, 1], [5, 5], [9, 9]]
    assert facts["missing_chunks"] == [[2, 4], [6, 8]]
    assert facts["received"] == 35


def test_completing_starts_one_job(client, upload):
    first = client.post(f"/api/uploads/{upload.file_id}/complete/", {"total_chunks": 3})
    second = client.post(f"/api/uploads/{upload.file_id}/complete")

    assert first.status_code == second.status_code == 202
    assert first.json()["state"] == "verifying"
    assert first.json()["job"]["task"] == "uploads.merge"
    assert first.json()["job_id"] == first.json()["job"]["id"] == second.json()["job_id"]


def test_completing_a_finished_upload_says_so(client, finished):
    got = client.post(f"/api/uploads/{finished.file_id}/complete/", {"md5": md5_of(CONTENT)})

    assert (got.status_code, got.json()["state"]) == (200, "finished")
    other = client.post(f"/api/uploads/{finished.file_id}/complete/", {"md5": "0" * 32})
    assert (other.status_code, other.json()["type"]) == (422, TYPE + "checksum-mismatch")


def test_completing_too_early_names_the_missing_chunks(client, caller, store, limits):
    upload = begin(caller, store, limits, size=40)
    send_all(caller, store, upload, b"x" * 40, order=[2])

    got = client.post(f"/api/uploads/{upload.file_id}/complete/")

    assert (got.status_code, got.json()["type"]) == (409, TYPE + "chunks-missing")
    assert (got.json()["missing"], got.json()["missing_count"]) == ([0, 1, 3], 3)


@pytest.mark.parametrize(
    "facts", [{"total_chunks": True}, {"total_chunks": -1}, {"md5": "x"}, {"sha256": "0"}]
)
def test_a_completion_that_is_not_right_is_refused(client, upload, facts):
    got = client.post(f"/api/uploads/{upload.file_id}/complete/", facts)

    assert got.status_code == 422
    upload.refresh_from_db()
    assert upload.state == "receiving"


def test_a_finished_file_is_downloaded_and_never_shown(client, finished):
    Upload.objects.update(filename='数据 "x".html')

    got = client.get(f"/api/uploads/{finished.file_id}/content/")

    assert b"".join(got.streaming_content) == CONTENT
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Length"] == str(len(CONTENT))
    assert got["Content-Disposition"].startswith('attachment; filename="__ _x_.html"; ')
    assert got["X-Content-Type-Options"] == "nosniff"
    got.close()


def test_a_file_that_is_not_finished_is_not_downloaded(client, upload):
    got = client.get(f"/api/uploads/{upload.file_id}/content/")

    assert (got.status_code, got.json()["type"]) == (409, TYPE + "not-finished")


def test_a_file_whose_bytes_are_gone_is_told(client, finished, store):
    store.delete(finished.file_id)

    got = client.get(f"/api/uploads/{finished.file_id}/content/")

    assert (got.status_code, got.json()["type"]) == (410, TYPE + "bytes-gone")


def test_an_upload_is_deleted(client, upload, store):
    assert client.delete(f"/api/uploads/{upload.file_id}/").status_code == 204

    assert client.get(f"/api/uploads/{upload.file_id}/").status_code == 404
    assert client.delete(f"/api/uploads/{upload.file_id}/").status_code == 404


ENDPOINTS = [
    ("get", ""),
    ("delete", ""),
    ("post", "complete/"),
    ("get", "content/"),
    ("post", "chunks/"),
    ("put", "chunks/0/"),
]


@pytest.mark.parametrize(("method", "tail"), ENDPOINTS)
def test_an_unknown_upload_and_one_of_another_user_are_both_not_found(
    other_client, finished, method, tail
):
    for file_id in (finished.file_id, "0" * 32, "x", "..", "%2e%2e%2f"):
        got = getattr(other_client, method)(f"/api/uploads/{file_id}/{tail}")
        assert got.status_code == 404, got.content

    assert Upload.objects.filter(pk=finished.pk, state="finished").exists()


def test_staff_see_the_uploads_of_all(api, finished, django_user_model):
    staff = User.objects.create(username="carol", is_staff=True)

    got = api(staff).get(f"/api/uploads/{finished.file_id}/")

    assert got.status_code == 200


@pytest.mark.parametrize(("method", "tail"), ENDPOINTS)
def test_a_key_needs_the_scope(caller, key_for, upload, method, tail):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(caller.user, 'imports')}")

    got = getattr(client, method)(f"/api/uploads/{upload.file_id}/{tail}")

    assert got.status_code == 403


def test_bodies_are_not_taken_where_they_would_be_held_in_memory(client, upload):
    got = client.put(f"/api/uploads/{upload.file_id}/chunks/0/", b"x", content_type="text/plain")

    assert (got.status_code, got.json()["type"]) == (501, TYPE + "not-served-here")


def test_other_methods_are_told_what_is_possible(client, upload):
    got = client.get(f"/api/uploads/{upload.file_id}/chunks/0/")

    assert got.status_code == 405
    assert "PUT" in got["Allow"]
