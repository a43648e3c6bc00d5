"""A preview answers whatever file comes: with a table, or with a problem that says what is wrong."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.apiapp.imports.formats.made_files import parquet_file, xlsx_file, zip_file
from tests.apiapp.imports.loading import uploaded

pytestmark = pytest.mark.django_db(databases="__all__")

MIB = 1 << 20
DEEP = 1_000_000
FILE_TYPE, SYMBOLIC_LINK = 16, 0o120777  # of Unix, in the upper half of a member's attributes


def preview(api: Callable[[User], APIClient], user: User, content: bytes) -> Any:
    upload = uploaded(user, content, "hostile")
    asked = {"file_id": upload.file_id, "user_id": user.pk}
    return api(user).post("/api/imports/preview", asked)


def lying_parquet() -> bytes:
    """Its footer is said to be larger than the file."""
    return parquet_file()[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1"


def sheet_beyond_all_sheets() -> bytes:
    """A cell in a row and a column that no program has."""
    with zipfile.ZipFile(io.BytesIO(xlsx_file())) as workbook:
        parts = {name: workbook.read(name) for name in workbook.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048577"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="4294967295"><c r="ZZZZZZ4294967295"><v>1</v></c></row></sheetData></worksheet>'
    )
    return zip_file(parts)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b",".join([b"1"] * DEEP) + b"\n", "1,000,000 columns"),
        (lambda: json.dumps([dict.fromkeys(map(str, range(20_000)), 1)]).encode(), "columns"),
        (lambda: b'a,b\n1,"' + b"x" * (17 * MIB), "longer than"),
        (lambda: b"[" * DEEP, "nested too deeply"),
        (lambda: b'[{"a":' * DEEP, "nested too deeply"),
        (lambda: gzip.compress(b"a,b\n1,2\n") + b"rubbish", "cannot be unpacked"),
        (lying_parquet, "damaged"),
        (sheet_beyond_all_sheets, "damaged"),
    ],
    ids=[
        *("wide CSV", "wide JSON", "long cell", "deep JSON", "deep objects"),
        *("gzip and more", "Parquet", "sheet"),
    ],
)
def test_what_cannot_be_a_table_is_refused_with_what_is_wrong(
    api: Callable[[User], APIClient], user: User, make: Callable[[], bytes], words: str
) -> None:
    answer = preview(api, user, make())

    assert answer.status_code == 422
    assert answer.json()["type"]
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "types"),
    [
        (b"a,b\n1,x\0y\n2,z\n", ["integer", "text"]),
        (b"a,b\n" + b"1,ok\n" * 5000 + b"1,\xff\xfe\n" + b"2,ok\n" * 5000, ["integer", "text"]),
        (b"a,b\n1,1e999999999\n2,-1e999999999\n", ["integer", "text"]),
        (b"a,b\n1,99999-01-01\n2,2020-01-01\n", ["integer", "text"]),
        (b"a,b\n1,=cmd|'/c calc'!A0\n2,@SUM(A1)\n", ["integer", "text"]),
    ],
    ids=["NUL", "bad UTF-8", "exponent", "year", "formulas"],
)
def test_values_that_no_type_holds_leave_a_column_of_text(
    api: Callable[[User], APIClient], user: User, content: bytes, types: list[str]
) -> None:
    answer = preview(api, user, content)

    assert answer.status_code == 200, answer.json()
    assert [column["type"] for column in answer.json()["columns"]] == types


def test_a_link_in_an_archive_leads_nowhere(api: Callable[[User], APIClient], user: User) -> None:
    link = zipfile.ZipInfo("passwords.csv")
    link.create_system, link.external_attr = 3, SYMBOLIC_LINK << FILE_TYPE
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    answer = preview(api, user, content.getvalue())

    assert answer.status_code in (200, 422)
    assert b"root:" not in answer.content
