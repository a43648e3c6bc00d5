import csv
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pyarrow as pa
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from pyarrow import parquet
from python_calamine import CalamineWorkbook
from rest_framework.test import APIClient

from apiapp.imports.exports import asking, export_views, workbook
from apiapp.imports.exports.ahead import Ahead
from apiapp.imports.exports.errors import ExportTooSlow
from apiapp.imports.exports.files import Export
from apiapp.imports.exports.forms import KINDS, Field
from apiapp.imports.exports.places import Places
from apiapp.imports.exports.workbook import WorkbookForm
from apiapp.imports.models import Dataset
from apiapp.imports.rows import rows_of
from apiapp.keys import scopes
from tests.apiapp.imports.loading import cells, imported
from tests.apiapp.imports.made import ALL_TYPES, fill, make_dataset

Api = Callable[[User], APIClient]

FULL = {
    "text": 'a "quoted", text\nof two lines 文',
    "integer": 2**53 + 1,
    "decimal": Decimal("12345678901234567890.10"),
    "float": 0.1,
    "boolean": False,
    "date": date(2026, 1, 31),
    "timestamp": datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC),
    "uuid": UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    "json": {"a": [1, None, 1.5]},
}
EMPTY = dict.fromkeys(ALL_TYPES)
FRUIT = {"name": "text", "price": "decimal", "stock": "integer"}
FRUITS = [
    {"name": "apple", "price": "1.20", "stock": 5},
    {"name": "pear", "price": "0.80", "stock": None},
    {"name": "fig", "price": None, "stock": 7},
]
pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def client(api: Api, user: User) -> APIClient:
    return api(user)


