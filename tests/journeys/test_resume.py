"""What breaks off goes on: pauses, reloads, crashes of the server, cancellations."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.conftest import Watch, choose, hold_chunks, signed_in_state, slow_down
from tests.journeys.files import AIRPORTS, repeated
from tests.journeys.test_import import card_of, dataset_of
from tests.serving import Server

pytestmark = pytest.mark.chromium

TIMES = 27  # over: 5.7 MB
ROWS = 3376 * TIMES
CHUNK_BYTES = 2**18
CHUNKS = 22
HALF = CHUNKS // 2
BROKEN_LINE = ("Failed to load resource", "WebSocket connection", "net::ERR")


@pytest.fixture
def big(tmp_path: Path) -> Path:
    return repeated(tmp_path, f"big-{uuid4().hex[:8]}.csv", AIRPORTS, times=TIMES)


def received_bytes(server: Server, name: str) -> int:
    """What the server has on disk of the newest upload of this name."""
    answer = requests.get(f"{server.url}/api/uploads/", headers=server.headers, timeout=10)
    found = [upload for upload in answer.json()["results"] if upload["filename"] == name]
    return int(found[0]["received"]) if found else 0


def send_half(page: Page, server: Server, file: Path) -> Callable[[], None]:
    """Choose `file` and wait until half of its chunks are there; return what lets the rest through."""
    release = hold_chunks(page, after=HALF)
    choose(page, file)
    for _ in range(300):
        if received_bytes(server, file.name) == HALF * CHUNK_BYTES:
            return release
        page.wait_for_timeout(50)
    raise AssertionError(f"only {received_bytes(server, file.name)} bytes arrived")


def finish(card: Locator) -> None:
    card.get_by_role("button", name="Import 7 columns").click()
    expect(card.get_by_role("definition")).to_have_text([f"{ROWS:,}"], timeout=20_000)


def test_a_pause_stops_the_bytes_and_going_on_sends_only_the_rest(
    page: Page, server: Server, big: Path
):
    stored: list[str] = []
    page.on("requestfinished", lambda request: stored.append(request.url))
    page.goto("/import/")
    release = send_half(page, server, big)
    card = card_of(page, big.name)

    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    release()
    page.wait_for_timeout(500)
    assert received_bytes(server, big.name) == HALF * CHUNK_BYTES

    card.get_by_role("button", name="Go on").click()
    finish(card)
    chunks = [url for url in stored if "/chunks/" in url]
    assert len(chunks) == len(set(chunks)) == CHUNKS


NO_SUBTLE = "Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined})"


@pytest.mark.parametrize("is_plain_http", [False, True])
def test_after_a_reload_the_same_file_goes_on_and_another_is_refused(
    page: Page, server: Server, big: Path, tmp_path: Path, is_plain_http: bool
):
    if is_plain_http:  # as on a LAN: browsers keep crypto.subtle for https and localhost
        page.add_init_script(NO_SUBTLE)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/import/")
    release = send_half(page, server, big)
    page.reload()
    release()

    card = card_of(page, big.name)
    expect(card).to_contain_text("Not finished. Choose the same file again to go on.")
    other = tmp_path / "other" / big.name
    other.parent.mkdir()
    other.write_bytes(big.read_bytes() + b"XXX,Another,City,TX,USA,1.0,2.0\n")
    with page.expect_file_chooser() as choosing:
        card.get_by_role("button", name="Choose the file again").click()
    choosing.value.set_files(other)
    expect(card.get_by_role("alert")).to_contain_text("is not the file that was begun")
    assert received_bytes(server, big.name) == HALF * CHUNK_BYTES

    choose(page, big)  # wherever it is dropped or chosen, it is recognised
    finish(card)
    expect(page.get_by_role("article")).to_have_count(1)


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
    send_half(page, server, big)

    card_of(page, big.name).get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("article")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(0)
    assert received_bytes(server, big.name) == 0
    assert not list((server.home / "uploads").rglob(f"*{big.stem}*"))


def test_signing_out_in_the_middle_pauses_and_signing_in_again_goes_on(
    page: Page, server: Server, watch: Watch, big: Path
):
    watch.expected = ("401", "WebSocket")
    page.goto("/import/")
    release = send_half(page, server, big)
    card = card_of(page, big.name)
    page.context.clear_cookies()
    card.get_by_role("button", name="Pause").click()
    release()

    card.get_by_role("button", name="Go on").click()
    expect(card).to_contain_text("You are signed out. Sign in again, then go on.")
    with page.expect_popup() as opening:
        card.get_by_role("link", name="Sign in").click()
    opening.value.goto(server.login_link())
    opening.value.close()

    card.get_by_role("button", name="Go on").click()
    finish(card)


def test_a_silent_server_is_said_to_be_and_is_asked_until_it_answers(
    page: Page, watch: Watch, big: Path
):
    watch.expected = ("net::ERR_FAILED",)
    page.clock.install()
    page.route_web_socket("**/ws/jobs/", lambda _: None)  # open, and nothing ever comes
    page.route("**/api/jobs/**", lambda route: route.abort())
    page.goto("/import/")
    choose(page, big)
    card = card_of(page, big.name)
    expect(card).to_contain_text("Verifying that every byte arrived")

    page.clock.fast_forward(11_000)
    expect(card).to_contain_text("No news from the server for")

    page.unroute("**/api/jobs/**")
    page.clock.fast_forward(5_000)
    finish(card)


def test_a_second_window_does_not_offer_what_the_first_is_sending(
    page: Page, server: Server, big: Path
):
    page.goto("/import/")
    send_half(page, server, big)

    second = page.context.new_page()
    with second.expect_response("**/api/imports/**"):
        second.goto("/import/")
    expect(second.get_by_role("article")).to_have_count(0)
    second.close()

    card_of(page, big.name).get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("article")).to_have_count(0)


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
    card = card_of(page, big.name)
    expect(card.get_by_role("progressbar")).not_to_have_attribute("value", "0")
    own_server.kill()
    expect(card).to_contain_text("The server does not answer. Trying again")
    own_server.start()
    speed_up()

    expect(card.get_by_role("button", name="Import 7 columns")).to_be_visible(timeout=40_000)
    finish(card)
    assert dataset_of(own_server, big.stem)["row_count"] == ROWS
