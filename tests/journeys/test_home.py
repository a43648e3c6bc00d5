"""The first page: what a stranger finds there, and what it says of the server's state."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.conftest import Watch, serious_findings, signed_in_state
from tests.journeys.test_keyboard import tab_to
from tests.serving import Server, children_of

pytestmark = pytest.mark.chromium

PARTS = ("web", "worker", "databases", "disk")
WELL_WITHIN_MS = 30_000  # a worker counts as silent after 10 s
SHIFT = """() => new Promise((resolve) => {
    let sum = 0;
    const seen = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
    new PerformanceObserver(seen).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => resolve(sum), 0));
})"""


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#server-state [data-part={name}] dd")


def look_again(page: Page) -> None:
    """As when the line comes back; the page itself asks every few seconds."""
    page.evaluate("dispatchEvent(new Event('online'))")


@contextmanager
def worker_of(server: Server) -> Iterator[Callable[[signal.Signals], None]]:
    """send(signal) to the worker and all its children; they run again afterwards."""
    assert server.process
    ours = [
        pid
        for pid in children_of(server.process.pid)
        if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert ours

    def send(number: signal.Signals) -> None:
        for pid in ours:
            os.kill(pid, number)

    try:
        yield send
    finally:
        send(signal.SIGCONT)


def test_a_stranger_reads_what_this_is_and_finds_the_way_in(new_page: Callable[..., Page]):
    page = new_page()
    page.goto("/")

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Files come in here and become tables"
    )
    expect(page.get_by_text("The server is ready")).to_be_visible()
    expect(page.get_by_text("manage.py login_link")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()

    expect(page).to_have_url(re.compile("/login/$"))


def test_for_a_stranger_no_socket_is_opened(new_page: Callable[..., Page]):
    page = new_page()
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))

    page.goto("/")
    page.wait_for_load_state("networkidle")

    assert opened == []


def test_a_stranger_walks_the_page_by_keyboard(new_page: Callable[..., Page]):
    page = new_page()
    page.goto("/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Skip to the content"
    tab_to(page, "Sign in")
    tab_to(page, "API documentation")


def test_whoever_signs_in_finds_the_gates_and_every_part_well(page: Page):
    page.goto("/")

    expect(page.get_by_role("region", name="Files in")).to_contain_text(
        "Drop files with tables here"
    )
    expect(page.get_by_role("region", name="Screens out")).to_contain_text("This machine’s screen")
    for name in PARTS:
        expect(part(page, name).locator(".state.succeeded")).to_be_visible()
    expect(part(page, "disk")).to_contain_text(" free")
    expect(page.locator("#server-state .advice")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/examples/"])
def test_what_a_page_reads_moves_nothing_on_it(page: Page, path: str):
    page.goto(path)
    expect(page.locator(".skeleton")).to_have_count(0)

    assert page.evaluate(SHIFT) < 0.1  # what Core Web Vitals call good


def test_a_state_that_does_not_change_is_not_said_again(page: Page):
    page.goto("/")
    expect(part(page, "worker")).to_contain_text("running")
    shown = part(page, "web").locator(".state").element_handle()

    with page.expect_response("**/api/status/"):
        look_again(page)
    with page.expect_response("**/api/status/"):
        look_again(page)

    assert page.evaluate("(node) => node.isConnected", shown)
    assert page.locator("#announcements").text_content() == ""


def test_a_server_that_is_gone_is_said_and_so_is_its_return(page: Page, watch: Watch):
    watch.expected = ("net::ERR_FAILED",)
    page.goto("/")
    expect(part(page, "web")).to_contain_text("running")

    page.route("**/api/status/", lambda route: route.abort())
    look_again(page)
    expect(part(page, "web")).to_contain_text("no answer")
    expect(part(page, "disk")).to_contain_text("not known")
    advice = page.locator("#server-state .advice")
    expect(advice).to_contain_text("Trying again every few seconds")
    expect(advice).to_contain_text("start it with: make run")
    expect(page.locator("#announcements")).to_contain_text("The server does not answer")

    page.unroute("**/api/status/")
    expect(part(page, "web")).to_contain_text("running")  # by itself
    expect(advice).to_be_hidden()
    expect(page.locator("#announcements")).to_have_text("Everything on this server is well again.")


def test_who_is_signed_out_elsewhere_is_told_where_to_sign_in(page: Page, watch: Watch):
    watch.expected = ("401", "WebSocket")
    page.goto("/")
    expect(part(page, "web")).to_contain_text("running")

    page.context.clear_cookies()
    look_again(page)

    advice = page.locator("#server-state .advice")
    expect(advice).to_contain_text("You are signed out")
    expect(advice.get_by_role("link", name="Sign in")).to_have_attribute("href", "/login/?next=/")


def test_a_full_disk_says_what_to_do(page: Page):
    def filled(route: Any) -> None:
        told = route.fetch().json()
        full = {**told["disk"], "free_bytes": 1000, "has_room": False}
        route.fulfill(json={**told, "disk": full})

    page.route("**/api/status/", filled)
    page.goto("/")

    expect(part(page, "disk").locator(".state.failed")).to_be_visible()
    expect(page.locator("#server-state .advice")).to_contain_text("The disk is full")


def test_a_worker_that_falls_silent_is_shown_with_what_to_do_and_its_return_too(
    browser: Browser, new_page: Callable[..., Page], home: Path, watch: Watch
):
    with Server(home) as server:
        watch.allow(server.url)
        state = signed_in_state(browser, server)
        page = new_page(base_url=server.url, storage_state=state, bypass_csp=True)
        page.goto("/")
        expect(part(page, "worker").locator(".state.succeeded")).to_be_visible()

        with worker_of(server) as send:
            send(signal.SIGSTOP)
            expect(part(page, "worker")).to_contain_text("silent", timeout=WELL_WITHIN_MS)
            advice = page.locator("#server-state .advice")
            expect(advice).to_contain_text("Start it with: manage.py worker")
            assert serious_findings(page) == []

        expect(part(page, "worker")).to_contain_text("running", timeout=WELL_WITHIN_MS)
        expect(advice).to_be_hidden()
        page.close()  # before the server is gone: it would say so