@pytest.fixture
def one_at_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none of those that other tests have begun."""
    settings.EXPORT_MAX_AT_ONCE = 1
    monkeypatch.setattr(export_views, "places", Places())


@pytest.fixture
def fruits(user: User) -> Dataset:
    return make_dataset(user, FRUIT, FRUITS, slug="fruits")


def file_of(dataset: Dataset, suffix: str, *parameters: tuple[str, str]) -> bytes:
    asked = asking.parse(parameters, types_with_ids(dataset), suffix)
    return b"".join(Export(dataset, asked, KINDS[suffix], limit_s=60.0).chunks())


def types_with_ids(dataset: Dataset) -> dict[str, str]:
    named = {column.name: column.type for column in dataset.columns.all()}
    return {"_id": "integer", "_import": "integer", **named}


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


# --- each form, on both databases ------------------------------------------------------------------
def test_csv_has_every_value_in_its_plain_form(user: User, datasets_on: str) -> None:
    dataset = make_dataset(user, ALL_TYPES, [FULL, EMPTY], slug=f"all-{datasets_on}")

    header, full, empty = csv.reader(io.StringIO(file_of(dataset, "csv").decode(), newline=""))

    assert header == [name.title() for name in ALL_TYPES]
    digits = "12345678901234567890.1"
    assert full == [
        FULL["text"],
        "9007199254740993",
        f"{digits}0" if datasets_on == "postgresql" else digits,
        "0.1",
        "false",
        "2026-01-31",
        "2026-01-31T23:59:59.000001Z",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        '{"a": [1, null, 1.5]}',
    ]
    assert empty == [""] * len(ALL_TYPES)


def test_json_lines_are_the_rows_as_they_are_over_rest(
    api: Api, user: User, datasets_on: str
) -> None:
    dataset = make_dataset(user, ALL_TYPES, [FULL, EMPTY], slug=f"all-{datasets_on}")

    lines = [json.loads(line) for line in file_of(dataset, "jsonl").splitlines()]

    over_rest = api(user).get(f"/api/datasets/{dataset.slug}/rows/").json()["results"]
    assert lines == [{k: v for k, v in row.items() if k != "_id"} for row in over_rest]


def test_parquet_has_typed_columns(user: User, datasets_on: str) -> None:
    dataset = make_dataset(user, ALL_TYPES, [FULL, EMPTY], slug=f"all-{datasets_on}")

    table = parquet.read_table(io.BytesIO(file_of(dataset, "parquet")))

    types = {field.name: field.type for field in table.schema}
    assert types["decimal"] == pa.decimal128(
        22 if datasets_on == "postgresql" else 21, 2 if datasets_on == "postgresql" else 1
    )
    assert types["timestamp"] == pa.timestamp("us", tz="UTC")
    assert (types["date"], types["boolean"], types["integer"]) == (
        pa.date32(),
        pa.bool_(),
        pa.int64(),
    )
    full, empty = table.to_pylist()
    told = {"uuid": str(FULL["uuid"]), "json": '{"a": [1, null, 1.5]}'}
    assert full == {**FULL, **told}
    assert empty == EMPTY


def test_a_workbook_has_typed_cells_and_text_where_excel_would_change_a_value(
    user: User, datasets_on: str
) -> None:
    plain = {
        **FULL,
        "integer": 42,
        "decimal": Decimal("12.5"),
        "timestamp": datetime(2026, 1, 31, 23, 59, 59, 250_000, tzinfo=UTC),
    }
    old = {"date": date(1899, 12, 31), "text": "_x0041_ \x01 =1+1", "integer": -(10**15)}
    dataset = make_dataset(user, ALL_TYPES, [plain, FULL, old], slug=f"all-{datasets_on}")

    content = file_of(dataset, "xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    _header, typed, exact, strange = (list(row) for row in sheet.iter_rows(values_only=True))
    assert typed[1:7] == [
        42,
        12.5,
        0.1,
        False,
        datetime(2026, 1, 31),  # noqa: DTZ001
        datetime(2026, 1, 31, 23, 59, 59, 250_000),  # noqa: DTZ001
    ]
    assert exact[1] == "9007199254740993"
    assert exact[2].startswith("12345678901234567890.1")
    assert exact[6] == "2026-01-31T23:59:59.000001Z"
    assert (unescape(strange[0]), strange[1]) == ("_x0041_ \x01 =1+1", "-1000000000000000")
    assert strange[5] == "1899-12-31"
    assert sheet.freeze_panes == "A2"
    assert CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names == ["Sheet1"]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_dataset_without_rows_is_a_file_all_the_same(user: User, suffix: str) -> None:
    dataset = make_dataset(user, FRUIT, slug="none")

    content = file_of(dataset, suffix)

    if suffix == "csv":
        assert content == b"Name,Price,Stock\r\n"
    elif suffix == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row == 1
    elif suffix == "parquet":
        assert parquet.read_table(io.BytesIO(content)).num_rows == 0
    else:
        assert content == b""


# --- there and back ----------------------------------------------------------------------------------
TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20)
VALUES = {
    "text": TEXT.filter(lambda text: text == text.strip()),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20
    ),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(min_value=date(1000, 1, 1)),
    "timestamp": st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "uuid": st.uuids(),
}
LINES = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}),
    min_size=20,
    max_size=40,
)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=LINES)
def test_what_was_exported_is_imported_with_the_same_typed_values(
    user: User, datasets_on: str, tmp_path: Path, suffix: str, rows: list[dict[str, Any]]
) -> None:
    rows = [{**row, "boolean": bool(row["boolean"])} for row in rows]  # no row is all empty
    Dataset.objects.filter(slug__in=["first", "second"]).delete()
    first = make_dataset(user, dict(zip(VALUES, VALUES, strict=True)), rows, slug="first")
    path = tmp_path / f"out.{suffix}"
    path.write_bytes(file_of(first, suffix))

    columns = [
        {"label": each.title() if suffix == "csv" else each, "type": each} for each in VALUES
    ]
    imported(user, path, dataset="second", columns=columns)

    assert cells(Dataset.objects.get(slug="second")) == cells(first)


# --- what is asked for ---------------------------------------------------------------------------------
def test_rows_are_filtered_ordered_selected_and_limited(client: APIClient, fruits: Dataset) -> None:
    address = "/api/datasets/fruits/export.csv?stock=not.is.null&order=stock.desc&select=_id,name"

    assert body(client.get(address)) == b"_id,Name\r\n3,fig\r\n1,apple\r\n"
    assert body(client.get(f"{address}&limit=1")) == b"_id,Name\r\n3,fig\r\n"
    assert (
        body(client.get("/api/datasets/fruits/export.csv?search=ea&select=name&_header=none"))
        == b"pear\r\n"
    )
    assert (
        body(client.get("/api/datasets/fruits/export.csv/?name=in.()")) == b"Name,Price,Stock\r\n"
    )


def test_a_csv_file_is_as_its_reader_wants_it(client: APIClient, user: User) -> None:
    rows = [
        {"name": "=1+1", "price": "-5", "stock": 1},
        {"name": "＝A1", "price": None, "stock": -1},
    ]
    make_dataset(user, FRUIT, rows, slug="risky")

    answer = client.get(
        "/api/datasets/risky/export.csv?_delimiter=semicolon&_bom=true&_guard=true&_header=names"
    )

    assert body(answer).decode() == "\ufeffname;price;stock\r\n'=1+1;-5;1\r\n'＝A1;;-1\r\n"


@pytest.mark.parametrize("suffix", KINDS)
def test_columns_are_shown_under_other_names_and_twice(fruits: Dataset, suffix: str) -> None:
    content = file_of(fruits, suffix, ("select", 'price,"x" y:price,name'), ("stock", "eq.5"))

    if suffix == "csv":
        assert content.decode().splitlines()[0] == 'Price,"""x"" y",Name'
    if suffix == "parquet":
        rows = parquet.read_table(io.BytesIO(content)).to_pylist()
        assert rows == [{"price": Decimal("1.20"), '"x" y': Decimal("1.20"), "name": "apple"}]
    if suffix == "jsonl":
        assert list(json.loads(content)) == ["price", '"x" y', "name"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("_delimiter=:", ("bad-row-query", "_delimiter")),
        ("_bom=1", ("bad-row-query", "_bom")),
        ("_guard=true&_guard=true", ("bad-row-query", "_guard")),
        ("_header=", ("bad-row-query", "_header")),
        ("limit=0", ("bad-row-query", "limit")),
        ("limit=x", ("bad-row-query", "limit")),
        ("cursor=abc", ("bad-row-query", "cursor")),
        ("weight=eq.5", ("unknown-column", "weight")),
        ("stock=eq.many", ("bad-filter-value", "stock")),
        ("order=nothing", ("unknown-column", "order")),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    client: APIClient, fruits: Dataset, query: str, said: tuple[str, str]
) -> None:
    answer = client.get(f"/api/datasets/fruits/export.csv?{query}")

    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["type"].split(":")[-1], problem["parameter"]) == said


