"""What breaks off goes on: pauses, reloads, crashes of the server, cancellations."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, Request, TimeoutError, expect

from tests.journeys.conftest import (
    PART_BYTES,
    UPLOAD,
    Watch,
    choose,
    hold_parts,
    signed_in_state,
    slow_down,
)
from tests.journeys.files import AIRPORTS, repeated
from tests.journeys.test_import import card_of, dataset_of
from tests.serving import Server

pytestmark = pytest.mark.chromium

TIMES = 27  # over: 5.7 MB
ROWS = 3376 * TIMES
BROKEN_LINE = ("Failed to load resource", "WebSocket connection", "net::ERR")


@pytest.fixture
def big(tmp_path: Path) -> Path:
    return repeated(tmp_path, f"big-{uuid4().hex[:8]}.csv", AIRPORTS, times=TIMES)


def uploads_named(server: Server, name: str) -> list[dict[str, Any]]:
    """Newest first."""
    answer = requests.get(f"{server.url}/api/uploads/", headers=server.headers, timeout=20)
    return [upload for upload in answer.json()["results"] if upload["filename"] == name]


def received_bytes(server: Server, name: str) -> int:
    """What the server has on disk of the newest upload of this name."""
    found = uploads_named(server, name)
    return int(found[0]["received"]) if found else 0


def send_part(page: Page, server: Server, file: Path) -> Callable[[], None]:
    """Choose `file` and wait until its first part is there; return what lets the rest through."""
    release = hold_parts(page, after=1)
    choose(page, file)
    for _ in range(1800):
        if received_bytes(server, file.name) == PART_BYTES:
            page.wait_for_function(HAS_NOTED_WHERE, arg=file.name)
            return release
        page.wait_for_timeout(50)
    raise AssertionError(f"only {received_bytes(server, file.name)} bytes arrived")


def on_its_way(page: Page) -> Locator:
    """The files that the uploader shows."""
    return page.locator(".uppy-Dashboard-Item")


def press(page: Page, name: str) -> None:
    page.locator(".uploader").get_by_role("button", name=name, exact=True).first.click()


def finish(card: Locator) -> None:
    card.get_by_role("button", name="Import 7 columns").click()
    expect(card.get_by_role("definition")).to_have_text([f"{ROWS:,}"], timeout=40_000)


def test_a_pause_stops_the_bytes_and_going_on_sends_only_the_rest(
    page: Page, server: Server, big: Path
):
    sent: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append(int(request.headers["upload-offset"]))

    page.on("requestfinished", note)
    page.goto("/import/")
    release = send_part(page, server, big)

    press(page, "Pause")
    expect(page.locator(".uploader")).to_contain_text("Paused")
    release()
    page.wait_for_timeout(500)
    assert received_bytes(server, big.name) == PART_BYTES

    press(page, "Go on")
    finish(card_of(page, big.name))
    assert sent == [0, PART_BYTES]


# Uppy writes down a moment later where a file goes; who closes the page before begins anew.
HAS_NOTED_WHERE = """(name) => new Promise((resolve, reject) => {
    const opening = indexedDB.open("uppy-blobs");
    opening.onerror = reject;
    opening.onsuccess = () => {
        const asked = opening.result.transaction("metadata").objectStore("metadata").getAll();
        asked.onsuccess = () => {
            opening.result.close();
            const files = asked.result.flatMap(({ metadata }) => Object.values(JSON.parse(metadata).files));
            resolve(files.some((file) => file.name === name && file.tus?.uploadUrl));
        };
    };
})"""
NO_WORKER = "delete Navigator.prototype.serviceWorker"
FORGET_FILES = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open("uppy-blobs");
    opening.onerror = reject;
    opening.onsuccess = () => {
        const change = opening.result.transaction("files", "readwrite");
        change.objectStore("files").clear();
        change.oncomplete = () => { opening.result.close(); resolve(); };
    };
})"""


