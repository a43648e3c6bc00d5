"""A file of each format, through the API, into a typed table."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp.imports.models import Dataset, Import
from tests.apiapp.imports.formats.made_files import FILES, HEADER, ROWS, zip_file
from tests.apiapp.imports.loading import cells, run_upload, uploaded

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "datasets"]),
    pytest.mark.usefixtures("tables_gone_after"),
]
TYPES = {name: ["integer", "text", "decimal", "date", "boolean"] for name in FILES} | {
    name: ["integer", "text", "float", "date", "boolean"]
    for name in ("parquet", "arrow", "arrow stream")
}


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def caller(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def asked(caller: Client, url: str, **body: Any) -> Any:
    answer = caller.post(url, body, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json()


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_format_becomes_a_typed_table(name: str, owner: User, caller: Client):
    file_id = uploaded(owner, FILES[name](), name="things.bin").pk

    preview = asked(caller, "/api/imports/preview/", file_id=file_id)
    begun = asked(
        caller,
        "/api/import",
        file_id=file_id,
        user_id=owner.pk,
        dataset="Things",
        dialect=preview["dialect"],
    )
    run_upload(begun["import_id"])

    assert [column["label"] for column in preview["columns"]] == HEADER
    assert [column["type"] for column in preview["columns"]] == TYPES[name]
    assert cells(Dataset.objects.get(slug="things")) == [as_stored(row) for row in ROWS]
    assert Import.objects.get().dialect["format"] == name.removesuffix(" stream")


def as_stored(row: list[Any]) -> tuple[Any, ...]:
    number, name, price, born, active = row
    assert born is None or isinstance(born, date)
    return number, name, Decimal(str(price)), born, active


def test_a_preview_offers_members_and_sheets_and_reads_the_one_that_is_asked_for(
    owner: User, caller: Client
):
    archive = zip_file({"a.csv": b"a\n1\n", "b.json": b'{"x": [{"u": 1}], "y": [{"v": 2}]}'})
    file_id = uploaded(owner, archive).pk

    first = asked(caller, "/api/imports/preview/", file_id=file_id)
    second = asked(caller, "/api/imports/preview/", file_id=file_id, dialect={"member": "b.json"})
    third = asked(
        caller,
        "/api/imports/preview/",
        file_id=file_id,
        dialect={"member": "b.json", "sheet": "y"},
    )

    assert first["choices"] == {"member": ["a.csv", "b.json"]}
    assert second["choices"] == {"member": ["a.csv", "b.json"], "sheet": ["x", "y"]}
    assert [each["columns"][0]["label"] for each in (first, second, third)] == ["a", "u", "v"]


def test_a_bad_line_of_json_lines_is_refused_and_told(owner: User, caller: Client):
    file_id = uploaded(owner, b'{"a": 1}\n{"a" 2}\n{"a": 3}\n').pk

    begun = asked(caller, "/api/import", file_id=file_id, user_id=owner.pk, dataset="Things")
    result = run_upload(begun["import_id"])
    told = caller.get(f"/api/imports/{begun['import_id']}/errors/").json()["results"]

    assert (result["rows_loaded"], result["rows_refused"]) == (2, 1)
    assert [(each["row_number"], each["kind"], each["value"]) for each in told] == [
        (2, "broken_row", '{"a" 2}')
    ]


def test_what_cannot_be_read_is_told_by_the_preview(owner: User, caller: Client):
    file_id = uploaded(owner, b"%PDF-1.4 something").pk

    answer = caller.post(
        "/api/imports/preview/", {"file_id": file_id}, content_type="application/json"
    )

    assert answer.status_code == 422
    assert answer.json()["detail"] == "this file cannot be read as a table: it is a PDF"


@pytest.mark.parametrize(
    "content",
    [
        b"[{}]",
        b"[[], []]",
        b"[]",
        b'{"\\ud800": [{"a": 1}], "b": [{"a": 1}]}',
        b'{"\\u0000": [{"a": 1}]}',
        b'[{"\\ud800": "\\u0000"}]',
        b'{"' + b"k" * 2000 + b'": [{"a": 1}]}',
        b'{"a": 1}\n{"' + b"k" * 2000 + b'": 1, "' + b"k" * 2000 + b'": 2}\n',
    ],
)
def test_strange_json_is_answered(content: bytes, owner: User, caller: Client):
    file_id = uploaded(owner, content).pk

    answer = caller.post(
        "/api/imports/preview/", {"file_id": file_id}, content_type="application/json"
    )

    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        begun = asked(caller, "/api/import", file_id=file_id, user_id=owner.pk, dataset="Things")
        run_upload(begun["import_id"])
