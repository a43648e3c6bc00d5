"""Screens in a browser: every rung shows the moving pattern, and nothing that goes wrong on the way
leaves an old picture that looks live.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.journeys.conftest import ARGUMENTS, Watch, serious_findings
from tests.journeys.screens import (
    PATTERN,
    PLAIN_HOST,
    Line,
    expect_canvas,
    picture_time,
    wait_for_picture_after,
)
from tests.journeys.test_home import SHIFT
from tests.journeys.test_pages import PHONE, WEIGHT_BYTES, goes_sideways, settle
from tests.needs import CHROMIUM
from tests.serving import Server, children_of

pytestmark = pytest.mark.chromium

ENVIRONMENT = {
    "DISPLAY": "",
    "SCREEN_FPS": "12",
    "ALLOWED_HOSTS": f"localhost,127.0.0.1,{PLAIN_HOST}",
}
FRESH_S = 20.0  # how old a picture may be that is called live, on a machine that runs all tests
NO_SOCKET = """{
    const Real = WebSocket;
    window.WebSocket = function (url) {
        return new Real(url.replace("/ws/screens/", "/ws/none/"));
    };
    window.WebSocket.OPEN = Real.OPEN;
}"""
# The first decoder that is made takes everything and gives nothing.
SILENT_ONCE = """{
    const decode = VideoDecoder.prototype.decode;
    let first = null;
    VideoDecoder.prototype.decode = function (chunk) {
        first ??= this;
        if (this !== first) decode.call(this, chunk);
    };
}"""
FAIL_ONCE = """{
    const decode = VideoDecoder.prototype.decode;
    let calls = 0;
    VideoDecoder.prototype.decode = function (chunk) {
        calls += 1;
        if (calls === 3) throw new Error("made to fail");
        return decode.call(this, chunk);
    };
}"""
NO_SCREEN = "local:1"  # the first monitor, and nothing in its place
NOT_SECURE = ("Cross-Origin-Opener-Policy",)  # Chromium's own remark on plain http


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """To which `plain.test` is this machine under a name that is no secure context."""
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("screens") / "home", ENVIRONMENT) as run:
        yield run


@pytest.fixture(autouse=True)
def _screen_is_private_and_a_pattern_at_first(server: Server) -> None:
    call(server, "GET", "/api/screens/main/")  # it is made on first need
    call(server, "PATCH", "/api/screens/main/", sharing="off", source=PATTERN)


def call(server: Server, method: str, path: str, **json: Any) -> Any:
    response = requests.request(
        method, f"{server.url}{path}", json=json or None, headers=server.headers, timeout=30
    )
    response.raise_for_status()
    return response.json() if response.content else None


def share(server: Server, sharing: str, name: str = "main") -> None:
    call(server, "PATCH", f"/api/screens/{name}/", sharing=sharing)


def make_link(server: Server, **given: Any) -> Any:
    return call(server, "POST", "/api/screens/main/links/", **given)


def open_screen(page: Page, name: str = "main") -> None:
    page.goto(f"/screens/{name}/")


# --- the rungs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "host", "script", "why"),
    [
        ("h264", "localhost", "", "it is the best there is"),
        ("tiles", PLAIN_HOST, "", "H.264 needs https"),
        ("tiles", "localhost", "delete window.VideoDecoder", "it has no WebCodecs"),
        ("mjpeg", "localhost", NO_SOCKET, "No WebSocket gets through"),
    ],
)
def test_every_rung_shows_the_moving_pattern_and_says_why_it_is_used(
    new_page: Callable[..., Page],
    server: Server,
    watch: Watch,
    codec: str,
    host: str,
    script: str,
    why: str,
):
    share(server, "public")
    url = server.url.replace("localhost", host)
    watch.allow(url)
    watch.expected = ("WebSocket connection", *NOT_SECURE)
    page = new_page(base_url=url)
    if script:
        page.add_init_script(script)
    open_screen(page)

    expect_canvas(page, codec=codec, state="live", tier="full")
    first = wait_for_picture_after(page, time.time() - FRESH_S)
    assert wait_for_picture_after(page, first) > first
    page.keyboard.press("i")
    expect(page.locator("[data-figure=why]")).to_contain_text(why)
    if codec != "mjpeg":  # strangers are told nothing beside the picture
        expect(page.locator(".watch-facts")).to_contain_text("1 person watches")


@pytest.mark.parametrize(
    ("script", "why"),
    [(FAIL_ONCE, "made to fail"), (SILENT_ONCE, "no picture came in time")],
)
def test_after_a_codec_failure_it_falls_a_rung_and_climbs_back_by_itself(
    page: Page, script: str, why: str
):
    page.add_init_script(script)
    open_screen(page)

    expect_canvas(page, codec="tiles", state="live")
    assert why in (page.locator("#screen-codec").get_attribute("title") or "")
    wait_for_picture_after(page, time.time())
    expect_canvas(page, codec="h264", state="live")
    wait_for_picture_after(page, time.time())


def test_a_slow_line_gets_a_smaller_picture_and_later_the_full_one_again(
    new_page: Callable[..., Page], server: Server, admin_state: Any, watch: Watch
):
    with Line(server.port) as line:
        watch.allow(line.url)
        page = new_page(base_url=line.url, storage_state=admin_state)
        page.add_init_script("delete window.VideoDecoder")  # tiles: they are the heaviest
        open_screen(page)
        expect_canvas(page, state="live", tier="full")

        line.bytes_per_s = 40_000
        expect_canvas(page, state="slow", tier="light")
        expect(page.locator("#over")).to_contain_text("Your connection is slow")
        wait_for_picture_after(page, time.time() - FRESH_S)

        line.bytes_per_s = None
        expect_canvas(page, state="live", tier="full")
        page.close()


def test_a_dead_line_that_nobody_closed_is_noticed_and_replaced(
    new_page: Callable[..., Page], server: Server, admin_state: Any, watch: Watch
):
    with Line(server.port) as line:
        watch.allow(line.url)
        page = new_page(base_url=line.url, storage_state=admin_state)
        open_screen(page)
        expect_canvas(page, state="live")

        line.die()
        died_at = time.time()
        expect_canvas(page, state="stale")

        expect_canvas(page, state="live")
        wait_for_picture_after(page, died_at)
        page.close()


# --- what is not live -----------------------------------------------------------------------------


def web_process(server: Server) -> int:
    assert server.process
    for pid in children_of(server.process.pid):
        if b"web" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return pid
    raise AssertionError("no web process")


def test_a_picture_that_is_not_live_does_not_look_as_if_it_were(page: Page, server: Server):
    open_screen(page)
    expect_canvas(page, state="live")
    pid = web_process(server)

    os.kill(pid, signal.SIGSTOP)
    try:
        expect_canvas(page, state="stale")
        expect(page.locator("#over")).to_contain_text("Not live: this picture is")
        expect(page.locator("#screen-state")).to_have_text("Not live")
        assert "grayscale" in page.locator("#picture").evaluate("(p) => getComputedStyle(p).filter")
    finally:
        os.kill(pid, signal.SIGCONT)

    expect_canvas(page, state="live")
    expect(page.locator("#over")).to_be_hidden()
    wait_for_picture_after(page, time.time())


def test_a_restart_of_the_server_is_survived(page: Page, server: Server, watch: Watch):
    watch.expected = ("WebSocket connection", "ERR_", "502", "503")
    open_screen(page)
    expect_canvas(page, state="live", codec="h264")

    server.stop()
    stopped_at = time.time()
    expect_canvas(page, state="stale")
    server.start()

    expect_canvas(page, state="live")
    wait_for_picture_after(page, stopped_at)


def test_mjpeg_of_a_server_that_has_stopped_does_not_look_live_and_comes_back(
    new_page: Callable[..., Page], server: Server, admin_state: Any, watch: Watch
):
    watch.expected = ("WebSocket connection", "ERR_")
    with Line(server.port) as line:
        watch.allow(line.url)
        page = new_page(base_url=line.url, storage_state=admin_state)
        page.add_init_script(NO_SOCKET)
        open_screen(page)
        expect_canvas(page, codec="mjpeg", state="live")

        line.go_down()
        expect_canvas(page, state="stale")
        expect(page.locator("#over")).to_contain_text("Not live: this picture is")
        last = picture_time(page)
        assert last  # it is there to be seen
        line.come_up()

        expect_canvas(page, state="live")
        wait_for_picture_after(page, last)
        page.close()


def test_who_pauses_sees_that_it_is_a_pause_and_goes_on_with_now(page: Page):
    open_screen(page)
    expect_canvas(page, state="live")

    page.keyboard.press("k")
    expect_canvas(page, state="paused")
    expect(page.locator("#over")).to_contain_text("Paused")
    shown = picture_time(page)
    page.wait_for_timeout(500)
    assert picture_time(page) == shown

    page.get_by_role("button", name="Go on").click()
    expect_canvas(page, state="live")
    wait_for_picture_after(page, time.time() - 1)


# --- links ----------------------------------------------------------------------------------------


def test_a_stranger_watches_by_a_link_until_it_is_taken_back(
    new_page: Callable[..., Page], server: Server
):
    link = make_link(server, note="for a stranger")
    page = new_page()
    page.goto(link["url"])
    expect(page).to_have_url(re.compile("/screens/main/$"))
    expect_canvas(page, state="live")

    call(server, "DELETE", f"/api/screens/main/links/{link['id']}/")

    expect_canvas(page, state="revoked")
    expect(page.locator("#instead")).to_contain_text("You may not see this screen any more")
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#announcements")).to_have_text("You may not see this screen any more")


def test_when_as_many_watch_as_may_the_next_is_told_and_comes_in_later(
    new_page: Callable[..., Page], server: Server
):
    link = make_link(server, max_viewers=1)
    first, second = new_page(), new_page()
    first.goto(link["url"])
    expect_canvas(first, state="live")

    second.goto(link["url"])
    expect_canvas(second, state="full")
    expect(second.locator("#instead")).to_contain_text("As many people watch as may")
    first.close()
    second.get_by_role("button", name="Try again").click()

    expect_canvas(second, state="live")


def test_an_owner_makes_a_link_on_the_page_and_takes_it_back(
    new_page: Callable[..., Page], admin_state: Any, server: Server
):
    page = new_page(storage_state=admin_state, bypass_csp=True)
    page.goto("/screens/")
    card = page.locator("[data-name=main]")
    expect(card.locator("img")).to_be_visible()
    expect(card).to_contain_text("Not shared")
    card.get_by_role("button", name="Sharing").click()
    dialog = page.get_by_role("dialog", name="Sharing: This machine’s screen")

    dialog.get_by_label("PIN").fill("4711")
    dialog.get_by_role("button", name="Make a link").click()
    expect(dialog.locator(".address")).to_contain_text(f"{server.url}/screens/main/open/slk_")
    code = dialog.get_by_role("img", name="The link as a QR code")
    assert code.evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 0
    expect(dialog.get_by_label("Whoever has a link")).to_be_checked()
    assert serious_findings(page) == []

    address = dialog.locator(".address").inner_text()
    stranger = new_page()
    stranger.goto(address)
    stranger.get_by_label("PIN").fill("4711")
    stranger.get_by_role("button", name="Watch").click()
    expect_canvas(stranger, state="live")
    expect(dialog.locator(".viewer-list")).to_contain_text("H.264")

    dialog.get_by_role("button", name=re.compile("Take back the link")).first.click()
    expect_canvas(stranger, state="revoked")
    expect(dialog.locator(".link-list")).to_contain_text("taken back")


def test_links_that_are_not_known_yet_are_not_said_to_be_none(page: Page):
    asked: list[Route] = []
    page.route(re.compile(r"/screens/main/links/\?"), lambda route: asked.append(route))
    page.goto("/screens/#sharing-main")
    links = page.get_by_role("dialog").locator(".link-list")
    expect(links).to_contain_text("Loading")

    links.get_by_label("For whom").fill("the first one")
    links.get_by_role("button", name="Make a link").click()
    expect(links.get_by_role("row", name="the first one")).to_be_visible()
    asked[0].fulfill(json={"results": []})  # of before it was made
    while len(asked) < 2:
        page.wait_for_timeout(20)
    with page.expect_response(re.compile(r"/links/\?")):
        asked[1].continue_()

    expect(links.get_by_role("row", name="the first one")).to_be_visible()
    expect(links).not_to_contain_text("There are no links yet")


def test_the_switch_opens_a_screen_to_everybody_and_closes_it_again(
    page: Page, new_page: Callable[..., Page]
):
    page.goto("/screens/#sharing-main")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Everybody").check()
    expect(dialog.get_by_label("Everybody")).to_be_checked()
    stranger = new_page()
    stranger.goto("/")
    expect(stranger.locator("#screen-gate img")).to_be_visible()
    stranger.get_by_role("link", name="Watch").click()
    expect_canvas(stranger, state="live")

    dialog.get_by_label("Nobody").check()

    expect_canvas(stranger, state=re.compile("revoked|signed-out"))
    stranger.goto("/")
    expect(stranger.get_by_role("region", name="Screens out")).to_contain_text("Sign in to watch")


# --- the page -------------------------------------------------------------------------------------


def test_the_picture_is_enlarged_moved_and_saved_by_keyboard(page: Page):
    open_screen(page)
    expect_canvas(page, state="live")
    fit = page.get_by_role("button", name="Fit")
    zoom = page.locator("#zoom")
    expect(fit).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("1")
    expect(zoom).to_have_text("100%")
    for _ in range(8):
        page.keyboard.press("+")
    expect(fit).to_have_attribute("aria-pressed", "false")
    page.locator("#viewport").focus()
    before = page.locator("#picture").get_attribute("style")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#picture")).not_to_have_attribute("style", before or "")
    page.keyboard.press("0")
    expect(fit).to_have_attribute("aria-pressed", "true")

    with page.expect_download() as saving:
        page.keyboard.press("s")
    assert saving.value.path().read_bytes().startswith(b"\x89PNG")
    assert re.fullmatch(r"main 20\S+ [\d.]+\.png", saving.value.suggested_filename)

    full = page.get_by_role("button", name="Full screen")
    page.keyboard.press("f")
    expect(full).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("f")
    expect(full).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys on this page")
    expect(dialog).to_contain_text("Pause, or go on")
    expect(dialog).to_contain_text("Full screen")


def test_the_small_window_opens_and_closes(page: Page):
    open_screen(page)
    expect_canvas(page, state="live")
    small = page.get_by_role("button", name="Small window")

    small.click()
    expect(small).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.pictureInPictureElement.videoWidth") > 0
    small.click()

    expect(small).to_have_attribute("aria-pressed", "false")
    assert not page.evaluate("Boolean(document.pictureInPictureElement)")


def test_the_picture_is_enlarged_by_two_fingers(new_page: Callable[..., Page], admin_state: Any):
    page = new_page(storage_state=admin_state, viewport=PHONE, has_touch=True)
    open_screen(page)
    expect_canvas(page, state="live")
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *places: int) -> None:
        points = [{"x": x, "y": 400, "id": at} for at, x in enumerate(places)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 180, 220)
    for spread in (40, 80, 120):
        touch("touchMove", 180 - spread, 220 + spread)
    touch("touchEnd")

    expect(page.locator("#viewport")).to_have_class(re.compile("movable"))


def test_the_picture_is_enlarged_and_moved_by_wheel_and_mouse(page: Page):
    open_screen(page)
    expect_canvas(page, state="live")
    box = page.locator("#viewport").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.mouse.move(x, y)
    page.mouse.wheel(0, -800)
    expect(page.locator("#viewport")).to_have_class(re.compile("movable"))
    before = page.locator("#picture").get_attribute("style")
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=3)
    page.mouse.up()

    expect(page.locator("#picture")).not_to_have_attribute("style", before or "")


@pytest.mark.parametrize("path", ["/screens/", "/screens/main/", "/screens/share/"])
def test_a_page_of_screens_is_accessible_light_and_still(
    new_page: Callable[..., Page], admin_state: Any, path: str
):
    page = new_page(storage_state=admin_state, locale="zh-CN", color_scheme="dark", bypass_csp=True)
    sizes: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if "/static/" in response.url or response.url.endswith(path):
            sizes[response.url] = len(response.body())

    page.on("response", weigh)
    page.goto(path)
    settle(page)
    if path == "/screens/main/":
        expect_canvas(page, state="live")
    page.wait_for_timeout(300)
    assert sum(sizes.values()) < WEIGHT_BYTES, sizes
    page.keyboard.press("i")

    assert serious_findings(page) == []
    assert page.evaluate(SHIFT) < 0.1


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("path", ["/screens/", "/screens/main/", "/screens/share/", "/"])
def test_no_page_of_screens_scrolls_sideways_on_a_phone(
    new_page: Callable[..., Page], admin_state: Any, path: str, locale: str
):
    page = new_page(storage_state=admin_state, viewport=PHONE, locale=locale)
    page.goto(path)
    settle(page)
    if path == "/screens/main/":
        expect_canvas(page, state="live")

    assert not goes_sideways(page)


def test_a_screen_that_is_not_ones_own_is_a_page_not_found(page: Page, watch: Watch):
    watch.expected = ("404",)
    page.goto("/screens/no-such-screen/")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#canvas")).to_have_count(0)


def test_a_machine_without_a_screen_says_so_and_what_to_do(
    page: Page, server: Server, watch: Watch
):
    call(server, "PATCH", "/api/screens/main/", source=NO_SCREEN)
    open_screen(page)

    expect_canvas(page, state="unavailable")
    expect(page.locator("#instead")).to_contain_text("DISPLAY is not set")
    watch.expected = ("503",)
    page.goto("/")
    expect(page.locator("#screen-gate")).to_contain_text("DISPLAY is not set")
