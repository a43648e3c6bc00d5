"""One's uploads on their page: how far they are, what can be done with them, and how to go on."""

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.conftest import Watch, findings_in_both_schemes
from tests.journeys.files import STOCKS
from tests.journeys.test_import import card_of
from tests.serving import Server

pytestmark = pytest.mark.chromium

CHUNK_BYTES = 2**16


class Uploads:
    """The API of uploads, as a script beside the browser uses it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = self._server.headers | options.pop("headers", {})
        url = f"{self._server.url}{path}"
        answer = requests.request(method, url, headers=headers, timeout=30, **options)
        answer.raise_for_status()
        return answer

    def begin(self, name: str, size: int = 4 * CHUNK_BYTES) -> str:
        wanted = {"filename": name, "size": size, "chunk_size": CHUNK_BYTES}
        return str(self.call("POST", "/api/uploads/", json=wanted).json()["file_id"])

    def send_chunk(self, file_id: str, index: int) -> None:
        self.call("PUT", f"/api/uploads/{file_id}/chunks/{index}", data=b"x" * CHUNK_BYTES)

    def begin_tus(self, name: str) -> str:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "1000",
            "Upload-Metadata": "filename ",
        }
        headers["Upload-Metadata"] += b64encode(name.encode()).decode()
        answer = self.call("POST", "/api/tus/", headers=headers)
        return answer.headers["Location"].rstrip("/").rpartition("/")[2]

    def send(self, name: str, content: bytes) -> str:
        answer = self.call("POST", "/api/upload", files={"file": (name, content)})
        return str(answer.json()["file_id"])

    def is_there(self, file_id: str) -> bool:
        url = f"{self._server.url}/api/uploads/{file_id}/"
        return requests.get(url, headers=self._server.headers, timeout=30).status_code == 200


@pytest.fixture
def uploads(server: Server) -> Uploads:
    return Uploads(server)


@pytest.fixture
def name() -> str:
    return f"{uuid4().hex[:8]}.csv"


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_an_upload_from_a_script_is_followed_live_and_says_how_to_go_on(
    page: Page, uploads: Uploads, name: str
):
    page.goto("/uploads/")
    file_id = uploads.begin(name)

    row = row_of(page, name)
    expect(row).to_contain_text("arriving")
    expect(row).to_contain_text("in chunks")
    expect(row).to_contain_text("of tester")  # staff see whose it is
    row.get_by_text("How to go on").click()
    expect(row).to_contain_text("run manage.py upload again with the same file")
    expect(row).to_contain_text("Deleted if nothing more comes")
    for index in range(4):
        uploads.send_chunk(file_id, index)
    expect(row).to_contain_text("262 kB of 262 kB")
    expect(row.get_by_text("run manage.py upload again")).to_be_visible()  # it stays open
    uploads.call("POST", f"/api/uploads/{file_id}/complete/", json={})

    expect(row.get_by_role("link", name=f"Import this file: {name}")).to_be_visible()
    expect(row).to_contain_text("here")


def test_an_upload_by_tus_tells_its_address(
    page: Page, server: Server, uploads: Uploads, name: str
):
    file_id = uploads.begin_tus(name)

    page.goto("/uploads/")

    row = row_of(page, name)
    row.get_by_text("How to go on").click()
    expect(row).to_contain_text(f"{server.url}/api/tus/{file_id}/")


def test_a_finished_file_is_downloaded_and_imported(page: Page, uploads: Uploads, name: str):
    content = STOCKS.read_bytes()
    uploads.send(name, content)
    page.goto("/uploads/")
    row = row_of(page, name)

    with page.expect_download() as downloading:
        row.get_by_role("link", name="Download").click()
    assert downloading.value.suggested_filename == name
    assert Path(downloading.value.path()).read_bytes() == content

    row.get_by_role("link", name="Import this file").click()
    go = card_of(page, name).get_by_role("button", name="Import 3 columns")
    expect(go).to_be_visible()
    page.reload()
    go.click()
    expect(card_of(page, name)).to_contain_text("rows are in")


@pytest.mark.usefixtures("_own_clock")
def test_deleting_can_be_taken_back_and_is_done_after_a_while(
    page: Page, uploads: Uploads, name: str
):
    file_id = uploads.send(name, b"a,b\n1,2\n")
    page.goto("/uploads/")

    row_of(page, name).get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_text(f"“{name}” is being deleted.").first).to_be_visible()
    page.keyboard.press("Enter")  # the focus is on “Undo”
    expect(row_of(page, name)).to_contain_text("here")
    page.clock.fast_forward(20_000)
    assert uploads.is_there(file_id)

    row_of(page, name).get_by_role("button", name="Delete").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.clock.fast_forward(9_000)
    expect(row_of(page, name)).to_have_count(0)
    assert not uploads.is_there(file_id)


def test_who_leaves_the_page_has_deleted(page: Page, uploads: Uploads, name: str):
    file_id = uploads.send(name, b"a,b\n1,2\n")
    page.goto("/uploads/")
    row_of(page, name).get_by_role("button", name="Delete").click()

    page.goto("/datasets/")

    for _ in range(200):
        if not uploads.is_there(file_id):
            return
        page.wait_for_timeout(50)
    raise AssertionError("it is still there")


def test_a_long_list_comes_in_pages(page: Page, uploads: Uploads):
    names = [f"{uuid4().hex[:8]}.csv" for _ in range(3)]
    for each in names:
        uploads.begin(each)

    def ask_for_two(route: Route) -> None:
        route.continue_(url=re.sub(r"limit=\d+", "limit=2", route.request.url))

    page.route("**/api/uploads/?limit=*", ask_for_two)
    page.goto("/uploads/")
    expect(row_of(page, names[1])).to_be_visible()
    expect(row_of(page, names[0])).to_have_count(0)

    page.get_by_role("button", name="Show more").click()

    expect(row_of(page, names[0])).to_be_visible()
    expect(row_of(page, names[2])).to_be_visible()


def test_an_empty_list_and_one_that_cannot_be_read_say_what_to_do(page: Page, watch: Watch):
    watch.expected = ("503",)
    page.route(
        "**/api/uploads/?limit=*",
        lambda route: route.fulfill(status=503, json={"detail": "Busy."}),
        times=1,
    )
    page.goto("/uploads/")
    expect(page.get_by_role("alert")).to_contain_text("Busy.")

    nothing = {"results": [], "next": None, "previous": None}
    page.route("**/api/uploads/?limit=*", lambda route: route.fulfill(json=nothing))
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_text("No file yet.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Send files").last).to_be_visible()


def test_axe_finds_nothing_serious_in_a_list_of_every_state_on_a_phone(
    new_page: Callable[..., Page], admin_state: Any, uploads: Uploads, name: str
):
    uploads.begin(name)
    uploads.send(f"here-{name}", b"a,b\n1,2\n")
    page = new_page(
        storage_state=admin_state,
        locale="zh-CN",
        viewport={"width": 390, "height": 844},
        bypass_csp=True,
    )
    page.goto("/uploads/")
    row_of(page, f"here-{name}").get_by_role("button", name="删除").click()
    row_of(page, name).get_by_text("如何继续").click()

    assert findings_in_both_schemes(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
