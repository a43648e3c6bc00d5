"""The grid of a dataset with a million rows, as a person goes through it."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Watch, findings_in_both_schemes, serious_findings
from tests.journeys.test_pages import PHONE, goes_sideways
from tests.serving import Server

pytestmark = pytest.mark.chromium

ROWS = 1_000_000
SLUG = "million"
PATH = f"/datasets/{SLUG}/"
WEIGHT_BYTES = 240_000  # the grid comes with the page: half of what Tabulator alone weighs
COLUMNS = {"name": "text", "price": "decimal", "stock": "integer", "sold": "boolean", "day": "date"}
MAKE_DATASET = f"""
from django.contrib.auth.models import User
from django.utils import timezone
from apiapp.imports.models import Column, Dataset
owner = User.objects.order_by("pk").first()
made = Dataset.objects.create(
    owner=owner, slug="{SLUG}", title="A million", published_at=timezone.now(),
    table_name="{SLUG}", row_count={ROWS},
)
Column.objects.bulk_create(
    Column(dataset=made, position=at, name=name, label=name.title(), type=type_, required=name == "name")
    for at, (name, type_) in enumerate({COLUMNS}.items())
)
"""
MAKE_ROWS = f"""
CREATE TABLE {SLUG} (
    _id integer PRIMARY KEY AUTOINCREMENT, _import bigint,
    name text NOT NULL, price numeric, stock bigint, sold bool, day date
);
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {ROWS})
INSERT INTO {SLUG} (name, price, stock, sold, day)
SELECT 'Thing ' || n, (n % 1000) / 4.0, n * 7919 % 1000003, n % 3 = 0,
       CASE WHEN n % 10 THEN date('2020-01-01', '+' || (n % 365) || ' days') END