def test_choices_of_csv_mean_nothing_to_other_forms(client: APIClient, fruits: Dataset) -> None:
    assert client.get("/api/datasets/fruits/export.jsonl?_bom=true").status_code == 400


# --- who, and how it is answered -------------------------------------------------------------------------
def test_only_who_may_see_the_dataset_may_export_it(
    api: Api, other_user: User, fruits: Dataset, key_for: Any, user: User
) -> None:
    assert api(other_user).get("/api/datasets/fruits/export.csv").status_code == 404
    assert APIClient().get("/api/datasets/fruits/export.csv").status_code == 401
    poor = APIClient()
    poor.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(user, scopes.UPLOADS)}")
    assert poor.get("/api/datasets/fruits/export.csv").status_code == 403


def test_an_export_is_a_download_named_after_the_dataset(client: APIClient, user: User) -> None:
    dataset = make_dataset(user, FRUIT, FRUITS, slug="fruits")
    Dataset.objects.filter(pk=dataset.pk).update(title='水果 "2026"')

    answer = client.get("/api/datasets/fruits/export.parquet")

    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    assert answer["Content-Disposition"] == (
        "attachment; filename=\"__ _2026_.parquet\"; filename*=UTF-8''"
        "%E6%B0%B4%E6%9E%9C%20%222026%22.parquet"
    )
    assert answer["X-Content-Type-Options"] == "nosniff"
    body(answer)


def test_head_asks_nothing_of_the_rows(
    client: APIClient, fruits: Dataset, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0, using="datasets"):
        answer = client.head("/api/datasets/fruits/export.csv")

    assert answer.status_code == 200
    assert answer["ETag"] == client.get("/api/datasets/fruits/export.csv")["ETag"]


def test_an_unchanged_dataset_is_not_sent_again_and_a_changed_one_is(
    client: APIClient, fruits: Dataset, django_assert_num_queries: Any
) -> None:
    address = "/api/datasets/fruits/export.csv"
    etag = client.head(address)["ETag"]

    with django_assert_num_queries(0, using="datasets"):
        assert client.get(address, HTTP_IF_NONE_MATCH=etag).status_code == 304

    assert client.get(f"{address}?limit=1", HTTP_IF_NONE_MATCH=etag).status_code == 200
    client.patch("/api/datasets/fruits/rows/1/", {"name": "plum"})
    assert client.get(address, HTTP_IF_NONE_MATCH=etag).status_code == 200


