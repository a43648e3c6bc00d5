"""Share this screen: what a browser captures is really seen by those who watch."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.conftest import ARGUMENTS, Watch, serious_findings
from tests.journeys.screens import PLAIN_HOST, expect_canvas
from tests.journeys.test_pages import PHONE, goes_sideways
from tests.journeys.test_screens import ENVIRONMENT
from tests.needs import CHROMIUM
from tests.serving import Server

pytestmark = pytest.mark.chromium

SHOWN = "What is shared"
# Chromium says so of each capture, as we forbid cameras; and of COOP on plain http.
EXPECTED = ("camera is not allowed", "Cross-Origin-Opener-Policy")
COLOURS = {"magenta": (255, 0, 255), "lime": (0, 255, 0)}
NEAR = 100  # of 255: what video makes of a colour
PIXEL = """() => {
    const canvas = document.getElementById("canvas");
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
}"""
WITHOUT_CODEC = "delete window.VideoEncoder; delete window.MediaStreamTrackProcessor"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Which chooses the tab with the title SHOWN when a page asks what to share."""
    arguments = [
        *ARGUMENTS,
        f"--auto-select-tab-capture-source-by-title={SHOWN}",
        f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("shared") / "home", ENVIRONMENT) as run:
        yield run


@pytest.fixture
def shown(page: Page) -> Page:
    """The tab that is going to be shared, in the same context as `page`."""
    tab = page.context.new_page()
    tab.set_content(f"<title>{SHOWN}</title><body></body>")
    paint(tab, "magenta")
    return tab


def paint(tab: Page, colour: str) -> None:
    tab.evaluate("(colour) => { document.body.style.background = colour; }", colour)


def wait_for_colour(viewer: Page, colour: str, *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    pixel: list[int] = []
    while time.monotonic() < deadline:
        pixel = viewer.evaluate(PIXEL)
        wanted = COLOURS[colour]
        if all(abs(a - b) < NEAR for a, b in zip(pixel[:3], wanted, strict=True)):
            return
        viewer.wait_for_timeout(100)
    raise AssertionError(f"{pixel} is not {colour}")


def begin(page: Page, name: str) -> None:
    page.goto("/screens/share/")
    page.get_by_label("Name in the address").fill(name)
    page.get_by_label("Size at most").select_option("480")
    page.get_by_role("button", name="Choose what to share").click()
    expect(page.locator("#share-live")).to_have_attribute("data-state", "live", timeout=30_000)


@pytest.mark.parametrize(("codec", "script"), [("h264", ""), ("jpeg", WITHOUT_CODEC)])
def test_what_is_shared_is_seen_as_it_changes_until_it_is_stopped(
    page: Page, shown: Page, watch: Watch, codec: str, script: str
):
    watch.expected = EXPECTED
    if script:
        page.add_init_script(script)
    begin(page, f"shared-{codec}")
    expect(page.locator("#share-live")).to_have_attribute("data-codec", codec)
    viewer = page.context.new_page()
    watch.follow(viewer)
    viewer.goto(f"/screens/shared-{codec}/")

    expect_canvas(viewer, codec="h264", state="live")
    wait_for_colour(viewer, "magenta")  # a still picture, sent anew for who comes later
    paint(shown, "lime")
    wait_for_colour(viewer, "lime")
    expect(page.locator("#share-viewers")).to_have_text("1 person watches")
    page.get_by_role("button", name="Stop sharing").click()

    expect(page.get_by_role("button", name="Choose what to share")).to_be_visible()
    expect_canvas(viewer, state=re.compile("ended|waiting"))
    expect(viewer.locator("#instead")).to_be_visible()
    expect(viewer.locator("#picture")).to_be_hidden()


def test_a_link_is_made_beside_the_preview_and_a_closed_tab_ends_it_for_who_came_by_it(
    new_page: Callable[..., Page], admin_state: Any, watch: Watch
):
    watch.expected = EXPECTED
    page = new_page(storage_state=admin_state, bypass_csp=True)
    tab = page.context.new_page()
    tab.set_content(f"<title>{SHOWN}</title>")
    paint(tab, "magenta")
    begin(page, "by-link")
    page.get_by_role("button", name="Make a link").click()
    address = page.locator(".address").inner_text()
    assert serious_findings(page) == []
    stranger = new_page()
    stranger.goto(address)
    expect_canvas(stranger, state="live")
    wait_for_colour(stranger, "magenta")

    page.close()

    expect_canvas(stranger, state=re.compile("ended|waiting"))
    expect(stranger.locator("#instead")).to_contain_text(re.compile("stopped|Nobody shares"))


def test_who_shares_under_the_same_name_again_takes_over(
    page: Page, shown: Page, watch: Watch, admin_state: Any
):
    watch.expected = EXPECTED
    begin(page, "twice")
    second = page.context.new_page()
    begin(second, "twice")

    expect(page.locator("#share-complaint")).to_contain_text("shared from somewhere else now")
    expect(second.locator("#share-live")).to_have_attribute("data-state", "live")


def test_on_plain_http_the_page_says_why_it_cannot_and_where_to_read_on(
    new_page: Callable[..., Page], server: Server, watch: Watch
):
    watch.expected = EXPECTED
    url = server.url.replace("localhost", PLAIN_HOST)
    watch.allow(url)
    page = new_page(base_url=url, viewport=PHONE)
    page.goto(server.login_link().replace("localhost", PLAIN_HOST))
    page.goto("/screens/share/")

    expect(page.get_by_role("heading", level=2)).to_contain_text("over https alone")
    expect(page.get_by_role("link", name="How to use https here")).to_have_attribute(
        "href", "/https/"
    )
    expect(page.locator("#share-form")).to_be_hidden()
    assert not goes_sideways(page)


def test_who_does_not_allow_it_is_told_what_to_do(page: Page):
    page.add_init_script(
        """navigator.mediaDevices.getDisplayMedia = async () => {
            throw new DOMException("Permission denied", "NotAllowedError");
        };"""
    )
    page.goto("/screens/share/")
    page.get_by_role("button", name="Choose what to share").click()

    expect(page.get_by_role("alert")).to_contain_text("Nothing is shared: you did not allow it")


def test_a_name_that_no_address_can_have_is_refused_in_the_form(page: Page):
    page.goto("/screens/share/")
    name = page.get_by_label("Name in the address")
    name.fill("Not a name")

    page.get_by_role("button", name="Choose what to share").click()

    assert name.evaluate("(input) => input.validity.patternMismatch")
    expect(page.locator("#share-live")).to_be_hidden()


def test_the_line_may_break_while_one_shares(page: Page, shown: Page, watch: Watch, server: Server):
    watch.expected = (*EXPECTED, "WebSocket connection")
    page.add_init_script(
        """{
            const Real = WebSocket;
            window.WebSocket = class extends Real {
                constructor(url) {
                    super(url);
                    if (url.includes("/publish/")) window.publishing = this;
                }
            };
        }"""
    )
    begin(page, "broken-line")
    viewer = page.context.new_page()
    viewer.goto("/screens/broken-line/")
    expect_canvas(viewer, state="live")

    page.evaluate("publishing.close(4000)")
    paint(shown, "lime")

    expect(page.locator("#share-live")).to_have_attribute("data-state", "live", timeout=30_000)
    expect_canvas(viewer, state="live")
    wait_for_colour(viewer, "lime")
