"""A real Chromium on a real server.  Every page it opens must keep quiet: no error on the console,
no breach of the content security policy, no request that leaves this machine.
"""

import json
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
    JSHandle,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from tests.needs import CHROMIUM
from tests.serving import Server

LOCAL_SCHEMES = {"data", "blob"}
expect.set_options(timeout=90_000)  # a machine that runs all tests at once is slow
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
]
WAIT_MS = 90_000
UPLOAD = re.compile(r"/api/tus/\w+/?$")
PART_BYTES = 4 * 2**20  # that the page sends in one request

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


class Contexts:
    """The browser's contexts, had by one test after the other and emptied in between.

    A page in a new one costs a second of CPU, in one that was used a third of that: Chromium
    starts another renderer and compiles every script anew.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._unused: dict[str, list[BrowserContext]] = {}
        self._lent: list[tuple[str, BrowserContext]] = []
        self._spent: set[BrowserContext] = set()

    def borrow(self, *, base_url: str, storage_state: Any, **options: Any) -> Page:
        """A blank page of a context that holds nothing but the cookies of `storage_state`."""
        kind = json.dumps([base_url, options], sort_keys=True)
        unused = self._unused.setdefault(kind, [])
        context = (
            unused.pop() if unused else self._browser.new_context(base_url=base_url, **options)
        )
        context.set_default_timeout(WAIT_MS)
        self._lent.append((kind, context))
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Storage.clearDataForOrigin", {"origin": base_url, "storageTypes": "all"})
        devtools.detach()
        if storage_state:
            context.add_cookies(storage_state["cookies"])
        return page

    def use_no_more(self, context: BrowserContext) -> None:
        """After this test: it leaves in it what cannot be taken out."""
        self._spent.add(context)

    def take_back(self) -> None:
        for kind, context in self._lent:
            if context in self._spent:
                context.close()
                continue
            for page in context.pages:
                page.close()
            context.clear_cookies()
            context.clear_permissions()
            self._unused[kind].append(context)
        self._lent.clear()
        self._spent.clear()


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture
def new_page(contexts: Contexts, server: Server, watch: Watch) -> Iterator[Callable[..., Page]]:
    """new_page(storage_state=..., locale=..., viewport=...) -> a watched page of its own context."""

    def open_one(*, base_url: str = server.url, storage_state: Any = None, **options: Any) -> Page:
        shown = {"viewport": {"width": 1280, "height": 900}, **options}
        page = contexts.borrow(base_url=base_url, storage_state=storage_state, **shown)
        watch.follow(page)
        return page

    yield open_one
    contexts.take_back()


@pytest.fixture
def page(new_page: Callable[..., Page], admin_state: Any) -> Page:
    """A page of somebody signed in."""
    return new_page(storage_state=admin_state)


@pytest.fixture
def _own_clock(page: Page, contexts: Contexts) -> None:
    """The test turns the clock of `page`, which every later page of its context would have too."""
    page.clock.install()
    contexts.use_no_more(page.context)


def slow_down(page: Page, *, bytes_per_s: float) -> Callable[[], None]:
    """Throttle what the page sends, so that a test can step in; return what ends it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def limit(rate: float) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
        devtools.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": rate})

    limit(bytes_per_s)
    return lambda: limit(-1)


def hold_parts(page: Page, *, after: int) -> Callable[[], None]:
    """Let the first `after` parts of a file through and no more; return what lets others through."""
    is_holding = True

    def decide(route: Route) -> None:
        request = route.request
        is_late = int(request.headers.get("upload-offset", 0)) >= after * PART_BYTES
        if request.method != "PATCH" or not is_late or not is_holding:
            route.continue_()

    def release() -> None:
        nonlocal is_holding
        is_holding = False

    page.route(UPLOAD, decide)
    return release


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#file-input", list(files))


def carried(page: Page, file: Path) -> JSHandle:
    """What the browser holds while a file is dragged or pasted."""
    return page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name, {type: "text/csv"}));
            return transfer;
        }""",
        [file.name, file.read_text(encoding="utf-8")],
    )


def drop(page: Page, file: Path, *, on: str = "#drop-zone") -> None:
    """Drag a file from the desktop onto the page and let go."""
    transfer = carried(page, file)
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(on, event, {"dataTransfer": transfer})


def paste(page: Page, file: Path) -> None:
    page.evaluate(
        "clipboardData => document.body.dispatchEvent("
        "new ClipboardEvent('paste', {clipboardData, bubbles: true}))",
        carried(page, file),
    )


def serious_findings(page: Page, *, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds serious or critical: rule, and the first element it concerns.

    rules: those to look for; none: all.
    The page is to be opened with `bypass_csp=True`: axe itself sets styles that ours forbids.
    """
    only = {"runOnly": {"type": "rule", "values": [*rules]}} if rules else {}
    # Without `resultTypes` axe would describe, and send, each element that passes each rule too.
    options = {"preload": False, "resultTypes": ["violations"], **only}
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def findings_in_both_schemes(page: Page) -> list[str]:
    """All that axe finds of a page that was opened light, and what it finds of its dark colours."""
    found = serious_findings(page)
    page.add_style_tag(content="*, ::before, ::after { transition: none !important; }")
    page.emulate_media(color_scheme="dark")
    return found + serious_findings(page, rules=("color-contrast", "link-in-text-block"))