def test_a_csv_file_is_packed_for_who_takes_it(client: APIClient, fruits: Dataset) -> None:
    answer = client.get("/api/datasets/fruits/export.csv", HTTP_ACCEPT_ENCODING="gzip")

    assert answer["Content-Encoding"] == "gzip"
    assert answer["ETag"].startswith('W/"')
    assert (
        client.get("/api/datasets/fruits/export.xlsx", HTTP_ACCEPT_ENCODING="gzip").get(
            "Content-Encoding"
        )
        is None
    )


# --- one moment ------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True, databases="__all__")
def test_an_export_has_the_rows_of_one_moment_and_keeps_no_import_waiting(
    user: User, datasets_on: str
) -> None:
    rows = [{"name": f"fruit {number}"} for number in range(2500)]
    dataset = make_dataset(user, {"name": "text"}, rows, slug="many")
    chunks = Export(dataset, asking.Asked(), KINDS["csv"], limit_s=60.0).chunks()
    begun = [next(chunks), next(chunks)]

    replaced = threading.Thread(target=replace_the_table, args=[dataset.table_name])
    replaced.start()
    replaced.join(60)

    assert not replaced.is_alive()
    lines = b"".join([*begun, *chunks]).splitlines()
    assert len(lines) == 2501
    assert lines[-1] == b"fruit 2499"
    assert list(rows_of(dataset)) == []


def replace_the_table(name: str) -> None:
    """As publishing.replace does it."""
    connection = connections["datasets"]
    with connection.cursor() as cursor, transaction.atomic(using="datasets"):
        cursor.execute(f'ALTER TABLE "{name}" RENAME TO "_was_1"')
        cursor.execute(f'CREATE TABLE "{name}" AS SELECT * FROM "_was_1" WHERE 1 = 0')
    connection.close()


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_an_export_that_is_left_leaves_nothing_behind(user: User, datasets_on: str) -> None:
    rows = [{"name": "x" * 1000} for _ in range(5000)]
    dataset = make_dataset(user, {"name": "text"}, rows, slug="many")
    before = set(threading.enumerate())
    chunks = Export(dataset, asking.Asked(), KINDS["csv"], limit_s=60.0).chunks()
    next(chunks)
    next(chunks)

    chunks.close()

    assert not [each for each in set(threading.enumerate()) - before if each.name == "export"]
    fill(dataset, [{"name": "one more"}])  # the connection is as good as new
    assert rows_of(dataset).count() == 5001


def test_who_leaves_while_the_database_works_ends_its_work() -> None:
    asked, cancelled = threading.Event(), threading.Event()

    def slow() -> Iterator[str]:
        asked.set()
        cancelled.wait(60)
        yield "too late"

    ahead = Ahead(slow(), cancel=cancelled.set, tick_s=0.01)
    items = iter(ahead)

    assert next(items) is None
    assert asked.is_set()
    ahead.close()
    assert cancelled.is_set()