COUNT_KEPT = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open("uppy-blobs");
    opening.onerror = reject;
    opening.onsuccess = () => {
        const counting = opening.result.transaction("files").objectStore("files").count();
        counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
    };
})"""


def wait_until_kept(page: Page) -> None:
    """The browser stores a file beside sending it; a reload before that would lose it."""
    for _ in range(1800):
        if page.evaluate(COUNT_KEPT):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the browser keeps no file")


@pytest.mark.parametrize("is_plain_http", [False, True])
def test_after_a_reload_a_file_that_the_browser_kept_goes_on_by_itself(
    page: Page, server: Server, big: Path, is_plain_http: bool
):
    if is_plain_http:  # as on a LAN: browsers keep service workers for https and localhost
        page.add_init_script(NO_WORKER)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/import/")
    release = send_part(page, server, big)
    wait_until_kept(page)
    release()

    page.reload()

    finish(card_of(page, big.name))
    assert len(uploads_named(server, big.name)) == 1


def test_after_a_reload_a_file_that_was_not_kept_goes_on_when_chosen_again_and_no_other(
    page: Page, server: Server, big: Path, tmp_path: Path
):
    page.add_init_script(NO_WORKER)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/import/")
    release = send_part(page, server, big)
    wait_until_kept(page)
    page.evaluate(FORGET_FILES)
    page.reload()
    release()

    uploader = page.locator(".uploader")
    expect(uploader).to_contain_text("Choose the same file again: it goes on where it stopped")
    other = tmp_path / "other" / big.name
    other.parent.mkdir()
    other.write_bytes(big.read_bytes() + b"XXX,Another,City,TX,USA,1.0,2.0\n")
    choose(page, other)
    expect(uploader.get_by_role("alert")).to_contain_text("is not the file that was begun")
    assert received_bytes(server, big.name) == PART_BYTES

    press(page, "Choose the file again")
    with page.expect_file_chooser() as choosing:
        press(page, "choose files")
    choosing.value.set_files(big)
    finish(card_of(page, big.name))
    assert len(uploads_named(server, big.name)) == 1


def test_a_reload_after_the_upload_comes_back_to_the_preview_without_the_file(
    page: Page, big: Path
):
    page.goto("/import/")
    choose(page, big)
    expect(card_of(page, big.name).get_by_role("button", name="Import 7 columns")).to_be_visible()

    page.goto("/")  # elsewhere, even

    finish(card_of(page, big.name))


def test_cancelling_leaves_nothing_behind(page: Page, server: Server, big: Path):
    page.goto("/import/")
    send_part(page, server, big)

    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        press(page, "Cancel")

    expect(on_its_way(page)).to_have_count(0)
    page.reload()
    expect(page.locator(".uppy-Dashboard-browse")).to_be_visible()
    expect(on_its_way(page)).to_have_count(0)
    assert uploads_named(server, big.name) == []
    assert not list((server.home / "uploads").rglob(f"*{big.stem}*"))


def test_what_was_not_kept_can_be_given_up_on_both_sides(page: Page, server: Server, big: Path):
    page.add_init_script(NO_WORKER)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/import/")
    send_part(page, server, big)
    wait_until_kept(page)
    page.evaluate(FORGET_FILES)
    page.reload()

    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        press(page, f"Remove {big.name}")

    expect(on_its_way(page)).to_have_count(0)
    assert uploads_named(server, big.name) == []


def test_signing_out_in_the_middle_pauses_and_signing_in_again_goes_on(
    page: Page, server: Server, watch: Watch, big: Path
):
    watch.expected = ("401", "WebSocket")
    page.goto("/import/")
    release = send_part(page, server, big)
    page.context.clear_cookies()
    press(page, "Pause")
    release()

    press(page, "Go on")
    note = page.locator(".send-notes")
    expect(note).to_contain_text("You are signed out. Sign in again, then go on.")
    with page.expect_popup() as opening:
        note.get_by_role("link", name="Sign in").click()
    opening.value.goto(server.login_link())
    opening.value.close()

    note.get_by_role("button", name="Try again").click()
    finish(card_of(page, big.name))
    assert len(uploads_named(server, big.name)) == 1


@pytest.mark.usefixtures("_own_clock")
def test_a_silent_server_is_said_to_be_and_is_asked_until_it_answers(
    page: Page, watch: Watch, big: Path
):
    watch.expected = ("net::ERR_FAILED",)
    page.route_web_socket("**/ws/jobs/", lambda _: None)  # open, and nothing ever comes
    page.goto("/import/")
    choose(page, big)
    card = card_of(page, big.name)
    ready = card.get_by_role("button", name="Import 7 columns")
    for _ in range(12):
        with suppress(TimeoutError):
            ready.wait_for(timeout=5_000)
            break
        page.clock.fast_forward(11_000)  # it was not verified when the page asked: ask again
    page.route("**/api/jobs/**", lambda route: route.abort())
    ready.click()
    expect(card).to_contain_text("Loading the rows into the table")

    page.clock.fast_forward(11_000)
    expect(card).to_contain_text("No news from the server for")

    page.unroute("**/api/jobs/**")
    page.clock.fast_forward(5_000)
    expect(card.get_by_role("definition")).to_have_text([f"{ROWS:,}"], timeout=40_000)


@pytest.mark.usefixtures("_own_clock")
def test_who_will_not_wait_for_the_server_has_it_asked_at_once(
    page: Page, server: Server, watch: Watch, big: Path
):
    watch.expected = ("status of 503",)
    page.goto("/import/")
    page.route(UPLOAD, lambda route: route.fulfill(status=503))
    with page.expect_response(UPLOAD):
        choose(page, big)
    for pause_ms in (500, 1000, 2000, 4000):
        with page.expect_response(UPLOAD):
            page.clock.fast_forward(pause_ms)
    page.clock.pause_at(page.evaluate("Date.now() + 10000"))  # so the wait does not end by itself
    note = page.locator(".send-notes")
    expect(note).to_contain_text("Trying again in")
    page.unroute(UPLOAD)  # not sooner: until the clock stands the page may ask at any time

    with page.expect_request(lambda request: request.method == "PATCH"):
        note.get_by_role("button", name="Try now").click()
        page.clock.run_for(1000)

    page.clock.resume()
    expect(card_of(page, big.name).get_by_role("button", name="Import 7 columns")).to_be_visible()
    expect(note).to_be_empty()
    assert len(uploads_named(server, big.name)) == 1


def test_a_second_window_does_not_offer_what_the_first_is_sending(
    page: Page, server: Server, big: Path
):
    page.goto("/import/")
    send_part(page, server, big)

    second = page.context.new_page()
    second.goto("/import/")
    expect(second.locator(".uppy-Dashboard-browse")).to_be_visible()
    expect(on_its_way(second)).to_have_count(0)
    expect(second.get_by_role("article")).to_have_count(0)
    second.close()

    press(page, "Cancel")
    expect(on_its_way(page)).to_have_count(0)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may kill."""
    with Server(tmp_path / "home") as running:
        yield running


def test_a_server_killed_in_the_middle_costs_nothing_but_time(
    own_server: Server,
    browser: Browser,
    new_page: Callable[..., Page],
    watch: Watch,
    big: Path,
):
    watch.allow(own_server.url)
    watch.expected = BROKEN_LINE
    state: Any = signed_in_state(browser, own_server)
    page = new_page(base_url=own_server.url, storage_state=state)
    page.goto("/import/")
    speed_up = slow_down(page, bytes_per_s=500_000)
    choose(page, big)
    expect(page.locator(".send-figures")).to_contain_text("/s")
    own_server.kill()
    expect(page.locator(".send-notes")).to_contain_text("The server does not answer. Trying again")
    own_server.start()
    speed_up()

    card = card_of(page, big.name)
    expect(card.get_by_role("button", name="Import 7 columns")).to_be_visible(timeout=40_000)
    finish(card)
    assert dataset_of(own_server, big.stem)["row_count"] == ROWS
