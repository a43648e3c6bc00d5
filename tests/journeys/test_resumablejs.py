"""resumable.js and flow.js as they come from npm, in Chromium, against a real server."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Response, Route

from tests.docs.pages import sections_of
from tests.journeys.conftest import WAIT_MS, Watch, slow_down
from tests.lives import Lives
from tests.needs import NODE_MODULES
from tests.serving import ROOT, Server, prepared_home

pytestmark = [pytest.mark.chromium, pytest.mark.node]

CHUNK_BYTES = 100_000
CHUNKS = 12  # the last is longer
SLOW_BYTES_PER_S = 400_000
LOOK_MS = 20
UNICODE = "Ärger 数据 😀.csv"
PATH = "/api/uploads/resumablejs/"
SCRIPTS = {
    "Resumable": NODE_MODULES / "resumablejs" / "resumable.js",
    "Flow": NODE_MODULES / "@flowjs" / "flow.js" / "dist" / "flow.js",
}
DOCS = ROOT / "docs" / "uploads.md"
OWN = Path(__file__).parent / "js" / "chunk_client.js"
HTML = """<!doctype html><link rel="icon" href="data:,"><title>Upload</title>
<input type="file"><script src="/client.js"></script><script src="/own.js"></script>"""
HTML_TYPE = "text/html; charset=utf-8"


class ClientPage:
    """A page of somebody's own with one of the two clients in it.

    answered: how many chunks the server has answered for.
    """

    def __init__(self, page: Page, client: str, headers: dict[str, str]) -> None:
        self._page = page
        self._client = client
        self._headers = headers
        self.answered = 0
        page.on("response", self._count)
        page.route(
            "**/own-page.html", lambda route: route.fulfill(body=HTML, content_type=HTML_TYPE)
        )
        page.route("**/client.js", lambda route: route.fulfill(path=SCRIPTS[client]))
        page.route("**/own.js", lambda route: route.fulfill(path=OWN))

    def _count(self, response: Response) -> None:
        self.answered += is_chunk(response)

    def open(self, **options: Any) -> None:
        """Also as one that was open before: what it knew is gone then."""
        self._page.goto("/own-page.html")
        wanted = {"chunkSize": CHUNK_BYTES, "headers": self._headers, **options}
        self._page.evaluate(
            f"options => {{ window.client = begin({self._client}, options) }}", wanted
        )

    def send_only(self, file: Path, count: int) -> None:
        """Choose the file, and have `count` chunks done and no others on their way.

        Done is what the client takes for done: one that pauses sends again what it has had
        only the first bytes of an answer about.
        """
        left = count

        def decide(route: Route) -> None:
            nonlocal left
            is_free = route.request.method != "POST" or left > 0
            left -= route.request.method == "POST"
            if is_free:
                route.continue_()

        self._page.route(f"**{PATH}**", decide)
        self.choose(file)
        self._page.wait_for_function(
            "count => client.files.length && client.files[0].chunks"
            ".filter(chunk => chunk.status() === 'success').length === count",
            arg=count,
            timeout=2 * WAIT_MS,
        )

    def send_slowly(self, file: Path, *, until: int) -> None:
        """Choose the file, and return when so many chunks are answered; the others follow."""
        slow_down(self._page, bytes_per_s=SLOW_BYTES_PER_S)
        self.choose(file)
        for _ in range(WAIT_MS // LOOK_MS):
            if self.answered >= until:
                return
            self._page.wait_for_timeout(LOOK_MS)
        raise AssertionError(f"only {self.answered} chunks were answered")

    def release(self) -> None:
        self._page.unroute(f"**{PATH}**")

    def choose(self, file: Path) -> None:
        self._page.set_input_files("input", file)

    def run(self, script: str) -> None:
        self._page.evaluate(script)

    def finish(self) -> dict[str, Any]:
        """The server's answer about the chunk that was the last to be told of."""
        self._page.wait_for_function("told.length > 0", timeout=2 * WAIT_MS)
        ((event, message),) = self._page.evaluate("told")
        assert event == "success", message
        answer: dict[str, Any] = json.loads(message)
        return answer


def is_chunk(response: Response) -> bool:
    return response.request.method == "POST" and PATH in response.url


@pytest.fixture
def open_client(new_page: Callable[..., Page], server: Server) -> Callable[..., ClientPage]:
    def open_one(client: str, **options: Any) -> ClientPage:
        opened = ClientPage(new_page(), client, server.headers)
        opened.open(**options)
        return opened

    return open_one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """With a name of its own in each test: the server is shared, and knows what it has."""
    path = tmp_path / f"{secrets.token_hex(4)} {UNICODE}"
    path.write_bytes(os.urandom(CHUNKS * CHUNK_BYTES + 54_321))
    return path