@pytest.mark.usefixtures("fruits", "one_at_once")
def test_a_user_has_so_many_exports_under_way_and_another_one_has_to_wait(
    client: APIClient, api: Api, other_user: User
) -> None:
    url = "/api/datasets/fruits/export.csv"
    first = client.get(url)

    refused = client.get(url)

    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    assert refused.json()["type"].endswith(":too-many-exports")
    assert client.head(url).status_code == 200
    assert client.get(url, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    assert api(other_user).get(url).status_code == 404
    assert body(first) == body(client.get(url)) == body(client.get(url))


@pytest.mark.usefixtures("fruits", "one_at_once")
def test_an_export_that_fails_at_once_takes_no_place(client: APIClient, settings: Any) -> None:
    settings.EXPORT_LIMIT_S = -1.0
    client.raise_request_exception = False
    url = "/api/datasets/fruits/export.csv"

    assert [client.get(url).status_code for _ in range(2)] == [500, 500]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx", "parquet"])
def test_columns_are_called_in_the_file_as_they_are_asked_to_be(
    client: APIClient, fruits: Dataset, suffix: str
) -> None:
    answer = client.get(f"/api/datasets/fruits/export.{suffix}?select=what:name,stock&limit=1")

    stock = "stock" if suffix in ("jsonl", "parquet") else "Stock"
    assert first_row_of(body(answer), suffix) == {"what": "apple", stock: 5}


def first_row_of(content: bytes, suffix: str) -> dict[str, Any]:
    if suffix == "jsonl":
        return dict(json.loads(content))
    if suffix == "parquet":
        return dict(parquet.read_table(pa.BufferReader(content)).to_pylist()[0])
    if suffix == "csv":
        (row,) = csv.DictReader(io.StringIO(content.decode()))
        return {name: int(value) if value.isdigit() else value for name, value in row.items()}
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return dict(zip(*sheet.to_python(), strict=True))


def test_an_export_that_takes_too_long_breaks_off(fruits: Dataset) -> None:
    chunks = Export(fruits, asking.Asked(), KINDS["csv"], limit_s=-1.0).chunks()

    with pytest.raises(ExportTooSlow):
        next(chunks)


# --- large workbooks ---------------------------------------------------------------------------------------
def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path: Path) -> None:
    form = WorkbookForm([Field("n", "N", "integer")], headings=["N"], sheet_rows=3)

    content = form.begin({}) + form.add([[1, 2, 3, 4, 5]]) + form.end()

    book = openpyxl.load_workbook(io.BytesIO(content))
    read = {sheet.title: [row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book}
    assert read == {"Sheet1": ["N", 1, 2], "Sheet2": ["N", 3, 4], "Sheet3": ["N", 5]}


def test_a_text_that_excel_cannot_hold_is_cut_and_told() -> None:
    form = WorkbookForm([Field("t", "T", "text")], headings=["T"])

    content = form.begin({}) + form.add([["ok", "😀" * 20_000]]) + form.end()

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book["Sheet1"]["A3"].value == "😀" * (workbook.CELL_CHARACTERS // 2)
    assert book["Notes"]["A1"].value == (
        "Sheet1, row 3, T: a text of 20,000 characters was cut to the 32,767 that Excel holds."
    )


def test_a_workbook_tells_what_it_lacks_in_the_callers_language(
    user: User, datasets_on: str, api: Callable[[User], APIClient]
) -> None:
    make_dataset(user, {"t": "text"}, [{"t": "😀" * 20_000}], slug="long")
    client = api(user)

    def notes(language: str) -> Any:
        answer = client.get("/api/datasets/long/export.xlsx", HTTP_ACCEPT_LANGUAGE=language)
        content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        book = openpyxl.load_workbook(io.BytesIO(content))
        return answer["ETag"], book.worksheets[-1].title, book.worksheets[-1]["A1"].value

    english, chinese = notes("en"), notes("zh-CN")

    assert english[1:] == (
        "Notes",
        "Sheet1, row 2, T: a text of 20,000 characters was cut to the 32,767 that Excel holds.",
    )
    assert chinese[1] == "说明"
    assert "20,000" in chinese[2]
    assert english[0] != chinese[0]


def test_the_same_rows_are_the_same_bytes(fruits: Dataset) -> None:
    for suffix in KINDS:
        assert file_of(fruits, suffix) == file_of(fruits, suffix)
    assert zipfile.ZipFile(io.BytesIO(file_of(fruits, "xlsx"))).testzip() is None


# --- from the terminal -------------------------------------------------------------------------------------
def test_the_command_writes_what_the_name_says(fruits: Dataset, tmp_path: Path) -> None:
    call_command(
        "export_dataset", "fruits", str(tmp_path / "f.csv"), query="stock=gte.6&_header=none"
    )
    call_command("export_dataset", "fruits", str(tmp_path / "f.bin"), form="jsonl")

    assert (tmp_path / "f.csv").read_bytes() == b"fig,,7\r\n"
    assert len((tmp_path / "f.bin").read_bytes().splitlines()) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"f.csv", "f.bin"}


@pytest.mark.parametrize(
    ("slug", "name", "query", "said"),
    [
        ("nuts", "f.csv", "", "there is no dataset"),
        ("fruits", "f.pdf", "", "name a file that ends in .csv"),
        ("fruits", "f.csv", "weight=eq.5", "there is no column 'weight'"),
        ("fruits", "f.csv", "weight", "bad query field"),
        ("fruits", "no/such/f.csv", "", "No such file"),
    ],
)
def test_the_command_says_what_is_wrong(
    fruits: Dataset, tmp_path: Path, slug: str, name: str, query: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("export_dataset", slug, str(tmp_path / name), query=query)

    assert list(tmp_path.iterdir()) == []
