"""The page of monitoring: live figures, by sight, by keyboard and as a table; what it says when there
are none; and alerts that fire, are acknowledged and resolve."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Watch
from tests.serving import Server

pytestmark = pytest.mark.chromium

DATA = "/api/data"
LATER_MS = 90_000  # figures are written, and rules looked at, every ten seconds or so


def ask_for_data(server: Server, times: int) -> None:
    with requests.Session() as session:
        for _ in range(times):
            session.get(f"{server.url}{DATA}/", timeout=30)


def test_requests_are_seen_live_by_route_by_keyboard_and_as_a_table(page: Page, server: Server):
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Monitor").click()
    expect(page.get_by_text("As of ")).to_be_visible()
    ask_for_data(server, 7)

    row = page.get_by_role("table").get_by_role("row").filter(has_text=re.compile("^ *GET"))
    name = row.get_by_role("button", name=DATA, exact=True)
    page.get_by_label("Order of the routes").select_option("count")
    show_all = page.get_by_role("button", name=re.compile("Show all"))
    expect(name.or_(show_all).first).to_be_visible(timeout=LATER_MS)
    if not name.count():
        show_all.click()
    expect(name).to_be_visible(timeout=LATER_MS)
    name.click()

    expect(page.get_by_label("Route", exact=True)).to_have_value(DATA)
    expect(page).to_have_url(re.compile(r"range=1h&route=%2Fapi%2Fdata"))
    routes = page.get_by_role("region", name="Routes").get_by_role("row")
    expect(routes).to_have_count(2)
    chart = page.locator(".chart-content", has_text="Time to answer")
    plot = chart.get_by_role("img", name="Time to answer")
    readout = chart.locator(".readout")
    plot.focus()
    page.keyboard.press("End")
    expect(readout).to_contain_text(re.compile(r"P50 .* P90 .* P99 "))
    last = readout.text_content() or ""
    page.keyboard.press("Home")
    expect(readout).not_to_have_text(last)
    chart.get_by_text("As a table").click()
    cells = chart.get_by_role("region", name="Time to answer")
    expect(cells.get_by_role("columnheader")).to_have_text(["Time", "P50", "P90", "P99"])
    expect(cells.get_by_role("cell", name=re.compile(r"\d ms|\d sec")).first).to_be_visible()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_names_of_routes_can_be_read_on_a_phone(
    new_page: Callable[..., Page], admin_state: Any, server: Server, locale: str
):
    ask_for_data(server, 1)
    narrow = {"width": 375, "height": 700}
    page = new_page(storage_state=admin_state, locale=locale, viewport=narrow)
    page.goto("/monitor/")

    name = page.locator("#routes th[scope=row]").first
    expect(name).to_be_visible(timeout=LATER_MS)
    box = name.bounding_box()
    assert box
    assert box["width"] > 2 * box["height"]


def test_where_nothing_was_asked_for_it_says_so(page: Page):
    page.goto("/monitor/?range=15m&route=/nobody/asked/for/this")

    expect(page.get_by_text("No requests in this time yet.")).to_be_visible()
    expect(page.get_by_label("The last")).to_have_value("15m")
    expect(page.locator("#now")).to_contain_text("connected")


def test_figures_that_are_old_are_said_to_be_until_the_server_answers_again(
    page: Page, watch: Watch
):
    watch.expected = ("ERR_FAILED",)
    page.goto("/monitor/")
    expect(page.get_by_text("As of ")).to_be_visible()
    stale = page.locator("#stale")
    expect(stale).to_be_hidden()

    page.route("**/api/monitoring/**", lambda route: route.abort())
    expect(stale).to_contain_text("These figures are of")
    expect(stale).to_contain_text("The server does not answer. Trying again every few seconds.")
    page.unroute("**/api/monitoring/**")

    expect(stale).to_be_hidden()


def test_an_alert_fires_is_acknowledged_and_resolves(page: Page, server: Server):
    rules = f"{server.url}/api/monitoring/rules/"
    wanted: dict[str, Any] = {"figure": "jobs_waiting", "threshold": -1, "for_s": 0}
    made = requests.post(rules, json=wanted, headers=server.headers, timeout=30).json()
    page.goto("/monitor/")

    note = page.locator("#firing .note").filter(has_text="Jobs that wait")
    expect(note).to_contain_text("more than -1.", timeout=LATER_MS)
    note.get_by_role("button", name="Acknowledge").click()
    expect(note).to_contain_text("acknowledged by admin")
    expect(note).to_be_focused()
    requests.delete(f"{rules}{made['id']}/", headers=server.headers, timeout=30)

    expect(note).to_have_count(0, timeout=LATER_MS)
    row = page.locator("#alerts").get_by_role("row").filter(has_text="Jobs that wait")
    expect(row.first).to_contain_text("resolved")


def test_it_is_not_asked_for_figures_that_nobody_sees(page: Page):
    page.goto("/monitor/")
    expect(page.get_by_text("As of ")).to_be_visible()
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { get: () => window.isHidden, configurable: true });
        window.isHidden = true;
    }""")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert not asked

    page.evaluate("window.isHidden = false")
    with page.expect_request("**/api/monitoring/gauges/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
