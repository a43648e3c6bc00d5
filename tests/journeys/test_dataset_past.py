"""The chart of a dataset and its history with the way back, as a person sees them."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import findings_in_both_schemes
from tests.journeys.test_pages import PHONE, goes_sideways
from tests.serving import Server

pytestmark = pytest.mark.chromium

SLUG = "sales"
PATH = f"/datasets/{SLUG}/"
API = f"/api/datasets/{SLUG}/"
ROWS = [
    {
        "day": f"2026-0{month}-1{number}",
        "shop": "North" if number else "South",
        "price": 1.5 * month,
    }
    for month in (1, 2, 4)
    for number in range(month)
]


@pytest.fixture(scope="module", autouse=True)
def sales(server: Server) -> None:
    answer = requests.post(
        f"{server.url}/api/import",
        json={"rows": ROWS, "dataset": SLUG},
        headers=server.headers,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    server.manage("shell", "-v0", "-c", GIVE_TO_ADMIN)


GIVE_TO_ADMIN = f"""
from django.contrib.auth.models import User
from apiapp.imports.models import Dataset
Dataset.objects.filter(slug="{SLUG}").update(owner=User.objects.filter(is_superuser=True).first())
"""


def changed(server: Server, row: int, **values: Any) -> None:
    path = f"{server.url}{API}rows/{row}/"
    answer = requests.patch(path, json=values, headers=server.headers, timeout=60)
    assert answer.status_code == 200, answer.text


def stored(server: Server, row: int) -> dict[str, Any]:
    path = f"{server.url}{API}rows/{row}/"
    return dict(requests.get(path, headers=server.headers, timeout=60).json())


def opened_chart(page: Page, query: str = "") -> Locator:
    page.goto(f"{PATH}{query}")
    page.locator("#chart summary").click()
    chart = page.locator("#chart")
    expect(chart.locator(".time-chart canvas")).to_be_visible()
    return chart


def test_a_chart_is_drawn_when_it_is_opened_and_says_its_figures_by_keyboard_and_as_a_table(
    page: Page,
):
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(PATH)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    assert not any("uPlot" in url or "/chart/" in url for url in fetched)

    chart = opened_chart(page)
    chart.get_by_label("Each", exact=True).select_option("month")
    plot = chart.get_by_role("img", name="number of rows by day")
    expect(chart.locator(".readout")).to_have_text("Apr 2026: 4")
    plot.focus()
    page.keyboard.press("ArrowLeft")
    expect(chart.locator(".readout")).to_have_text("Mar 2026: 0")
    page.keyboard.press("Home")
    expect(chart.locator(".readout")).to_have_text("Jan 2026: 1")
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("row")).to_have_count(5)

    chart.get_by_label("Show", exact=True).select_option("sum price")
    expect(chart.locator(".readout")).to_have_text("Apr 2026: 24")
    chart.get_by_label("By", exact=True).select_option("shop")
    bars = chart.get_by_role("table", name="sum of price by shop")
    expect(bars.get_by_role("row").nth(1)).to_contain_text("North")
    expect(bars.get_by_role("row").nth(1)).to_contain_text("21")


def test_the_chart_follows_the_filters_of_the_table(page: Page):
    chart = opened_chart(page, "?shop=eq.South")
    chart.get_by_label("By", exact=True).select_option("shop")

    bars = chart.get_by_role("table", name="number of rows by shop")
    expect(bars.get_by_role("row")).to_have_count(2)
    expect(chart).to_contain_text("Of the rows that the table shows.")
    page.get_by_role("searchbox", name="Search the text columns").fill("nothing like it")
    page.keyboard.press("Enter")
    expect(chart).to_contain_text("There is nothing to draw")


def test_an_older_edit_is_undone_from_the_history_and_what_cannot_be_says_why(
    page: Page, server: Server
):
    for price in (71, 72):
        changed(server, 1, price=price)
    changed(server, 2, price=73)
    page.goto(PATH)
    events = page.locator("#events")
    first = events.get_by_role("row").filter(has_text="Changed row 1")
    expect(first.nth(1)).to_contain_text("The same rows were changed again since: 1.")
    expect(first.nth(1).get_by_role("button")).to_have_count(0)

    first.first.get_by_role("button", name="Undo").click()

    expect(events).to_contain_text("(taken back)")
    expect(first.nth(1)).to_contain_text("Taken back.")
    expect(page.get_by_role("heading", name="Who did what")).to_be_focused()
    assert float(stored(server, 1)["price"]) == 71
    expect(page.locator("#rows[aria-busy]")).to_have_count(0)
    expect(page.get_by_role("gridcell", name="71")).to_be_visible()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_chart_fits_a_phone_in_both_languages_and_schemes(
    new_page: Callable[..., Page], admin_state: Any, locale: str
):
    page = new_page(storage_state=admin_state, locale=locale, viewport=PHONE, bypass_csp=True)
    chart = opened_chart(page)
    title = "number of rows by day" if locale == "en" else "按 day 统计行数"
    expect(chart.get_by_role("img", name=title)).to_be_visible()

    findings = findings_in_both_schemes(page)

    assert findings == []
    assert not goes_sideways(page)


# What is written on canvases, which no locator finds.
WRITTEN = """
window.written = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
  window.written.push(text);
  return fillText.call(this, text, ...place);
};
"""


def test_the_statistics_of_a_column_lead_to_its_chart_whose_axis_counts_whole_rows(
    page: Page,
):
    page.add_init_script(WRITTEN)
    page.goto(f"{PATH}?shop=eq.South")
    page.get_by_role("button", name="Menu of day").press("Enter")
    page.get_by_role("menuitem", name="Statistics").press("Enter")
    page.get_by_role("button", name="Draw as a chart").press("Enter")

    chart = page.locator("#chart")
    expect(chart.get_by_label("By", exact=True)).to_have_value("day")
    expect(chart.locator(".time-chart canvas")).to_be_visible()
    expect(chart.locator("summary").filter(has_text="Chart")).to_be_focused()
    counts = [text for text in page.evaluate("window.written") if text[:1].isdigit()]
    assert "1" in counts
    assert not any("." in text for text in counts)
