"""A real Chromium on a real server.  Every page it opens must keep quiet: no error on the console,
no breach of the content security policy, no request that leaves this machine.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from tests.needs import CHROMIUM
from tests.serving import Server

LOCAL_SCHEMES = {"data", "blob"}
expect.set_options(timeout=15_000)  # a machine that runs all tests at once is slow
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
]
WAIT_MS = 15_000
CHUNK = re.compile(r"/api/uploads/\w+/chunks/\d+$")

Open = Callable[..., Page]


# For a module, not for the session: while Playwright runs, its event loop does too, and Django
# refuses the database to whatever test runs next in this process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def signed_in_state(browser: Browser, server: Server) -> Any:
    """Cookies of somebody who came by the one-time link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.login_link())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def admin_state(browser: Browser, server: Server) -> Any:
    return signed_in_state(browser, server)


class Watch:
    """What a page did that it should not have done."""

    def __init__(self, server_url: str) -> None:
        self._hosts = {urlsplit(server_url).netloc}
        self.offences: list[str] = []
        self.expected: tuple[str, ...] = ()

    def allow(self, server_url: str) -> None:
        """Another server of the test's own."""
        self._hosts.add(urlsplit(server_url).netloc)

    def follow(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.offences.append(f"uncaught: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.offences.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in LOCAL_SCHEMES and url.netloc not in self._hosts:
            self.offences.append(f"request to {request.url}")

    def unexpected(self) -> list[str]:
        return [text for text in self.offences if not any(part in text for part in self.expected)]


@pytest.fixture
def watch(server: Server) -> Iterator[Watch]:
    """A test that provokes errors names them in `watch.expected`, by a part of their text."""
    found = Watch(server.url)
    yield found
    assert not found.unexpected(), "\n".join(found.unexpected())


@pytest.fixture
def new_page(browser: Browser, server: Server, watch: Watch) -> Iterator[Callable[..., Page]]:
    """new_page(storage_state=..., locale=..., viewport=...) -> a watched page of its own context."""
    contexts: list[BrowserContext] = []

    def open_one(*, base_url: str = server.url, **options: Any) -> Page:
        context = browser.new_context(
            base_url=base_url, **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page], admin_state: Any) -> Page:
    """A page of somebody signed in."""
    return new_page(storage_state=admin_state)


def slow_down(page: Page, *, bytes_per_s: float) -> Callable[[], None]:
    """Throttle what the page sends, so that a test can step in; return what ends it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def limit(rate: float) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
        devtools.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": rate})

    limit(bytes_per_s)
    return lambda: limit(-1)


def hold_chunks(page: Page, *, after: int) -> Callable[[], None]:
    """Let `after` chunks through and no more; return what lets all others through."""
    is_holding = True

    def decide(route: Route) -> None:
        index = int(route.request.url.rpartition("/")[2])
        if index < after or not is_holding:
            route.continue_()

    def release() -> None:
        nonlocal is_holding
        is_holding = False

    page.route(CHUNK, decide)
    return release


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#file-input", list(files))


def drop(page: Page, file: Path) -> None:
    """Drag a file from the desktop onto the page and let go."""
    transfer = page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name, {type: "text/csv"}));
            return transfer;
        }""",
        [file.name, file.read_text(encoding="utf-8")],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#drop-zone", event, {"dataTransfer": transfer})


def serious_findings(page: Page) -> list[str]:
    """What axe finds serious or critical: rule, and the first element it concerns.

    The page is to be opened with `bypass_csp=True`: axe itself sets styles that ours forbids.
    """
    violations = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]
