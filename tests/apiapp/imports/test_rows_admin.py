"""The rows of a dataset in the admin, loaded as staff."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import Client

from apiapp.imports.models import Dataset
from apiapp.imports.row_json import write_rows
from apiapp.imports.rows import rows_of
from tests.apiapp.imports.made import ALL_TYPES, make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")

FRUIT = {"name": "text", "price": "decimal", "stock": "integer", "fresh": "boolean"}
FRUITS = [
    {"name": "apple", "price": "1.2", "stock": 5, "fresh": True},
    {"name": "pear", "price": "0.8", "fresh": False},
    {"name": "fig", "stock": 7},
]
EVERY_TYPE = {
    "text": "\n two\r\nlines \n",
    "integer": 2**63 - 1,
    "decimal": "12345678901234567890.5",
    "float": 0.1,
    "boolean": False,
    "date": "2026-01-31",
    "timestamp": "2026-01-31T23:59:59.000001Z",
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "json": {"a": [1, None, "ü"]},
}


@pytest.fixture
def fruits(user: User) -> Dataset:
    return make_dataset(user, FRUIT, FRUITS, slug="fruits", required=["name"])


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


def rows_path(dataset: Dataset, rest: str = "") -> str:
    return f"/admin/imports/dataset/{dataset.pk}/rows/{rest}"


def ids_shown(browser: Client, dataset: Dataset, query: str = "") -> list[int]:
    page = browser.get(f"{rows_path(dataset)}?{query}").content.decode()
    return [int(found) for found in re.findall(r'name="row" value="(\d+)"', page)]


def history(dataset: Dataset) -> list[str]:
    entries = LogEntry.objects.filter(object_id=str(dataset.pk)).order_by("id")
    return [entry.get_change_message() for entry in entries]


def as_json(dataset: Dataset, row_id: int) -> dict[str, Any]:
    columns = {column.name: column.type for column in dataset.columns.all()}
    (row,) = rows_of(dataset).filter(row_id=row_id).values()
    (written,) = write_rows([row], list(columns), columns)
    return written


def form_of(browser: Client, path: str) -> dict[str, Any]:
    """What a browser sends when nothing in the form at `path` is touched."""
    form = browser.get(path).context["form"]
    shown = {field.html_name: field.value() for field in form}
    texts = {name: "" if value is None else str(value) for name, value in shown.items()}
    return {name: re.sub(r"\r?\n", "\r\n", text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3]),
        ("order=stock.desc", [3, 1, 2]),
        ("order=name", [1, 3, 2]),
        ("order=_id.desc", [3, 2, 1]),
        ("search=P", [1, 2]),
        ("name__contains=EA", [2]),
        ("name__contains=%25", []),
        ("name__is=filled", [1, 2, 3]),
        ("price__from=1", [1]),
        ("price__to=1&price__from=0.5", [2]),
        ("price__is=empty", [3]),
        ("stock__is=filled", [1, 3]),
        ("fresh__is=true", [1]),
        ("fresh__is=false", [2]),
        ("fresh__is=empty", [3]),
        ("fresh__is=filled", [1, 2]),
        ("stock__from=6&search=i", [3]),
        ("stock__from=many", [1, 2, 3]),
        ("show=name&stock__from=6", [3]),
    ],
)
def test_the_list_is_filtered_searched_and_sorted(
    browser: Client, fruits: Dataset, query: str, found: list[int]
) -> None:
    assert ids_shown(browser, fruits, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("timestamp__to=2026-01-31", [1]),
        ("timestamp__from=2026-02-01", [2]),
        ("date__from=2026-02-01&date__to=2026-02-01", [2]),
        ("uuid__equals=00000000-0000-0000-0000-000000000001", [1]),
        ("float__from=-1.5&float__to=0", [2]),
        ("json__is=empty", [2]),
    ],
)
def test_each_type_has_its_own_filter(
    browser: Client, user: User, query: str, found: list[int]
) -> None:
    first = {
        "timestamp": "2026-01-31T23:59:59.999999Z",
        "date": "2026-01-31",
        "uuid": "00000000-0000-0000-0000-000000000001",
        "float": 0.5,
        "json": {},
    }
    second = {"timestamp": "2026-02-01T00:00:00Z", "date": "2026-02-01", "float": -1.5}
    dataset = make_dataset(user, ALL_TYPES, [first, second])

    assert ids_shown(browser, dataset, query) == found


def test_pages_lead_forth_and_back(browser: Client, fruits: Dataset) -> None:
    first = browser.get(f"{rows_path(fruits)}?limit=2&order=name.desc&search=")
    second = browser.get(f"{rows_path(fruits)}?{first.context['next']}")
    back = browser.get(f"{rows_path(fruits)}?{second.context['previous']}")

    assert [line.row_id for line in first.context["lines"]] == [2, 3]
    assert [line.row_id for line in second.context["lines"]] == [1]
    assert not second.context["next"]
    assert [line.row_id for line in back.context["lines"]] == [2, 3]
    assert not back.context["previous"]


def test_a_click_on_a_header_sorts_up_then_down_then_not(browser: Client, fruits: Dataset) -> None:
    query, seen = "search=p", []
    for _click in range(3):
        page = browser.get(f"{rows_path(fruits)}?{query}")
        (header,) = [each for each in page.context["table"].headers() if each.label == "Name"]
        query = header.query
        seen.append(query)

    assert seen == ["search=p&order=name", "search=p&order=name.desc", "search=p"]


def test_active_filters_are_shown_and_can_be_taken_away_one_by_one(
    browser: Client, fruits: Dataset
) -> None:
    page = browser.get(f"{rows_path(fruits)}?price__from=0.5&fresh__is=true&limit=25")

    chips = page.context["table"].chips()
    assert [(str(c.filter.label), str(c.filter.words), str(c.filter.value)) for c in chips] == [
        ("Price", "from", "0.5"),
        ("Fresh", "is", "yes"),
    ]
    assert chips[0].query == "fresh__is=true&limit=25"


def test_what_a_filter_does_not_understand_is_said(browser: Client, fruits: Dataset) -> None:
    page = browser.get(f"{rows_path(fruits)}?stock__from=many").content.decode()

    assert "Enter a whole number." in page


@pytest.mark.parametrize("query", ["order=nothing", "cursor=x", "limit=0", "order=name;drop"])
def test_an_address_that_makes_no_sense_leads_to_the_whole_list_with_the_reason(
    browser: Client, fruits: Dataset, query: str
) -> None:
    page = browser.get(f"{rows_path(fruits)}?{query}", follow=True)

    assert page.redirect_chain == [(rows_path(fruits), 302)]
    assert query.partition("=")[0] in str(list(page.context["messages"])[0])


def test_very_wide_tables_show_some_columns_and_those_that_were_chosen(
    browser: Client, user: User
) -> None:
    columns = {f"c{number}": "text" for number in range(60)}
    dataset = make_dataset(user, columns, [{"c59": "far right"}])

    shown = browser.get(rows_path(dataset)).content.decode()
    chosen = browser.get(f"{rows_path(dataset)}?show=c59&show=c1").content.decode()

    assert "25/60" in shown
    assert "far right" not in shown
    assert "far right" in chosen


def test_text_of_a_cell_is_shown_as_text(browser: Client, user: User) -> None:
    dataset = make_dataset(user, {"html": "text"}, [{"html": "<script>alert(1)</script>"}])

    page = browser.get(rows_path(dataset)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("tables_gone_after")
def test_a_row_is_added_counted_and_logged(browser: Client, fruits: Dataset) -> None:
    answer = browser.post(
        rows_path(fruits, "add/?back=order%3Dname"),
        {"f_name": "plum", "f_price": "2.50", "f_stock": "", "f_fresh": "true"},
    )

    assert answer.headers["Location"] == f"{rows_path(fruits)}?order=name"
    assert as_json(fruits, 4)["name"] == "plum"
    fruits.refresh_from_db()
    assert fruits.row_count == 4
    (entry,) = history(fruits)
    assert entry.startswith('Row 4 added: name "plum"; price "2.5')


def test_a_row_that_is_not_touched_stays_as_it_is_whatever_its_types(
    browser: Client, user: User
) -> None:
    dataset = make_dataset(user, ALL_TYPES, [EVERY_TYPE, {}])
    before = [as_json(dataset, row_id) for row_id in (1, 2)]

    for row_id in (1, 2):
        path = rows_path(dataset, f"{row_id}/")
        answer = browser.post(path, form_of(browser, path))
        assert answer.status_code == 302, answer.context["form"].errors

    assert [as_json(dataset, row_id) for row_id in (1, 2)] == before
    assert history(dataset) == []


@pytest.mark.parametrize(
    ("column", "entered", "stored"),
    [
        ("text", "new", "new"),
        ("text", "", None),
        ("integer", " -7 ", -7),
        ("decimal", "0.1000000000000000000000001", "0.1000000000000000000000001"),
        ("float", "1e3", 1000.0),
        ("boolean", "true", True),
        ("boolean", "unknown", None),
        ("date", "2025-12-01", "2025-12-01"),
        ("timestamp", "2025-12-01 10:00:00.5", "2025-12-01T10:00:00.500000Z"),
        ("timestamp", "", None),
        ("uuid", "0F8FAD5BD9CB469FA16570867728950F", "0f8fad5b-d9cb-469f-a165-70867728950f"),
        ("json", "[1, {}]", [1, {}]),
        ("json", "", None),
    ],
)
def test_a_cell_of_every_type_is_edited_and_the_old_value_logged(
    browser: Client, user: User, column: str, entered: str, stored: Any
) -> None:
    dataset = make_dataset(user, ALL_TYPES, [EVERY_TYPE])
    path = rows_path(dataset, "1/")
    before = as_json(dataset, 1)

    browser.post(path, {**form_of(browser, path), f"f_{column}": entered})

    assert as_json(dataset, 1) == {**before, column: stored}
    (entry,) = history(dataset)
    assert entry.startswith(f"Row 1 changed: {column} ")


@pytest.mark.parametrize(
    ("column", "entered"),
    [
        ("integer", "1.5"),
        ("integer", str(2**63)),
        ("decimal", "1,5x"),
        ("decimal", "1e99999"),
        ("float", "inf"),
        ("date", "31.1.2026"),
        ("timestamp", "noon"),
        ("uuid", "x"),
        ("json", "{"),
        ("json", '"\\u0000"'),
        ("text", "\x00"),
    ],
)
def test_a_value_that_does_not_fit_is_told_at_its_field_and_not_saved(
    browser: Client, user: User, column: str, entered: str
) -> None:
    dataset = make_dataset(user, ALL_TYPES, [EVERY_TYPE])
    path = rows_path(dataset, "1/")
    before = as_json(dataset, 1)

    answer = browser.post(path, {**form_of(browser, path), f"f_{column}": entered})

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [f"f_{column}"]
    assert as_json(dataset, 1) == before


def test_a_required_cell_cannot_be_emptied(browser: Client, fruits: Dataset) -> None:
    answer = browser.post(rows_path(fruits, "1/"), {"f_name": "", "f_stock": "9"})

    assert list(answer.context["form"].errors) == ["f_name"]


def test_a_value_that_must_be_unique_is_told(browser: Client, fruits: Dataset) -> None:
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'CREATE UNIQUE INDEX only_once ON "{fruits.table_name}" ("name")')

    answer = browser.post(rows_path(fruits, "add/"), {"f_name": "fig"})

    assert "allowed only once" in answer.content.decode()


def test_only_what_was_edited_is_written(browser: Client, fruits: Dataset) -> None:
    path = rows_path(fruits, "1/")
    form = form_of(browser, path)
    rows_of(fruits).filter(row_id=1).update(f_stock=99)

    browser.post(path, {**form, "f_name": "quince", "f_stock": "99"})

    assert as_json(fruits, 1)["name"] == "quince"
    assert as_json(fruits, 1)["stock"] == 99


@pytest.mark.parametrize(("button", "leads_to"), [("_continue", "1/"), ("_addanother", "add/")])
def test_the_other_buttons_lead_on_and_remember_the_list(
    browser: Client, fruits: Dataset, button: str, leads_to: str
) -> None:
    path = rows_path(fruits, "1/?" + urlencode({"back": "order=name&limit=25"}))

    answer = browser.post(path, {**form_of(browser, path), button: ""})

    back = urlencode({"back": "order=name&limit=25"})
    assert answer.headers["Location"] == f"{rows_path(fruits, leads_to)}?{back}"


def test_one_row_is_deleted_after_a_question_and_can_be_read_in_the_history(
    browser: Client, fruits: Dataset
) -> None:
    question = browser.get(rows_path(fruits, "1/delete/"))
    browser.post(rows_path(fruits, "1/delete/"))

    assert "apple" in question.content.decode()
    assert list(rows_of(fruits).values_list("row_id", flat=True)) == [2, 3]
    (entry,) = history(fruits)
    assert "Row 1 deleted. It was:" in entry
    assert '"apple"' in entry


@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.usefixtures("tables_gone_after")
def test_selected_rows_are_deleted_after_a_question_each_with_its_entry(
    browser: Client, fruits: Dataset
) -> None:
    question = browser.post(rows_path(fruits, "delete/"), {"row": ["1", "3"]})
    kept = rows_of(fruits).count()
    browser.post(rows_path(fruits, "delete/"), {"row": ["1", "3", "77"], "confirmed": "yes"})

    assert "Delete these 2 rows?" in question.content.decode()
    assert kept == 3
    assert list(rows_of(fruits).values_list("row_id", flat=True)) == [2]
    fruits.refresh_from_db()
    assert fruits.row_count == 1
    assert len(history(fruits)) == 2


def test_deleting_nothing_says_so(browser: Client, fruits: Dataset) -> None:
    answer = browser.post(rows_path(fruits, "delete/"), {"confirmed": "yes"}, follow=True)

    assert "Select rows first." in answer.content.decode()
    assert rows_of(fruits).count() == 3


@pytest.mark.parametrize("rest", ["9/", "9/delete/"])
def test_a_row_that_is_not_there_is_404(browser: Client, fruits: Dataset, rest: str) -> None:
    assert browser.get(rows_path(fruits, rest)).status_code == 404


def test_a_dataset_that_is_still_loading_has_no_rows_page(browser: Client, user: User) -> None:
    dataset = Dataset.objects.create(owner=user, slug="coming", title="Coming")

    assert browser.get(rows_path(dataset)).status_code == 404


PAGES: Mapping[str, str] = {
    "": "get",
    "1/": "get",
    "add/": "post",
    "1/delete/": "post",
    "delete/": "post",
}


def staff_with(client: Client, *codenames: str) -> Client:
    person = User.objects.create_user("dora", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(person)
    return client


def test_staff_who_may_view_datasets_see_rows_and_change_nothing(
    client: Client, fruits: Dataset
) -> None:
    viewer = staff_with(client, "view_dataset")

    codes = {rest: getattr(viewer, how)(rows_path(fruits, rest)) for rest, how in PAGES.items()}
    page = codes["1/"].content.decode()

    assert [answer.status_code for answer in codes.values()] == [200, 200, 403, 403, 403]
    assert 'name="_save"' not in page
    assert viewer.post(rows_path(fruits, "1/"), {"f_name": "x"}).status_code == 403


def test_staff_who_may_change_datasets_change_rows(client: Client, fruits: Dataset) -> None:
    editor = staff_with(client, "view_dataset", "change_dataset")

    editor.post(rows_path(fruits, "1/"), {"f_name": "quince", "f_fresh": "true"})

    assert as_json(fruits, 1)["name"] == "quince"


def test_staff_without_the_permission_and_others_see_nothing(
    client: Client, fruits: Dataset, user: User
) -> None:
    without = [
        getattr(staff_with(client), how)(rows_path(fruits, rest)).status_code
        for rest, how in list(PAGES.items())[:1]
    ]
    client.force_login(user)
    not_staff = client.get(rows_path(fruits))

    assert without == [403]
    assert not_staff.status_code == 302
    assert not_staff.headers["Location"].startswith("/admin/login/")


def test_a_list_takes_few_queries(
    browser: Client, fruits: Dataset, django_assert_max_num_queries: Any
) -> None:
    browser.get(rows_path(fruits))

    with (
        django_assert_max_num_queries(8, connection=connections["default"]),
        django_assert_max_num_queries(2, connection=connections["datasets"]),
    ):
        browser.get(f"{rows_path(fruits)}?price__from=0")