FROM counted;
"""


@pytest.fixture(scope="module", autouse=True)
def million(server: Server) -> None:
    server.manage("shell", "-v0", "-c", MAKE_DATASET)
    with sqlite3.connect(server.home / "datasets.sqlite3", timeout=60) as connection:
        connection.executescript(MAKE_ROWS)
    connection.close()


def cell_of(page: Page, row: int, column: str) -> Locator:
    """The cell of the row with this number."""
    line = page.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name=f"{row:,}", exact=True)
    )
    return line.locator(f"[data-name={column}]")


def column_header(page: Page, name: str) -> Locator:
    return page.locator(f"[role=columnheader][data-name={name}]")


def open_grid(page: Page, query: str = "") -> None:
    page.goto(f"{PATH}{query}")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    expect(page.locator("#rows[aria-busy]")).to_have_count(0)


def stored(server: Server, row: int) -> dict[str, Any]:
    answer = requests.get(
        f"{server.url}/api/datasets/{SLUG}/rows/{row}/", headers=server.headers, timeout=20
    )
    return dict(answer.json())


def test_a_million_rows_scroll_and_jump(page: Page):
    open_grid(page)
    expect(page.locator("#row-count")).to_have_text("1,000,000 rows")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "1000001")

    page.evaluate(
        "() => { const box = document.getElementById('rows');"
        " box.scrollTop = (box.scrollHeight - box.clientHeight) / 2; }"
    )
    expect(cell_of(page, 500_005, "name")).to_have_text("Thing 500005")
    assert page.get_by_role("gridcell").count() < 1000

    page.locator("#rows").hover()
    page.mouse.wheel(0, 330)  # a step of the wheel is ten rows, however long the way is
    expect(cell_of(page, 500_020, "name")).to_be_visible()

    page.get_by_role("gridcell").first.focus()
    page.keyboard.press("Control+End")
    expect(cell_of(page, ROWS, "day")).to_be_focused()
    page.keyboard.press("Control+Home")
    expect(page.get_by_role("rowheader", name="1", exact=True)).to_be_focused()


def test_sorting_and_filters_are_in_the_address_and_the_back_button_undoes_them(page: Page):
    open_grid(page)

    page.get_by_role("button", name="Menu of Name").click()
    page.get_by_role("menuitem", name="Filter…").click()
    page.get_by_label("Value").fill("thing 99999")
    page.get_by_label("Value").press("Enter")
    expect(page.locator("#row-count")).to_have_text("11 of 1,000,000 rows")
    column_header(page, "stock").press("Enter")
    expect(page).to_have_url(re.compile(r"\?name=ilike\.\*thing\+99999\*&order=stock$"))
    expect(column_header(page, "stock")).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(page.locator("#row-count")).to_have_text("11 of 1,000,000 rows")

    page.go_back()
    expect(column_header(page, "stock")).to_have_attribute("aria-sort", "none")
    page.get_by_role("button", name="Remove the filter: Name contains “thing 99999”").click()
    expect(page.locator("#row-count")).to_have_text("1,000,000 rows")

    page.goto(f"{PATH}?stock=gt.99999999")
    expect(page.get_by_text("No row matches.")).to_be_visible()
    page.get_by_role("button", name="Remove the filters").click()
    expect(page.locator("#row-count")).to_have_text("1,000,000 rows")


def test_a_filter_that_makes_no_sense_is_explained_with_a_way_out(page: Page, watch: Watch):
    watch.expected = ("400",)
    page.goto(f"{PATH}?price=gte.cheap")

    expect(page.get_by_role("alert")).to_contain_text("cheap")
    page.get_by_role("button", name="Show all rows").click()
    expect(page.locator("#row-count")).to_have_text("1,000,000 rows")


def test_a_cell_is_written_by_keyboard_refused_with_the_reason_and_taken_back(
    page: Page, server: Server, watch: Watch
):
    watch.expected = ("422",)
    open_grid(page)
    cell_of(page, 2, "name").click()

    page.keyboard.type("Kettle")
    page.keyboard.press("Tab")
    expect(cell_of(page, 2, "name")).to_have_text("Kettle")
    expect(cell_of(page, 2, "price")).to_be_focused()
    assert stored(server, 2)["name"] == "Kettle"

    page.keyboard.type("dear")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("A valid number is required.")
    page.keyboard.press("Escape")
    expect(cell_of(page, 2, "price")).to_have_text("0.5")

    page.keyboard.press("Control+z")
    expect(cell_of(page, 2, "name")).to_have_text("Thing 2")
    assert stored(server, 2)["name"] == "Thing 2"


def test_what_somebody_else_wrote_meanwhile_is_not_lost(page: Page, server: Server, watch: Watch):
    watch.expected = ("412",)
    open_grid(page)
    with page.expect_response(re.compile(r"/rows/3/$")):
        cell_of(page, 3, "name").dblclick()
    url = f"{server.url}/api/datasets/{SLUG}/rows/3/"
    requests.patch(url, json={"name": "Theirs"}, headers=server.headers, timeout=20)

    page.keyboard.type("Mine")
    page.keyboard.press("Enter")

    both = page.get_by_role("alert")
    expect(both).to_contain_text("Theirs")
    expect(both).to_contain_text("Mine")
    page.get_by_role("button", name="Save mine").click()
    expect(cell_of(page, 3, "name")).to_have_text("Mine")
    assert stored(server, 3)["name"] == "Mine"


def test_a_row_is_seen_whole_added_and_deleted(page: Page, server: Server):
    open_grid(page)

    page.get_by_role("button", name="Add row").click()
    page.get_by_label("Name *").fill("Brand new")
    page.get_by_role("button", name="Add the row").click()
    expect(page.get_by_role("heading", name="Row 1,000,001")).to_be_visible()
    expect(page.locator("#row-count")).to_have_text("1,000,001 rows")

    page.get_by_role("button", name="Delete row").click()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".leaving")).to_have_count(0)
    assert stored(server, ROWS + 1)["name"] == "Brand new"


def test_columns_are_pinned_and_hidden_and_stay_so(page: Page):
    open_grid(page)

    page.get_by_role("button", name="Menu of Day").click()
    page.get_by_role("menuitem", name="Pin to the left").click()
    page.get_by_role("button", name="Menu of Stock").click()
    page.get_by_role("menuitem", name="Hide").click()
    page.reload()

    expect(page.get_by_role("button", name="Columns (1 hidden)")).to_be_visible()
    expect(column_header(page, "day")).to_have_attribute("aria-colindex", "2")
    expect(column_header(page, "stock")).to_have_count(0)


def test_the_grid_is_accessible_light_and_narrow_enough(
    new_page: Callable[..., Page], admin_state: Any
):
    page = new_page(storage_state=admin_state, locale="zh-CN", bypass_csp=True)
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(answer.body())}) if "/static/" in answer.url else None
        ),
    )
    open_grid(page, "?price=gte.5")
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) < WEIGHT_BYTES, sizes
    page.get_by_role("rowheader").nth(1).click()
    expect(page.locator("#row-panel")).to_be_visible()

    assert findings_in_both_schemes(page) == []

    page.set_viewport_size(PHONE)
    assert not goes_sideways(page)


@pytest.fixture(scope="module")
def things(server: Server) -> str:
    """The address of a small table: of twelve things every third is a tool, and one has no code."""
    rows = [
        {
            "name": f"thing {number}",
            "kind": "fruit" if number % 3 else "tool",
            "size": number,
            "code": "none yet" if number == 7 else f"{number}0",
        }
        for number in range(1, 13)
    ]
    answer = requests.post(
        f"{server.url}/api/import/",
        json={"dataset": "Things", "rows": rows},
        headers=server.headers,
        timeout=60,
    )
    return f"/datasets/{answer.json()['dataset']}/"


def test_the_rows_that_are_shown_are_exported(page: Page, things: str):
    page.goto(f"{things}?kind=eq.tool")
    expect(page.locator("#row-count")).to_have_text("4 of 12 rows")

    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines == [
        "name,kind,size,code",
        "thing 3,tool,3,30",
        "thing 6,tool,6,60",
        "thing 9,tool,9,90",
        "thing 12,tool,12,120",
    ]


def test_what_is_in_a_column_is_shown_and_walked_through_by_keyboard(
    new_page: Callable[..., Page], admin_state: Any, things: str
):
    page = new_page(storage_state=admin_state, bypass_csp=True)
    page.goto(things)
    page.get_by_role("button", name="Menu of size").click()
    page.get_by_role("menuitem", name="Statistics").click()

    panel = page.get_by_role("region", name="size")
    for figure in ("Rows12", "Empty0", "Different values12", "Least1", "Greatest12", "Mean6.5"):
        expect(panel.locator("dl > div", has_text=re.compile(f"^{figure}$"))).to_be_visible()
    bars = panel.get_by_role("img", name="How the values are spread")
    bars.press("Home")
    expect(panel.get_by_text(re.compile(r"^1 to .+: \d+$"))).to_be_visible()
    bars.press("End")
    expect(panel.get_by_text(re.compile(r"^12 to .+: \d+$"))).to_be_visible()
    assert findings_in_both_schemes(page) == []

    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_frequent_values_are_ticked_in_a_filter(page: Page, things: str):
    page.goto(things)
    page.get_by_role("button", name="Menu of kind").click()
    page.get_by_role("menuitem", name="Filter…").click()
    form = page.get_by_role("dialog", name="Filter by kind")
    form.get_by_label("Rows whose kind").select_option("is one of")

    form.get_by_role("checkbox", name="tool 4").check()
    form.get_by_role("button", name="Filter").click()

    expect(page).to_have_url(re.compile(r"\?kind=in\.%28%22tool%22%29$"))
    expect(page.locator("#row-count")).to_have_text("4 of 12 rows")


def test_a_type_is_changed_once_its_report_was_seen_and_taken_back(page: Page, things: str):
    page.goto(things)
    header = column_header(page, "code")
    page.get_by_role("button", name="Menu of code").click()
    page.get_by_role("menuitem", name="Change the type…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New type").select_option("integer")

    dialog.get_by_role("button", name="See what would change").click()
    expect(dialog.get_by_role("status")).to_have_text(
        "1 cell cannot become “integer”; 11 rows fit."
    )
    expect(dialog.get_by_role("cell", name="none yet")).to_be_visible()
    assert serious_findings(page) == []
    expect(header).to_contain_text("text")

    dialog.get_by_role("button", name="Change it and empty 1 cell").click()
    expect(header).to_contain_text("integer")
    expect(cell_of(page, 7, "code")).to_have_class(re.compile("empty-cell"))

    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(header).to_contain_text("text")
    expect(cell_of(page, 7, "code")).to_have_text("none yet")
