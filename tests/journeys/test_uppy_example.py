"""The page with Uppy that docs/uploads.md shows, as it is printed, in Chromium."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from tests.docs.pages import PRINTED_URL, UPLOADS, has_arrived, sections_of
from tests.needs import NODE_MODULES
from tests.serving import Server

pytestmark = [pytest.mark.chromium, pytest.mark.node]


def test_the_page_with_uppy_that_is_copied_sends_the_file(
    new_page: Callable[..., Page], server: Server, tmp_path: Path
):
    content = random.randbytes(300_000)
    file = tmp_path / "cars.csv"
    file.write_bytes(content)
    (section,) = (each for each in sections_of(UPLOADS) if "Uppy" in each.title)
    html = section.script("html").replace(PRINTED_URL, server.url)

    def from_npm(route: Route) -> None:
        route.fulfill(path=NODE_MODULES.parent / urlsplit(route.request.url).path.lstrip("/"))

    page = new_page()
    page.on("dialog", lambda dialog: dialog.accept(server.key))
    page.route("**/own-uppy.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/node_modules/**", from_npm)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto("/own-uppy.html")
    page.locator("input[type=file]").first.set_input_files(file)

    assert has_arrived(server, hashlib.md5(content).hexdigest())