def require_arrived(server: Server, told: dict[str, Any], file: Path) -> None:
    """The upload by the other API, once it has been verified, and its content."""
    url, content = f"{server.url}/api/uploads/{told['file_id']}/", file.read_bytes()
    deadline = time.monotonic() + 60
    got = {"state": "verifying"}
    while got["state"] == "verifying" and time.monotonic() < deadline:
        got = requests.get(url, headers=server.headers, timeout=20).json()
        time.sleep(0.05)
    assert (got["state"], got["filename"], got["size"]) == ("finished", file.name, len(content))
    assert got["md5"] == hashlib.md5(content).hexdigest()
    part = {**server.headers, "Range": "bytes=-1000"}
    answer = requests.get(f"{url}content/", headers=part, timeout=20)
    assert (answer.status_code, answer.content) == (206 if content else 200, content[-1000:])


@pytest.mark.parametrize("client", SCRIPTS)
@pytest.mark.parametrize(
    ("options", "chunks"),
    [
        ({}, CHUNKS),
        ({"forceChunkSize": True, "method": "octet", "simultaneousUploads": 6}, CHUNKS + 1),
    ],
)
def test_a_file_arrives_however_its_chunks_are_sent(
    open_client: Any, server: Server, file: Path, client: str, options: Any, chunks: int
):
    page = open_client(client, **options)
    page.choose(file)

    require_arrived(server, page.finish(), file)
    assert page.answered == chunks


@pytest.mark.parametrize(("client", "goes_on"), [("Resumable", "upload"), ("Flow", "resume")])
def test_it_pauses_and_goes_on(
    open_client: Any, server: Server, file: Path, client: str, goes_on: str
):
    page = open_client(client)
    page.send_only(file, 4)
    page.run("client.pause()")
    page.release()
    page.run(f"client.{goes_on}()")

    require_arrived(server, page.finish(), file)
    assert page.answered == CHUNKS


@pytest.mark.parametrize("client", SCRIPTS)
def test_after_a_reload_it_sends_what_is_missing_and_at_the_end_nothing_any_more(
    open_client: Any, server: Server, file: Path, client: str
):
    page = open_client(client)
    page.send_only(file, 5)
    page.open()
    page.release()
    page.choose(file)
    told = page.finish()

    require_arrived(server, told, file)
    assert page.answered == CHUNKS
    page.open()
    page.choose(file)
    assert page.finish()["file_id"] == told["file_id"]
    assert page.answered == CHUNKS


def test_both_go_on_by_themselves_when_the_server_is_killed(
    new_page: Callable[..., Page], watch: Watch, home: Path, tmp_path: Path
):
    watch.expected = ("Failed to load resource",)
    headers = {"Authorization": f"Bearer {prepared_home.copy_to(home)}"}
    told: dict[Path, dict[str, Any]] = {}
    with Lives(home) as lives:
        watch.allow(lives.url)
        for client in SCRIPTS:
            file = tmp_path / f"{client}.csv"
            file.write_bytes(os.urandom(CHUNKS * CHUNK_BYTES + 54_321))
            page = ClientPage(new_page(base_url=lives.url), client, headers)
            page.open(chunkRetryInterval=200, maxChunkRetries=100)
            page.send_slowly(file, until=3)
            lives.kill()
            told[file] = page.finish()

    with Server(home) as server:
        for file, answer in told.items():
            require_arrived(server, answer, file)


@pytest.mark.parametrize(("client", "method"), [("Resumable", "multipart"), ("Flow", "octet")])
def test_a_file_without_bytes_arrives(
    open_client: Any, server: Server, tmp_path: Path, client: str, method: str
):
    empty = tmp_path / f"{client}-{method}.csv"
    empty.write_bytes(b"")
    page = open_client(client, method=method)
    page.choose(empty)

    require_arrived(server, page.finish(), empty)


def test_the_page_in_the_documentation_sends_a_file(
    new_page: Callable[..., Page], server: Server, file: Path
):
    (section,) = (each for each in sections_of(DOCS) if "resumable.js" in each.title)
    html = section.script("html").replace("http://localhost:8000", server.url)
    page = new_page()
    page.on("dialog", lambda dialog: dialog.accept(server.key))
    page.route("**/page.html", lambda route: route.fulfill(body=html, content_type=HTML_TYPE))
    page.route("**/node_modules/**", lambda route: route.fulfill(path=SCRIPTS["Resumable"]))
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto("/page.html")
    page.set_input_files("input", file)
    page.wait_for_function("document.querySelector('output').value", timeout=2 * WAIT_MS)

    require_arrived(
        server, {"file_id": page.evaluate("document.querySelector('output').value")}, file
    )
