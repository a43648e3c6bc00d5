"""The owner of a dataset shares it on its page, and whoever it is shared with opens it."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.contracts.world import key_of
from tests.journeys.conftest import Watch, serious_findings
from tests.serving import Server

pytestmark = pytest.mark.chromium

WAIT_MS = 60_000


@pytest.fixture
def dataset(server: Server) -> str:
    body = {"dataset": "Shared cars", "rows": [{"name": "volvo", "price": 12}]}
    made = requests.post(
        f"{server.url}/api/import/", json=body, headers=server.headers, timeout=60
    ).json()
    return f"/api/datasets/{made['dataset']}/"


def test_a_dataset_is_shared_changed_and_taken_back(
    page: Page, server: Server, dataset: str, watch: Watch
):
    key = key_of(server, "neighbour")

    def seen() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        answer = requests.get(server.url + dataset, headers=headers, timeout=60)
        return answer.json().get("role")

    watch.expected = ("status of 422",)
    page.goto(dataset.removeprefix("/api"))
    page.get_by_role("button", name="Share").click(timeout=WAIT_MS)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Shared with nobody yet.")).to_be_visible(timeout=WAIT_MS)

    dialog.get_by_label("Name").fill("nobody at all")
    dialog.get_by_role("button", name="Share").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no such user", timeout=WAIT_MS)
    assert seen() is None

    dialog.get_by_label("Name").fill("neighbour")
    page.keyboard.press("Enter")
    role = dialog.get_by_label("What neighbour may")
    expect(role).to_have_value("viewer", timeout=WAIT_MS)
    assert seen() == "viewer"
    assert serious_findings(page) == []

    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=WAIT_MS):
        role.select_option("editor")
    assert seen() == "editor"

    dialog.get_by_role("button", name="Share it with neighbour no more").click()
    expect(dialog.get_by_text("Shared with nobody yet.")).to_be_visible(timeout=WAIT_MS)
    assert seen() is None


def test_a_dataset_is_left_and_given_away(
    page: Page, new_page: Callable[..., Page], server: Server, dataset: str
):
    path = dataset.removeprefix("/api")
    slug = path.split("/")[2]
    key_of(server, "colleague")
    link = server.manage("login_link", "--port", str(server.port), "--user", "colleague").stdout
    shared = {"user": "colleague", "role": "editor"}
    requests.post(
        f"{server.url}{dataset}permissions/", json=shared, headers=server.headers, timeout=60
    )

    theirs = new_page()
    theirs.goto(link.strip())
    theirs.goto(path)
    theirs.get_by_role("button", name="Sharing").click(timeout=WAIT_MS)
    dialog = theirs.get_by_role("dialog")
    expect(dialog).to_contain_text("shares it with you as an editor", timeout=WAIT_MS)
    dialog.get_by_role("button", name="Leave this table").click()
    theirs.wait_for_url("**/datasets/", timeout=WAIT_MS)
    expect(theirs.get_by_text("Shared cars")).to_have_count(0)

    page.goto(path)
    page.get_by_role("button", name="Share").click(timeout=WAIT_MS)
    page.get_by_role("dialog").locator("summary").click()
    page.get_by_label("New owner").fill("colleague")
    give = page.get_by_role("button", name="Give it away")
    expect(give).to_be_disabled()
    page.get_by_label(f"Type {slug} to confirm").fill(slug)
    give.click()
    expect(page.locator(".facts")).to_contain_text("of colleague", timeout=WAIT_MS)
