"""Whatever columns are called and cells contain comes out as it went in, and nothing else changes."""

import csv
import io
import unicodedata
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apiapp.imports.models import Import
from tests.apiapp.imports.loading import cells, run_upload, uploaded
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

HOSTILE = [
    'x"; DROP TABLE made_1; --',
    "'; DELETE FROM made_1; --",
    "') OR 1=1 --",
    "Robert'); DROP TABLE Students;--",
    "/* */",
    "$1",
    "$$",
    ":name",
    "?",
    "@p",
    "%s",
    "%(id)s",
    "{0}",
    "{{ 7*7 }}",
    "\\",
    "`",
    "]",
    "=1+1",
    "=cmd|'/c calc'!A0",
    "<script>alert(1)</script>",
    "select",
    "order",
    "group",
    "user",
    "rowid",
    "_rowid_",
    "oid",
    "tableoid",
    "ctid",
    "xmin",
    "id",
    "_id",
    "_ID",
    "_import",
    "import",
    "pk",
    "column_1",
    "name_2",
    "__class__",
    "__proto__",
    "and",
    "offset",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
    "stra\N{LATIN SMALL LETTER SHARP S}e",
    "STRASSE",
    "\N{KELVIN SIGN}",
    "k",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "\N{LATIN SMALL LETTER DOTLESS I}",
    "\N{LATIN SMALL LIGATURE FI}",
    "fi",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "\N{ZERO WIDTH SPACE}",
    "\N{BYTE ORDER MARK}",
    "\N{PILE OF POO}",
    "שלום",
    "a" * 300,
    "1e999999999",
    "99999-01-01",
    "9" * 400,
    "a\nb",
]
TEXTS = st.sampled_from(HOSTILE) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)


@st.composite
def tables(draw: Any) -> list[list[str]]:
    """Labels and two rows, all of one width."""
    width = draw(st.integers(min_value=2, max_value=8))
    line = st.lists(TEXTS, min_size=width, max_size=width)
    return [draw(line) for _ in range(3)]


def as_csv(table: list[list[str]]) -> bytes:
    content = io.StringIO(newline="")
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows(table)
    return content.getvalue().encode()


def imported(client: APIClient, owner: User, table: list[list[str]]) -> Import:
    """By the API, as a file whose columns are all text."""
    asked = {
        "file_id": uploaded(owner, as_csv(table)).file_id,
        "user_id": owner.pk,
        "dataset": f"hostile {uuid.uuid4().hex}",
        "columns": [{"type": "text"}] * len(table[0]),
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ",",
            "quote": '"',
            "has_header": True,
            "header_rows": 1,
        },
    }
    answer = client.post("/api/import", asked)
    assert answer.status_code == 202, answer.json()
    row = Import.objects.get(pk=answer.json()["import_id"])
    run_upload(row.pk)
    return row


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=tables())
def check_tables(
    client: APIClient, user: User, neighbour: Any, before: Any, table: list[list[str]]
) -> None:
    row = imported(client, user, table)
    dataset = row.dataset
    assert dataset

    names = [column.name for column in dataset.columns.order_by("position")]
    found = client.get(f"/api/datasets/{dataset.slug}/rows/").json()["results"]

    folded = {unicodedata.normalize("NFC", name).lower() for name in names}
    assert len(folded) == len(table[0])
    assert [[line[name] for name in names] for line in found] == table[1:]
    assert cells(neighbour) == before


def test_a_table_comes_out_as_it_went_in_whatever_is_in_it(
    api: Callable[[User], APIClient], user: User, datasets_on: str
) -> None:
    neighbour = make_dataset(user, {"name": "text"}, [{"name": "stays"}], slug="neighbour")

    check_tables(api(user), user, neighbour, cells(neighbour))
    check_tables.hypothesis.inner_test(
        api(user), user, neighbour, cells(neighbour), [HOSTILE, HOSTILE, HOSTILE[::-1]]
    )
