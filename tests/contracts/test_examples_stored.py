"""/api/import and /api/upload among the examples: as printed, for who is known."""

from typing import Any

import pytest

from tests.apiapp.uploads.requests_over_asgi import FORM_TYPE, form
from tests.contracts.raw import send
from tests.serving import Server

JSON = {"Content-Type": "application/json"}
NOT_JSON = {"error": "Invalid content type"}
FILE = form([("file", "cars.csv", b"name,price\nvolvo,12\n")])


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json"])
@pytest.mark.parametrize("path", ["/api/import", "/api/import/"])
def test_rows_in_json_are_imported(server: Server, kind: str, path: str):
    headers = {**server.headers, "Content-Type": kind}
    cleared = send(server, "DELETE", "/api/datasets/inline", server.headers)
    assert cleared.status in (204, 404)  # other tests import rows of other columns into it

    answer = send(server, "POST", path, headers, '{"rows": [{"name": "volvo", "price": 12}]}')

    assert answer.status == 200, answer.body
    assert answer.json.items() >= {"status": "success", "message": "Data imported"}.items()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "file_id=1&user_id=1"),
        ({"Content-Type": "text/plain"}, "{}"),
        ({"Content-Type": "application/xml"}, "<a/>"),
        (FORM_TYPE, FILE),
        ({}, "{}"),
        ({}, ""),
    ],
)
def test_an_import_that_is_not_json_is_refused_as_printed(
    server: Server, headers: dict[str, str], body: Any
):
    answer = send(server, "POST", "/api/import", {**server.headers, **headers}, body)

    assert (answer.status, answer.json) == (400, NOT_JSON)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("{}", {"file_id", "user_id"}),
        ('{"file_id": "x"}', {"user_id"}),
        ('{"user_id": 1}', {"file_id"}),
        ('{"file_id": [], "user_id": "x"}', {"file_id", "user_id"}),
        ('{"file_id": null, "user_id": null}', {"file_id", "user_id"}),
        ('{"file_id": true, "user_id": true}', {"file_id", "user_id"}),
        ('{"file_id": {"a": 1}, "user_id": 1.5}', {"file_id", "user_id"}),
    ],
)
def test_an_import_without_its_ids_names_each(server: Server, body: str, fields: set[str]):
    answer = send(server, "POST", "/api/import", {**server.headers, **JSON}, body)

    assert (answer.status, set(answer.json["errors"])) == (422, fields)


@pytest.mark.parametrize(
    ("body", "where"), [('{"rows": [', "line 1"), (b'{"a": "\xff"}', "byte 7")]
)
def test_an_import_that_cannot_be_read_is_told_where(server: Server, body: Any, where: str):
    answer = send(server, "POST", "/api/import", {**server.headers, **JSON}, body)

    assert answer.status == 400
    assert where in answer.json["detail"]


@pytest.mark.parametrize("path", ["/api/upload", "/api/upload/"])
def test_a_file_in_a_form_is_stored(server: Server, path: str):
    answer = send(server, "POST", path, {**server.headers, **FORM_TYPE}, FILE)

    assert answer.status == 200
    assert set(answer.json) == {"file_id", "filename", "size", "md5", "sha256"}


def test_who_is_unknown_imports_and_uploads_nothing(server: Server):
    answers = [
        send(server, "POST", "/api/import", JSON, "{}"),
        send(server, "POST", "/api/import", {}, "a"),
        send(server, "POST", "/api/upload", FORM_TYPE, FILE),
    ]

    assert [answer.status for answer in answers] == [401] * 3
    assert all(answer.headers["WWW-Authenticate"] for answer in answers)
