"""The rows' pages as a person uses them, in a real browser."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from apiapp.imports.models import Dataset
from apiapp.imports.rows import rows_of
from tests.apiapp.imports.made import make_dataset
from tests.needs import CHROMIUM

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.xdist_group("admin-in-chromium"),
]

LETTERS = [{"letter": chr(ord("a") + number), "place": number} for number in range(26)]
TEXT = "\n two\nlines \n"


@pytest.fixture
def letters(user: User) -> Dataset:
    rows = [*LETTERS, {"letter": TEXT, "place": None}]
    return make_dataset(user, {"letter": "text", "place": "integer"}, rows, slug="letters")


@pytest.fixture
def page(live_server, staff: User, client: Client, monkeypatch) -> Iterator[Page]:
    """Signed in as staff; fails where the page asked another machine or broke its policy."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright runs a loop
    client.force_login(staff)
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies(
            [
                {"name": name, "value": cookie.value, "url": live_server.url}
                for name, cookie in client.cookies.items()
            ]
        )
        page = context.new_page()
        page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("request", lambda request: found.append(request.url) if foreign(request) else None)
        yield page
        browser.close()
    assert found == []


def foreign(request) -> bool:
    return urlsplit(request.url).hostname not in ("localhost", "127.0.0.1", None)


def test_rows_are_filtered_edited_and_deleted_with_a_few_clicks(
    page: Page, letters: Dataset
) -> None:
    page.goto(f"/admin/imports/dataset/{letters.pk}/rows/")
    page.get_by_role("button", name="Filters").click()
    page.locator("[name=place__from]").fill("24")
    page.get_by_role("button", name="Show rows").click()
    page.wait_for_url("**/rows/?place__from=24")
    assert page.locator("tbody tr").count() == 2

    page.get_by_role("link", name="25", exact=True).click()
    page.get_by_label("Letter").fill("why")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/rows/?place__from=24")
    assert page.get_by_role("cell", name="why").is_visible()

    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_role("button", name="Delete all 2").click()
    page.wait_for_url("**/rows/?place__from=24")
    assert page.get_by_text("No row matches").is_visible()
    assert rows_of(letters).count() == 25


def test_text_keeps_its_white_space_when_another_cell_is_edited(
    page: Page, letters: Dataset
) -> None:
    page.goto(f"/admin/imports/dataset/{letters.pk}/rows/27/")
    page.get_by_label("Place").fill("99")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/rows/?")

    row = rows_of(letters).get(row_id=27)
    assert (row.f_letter, row.f_place) == (TEXT, 99)


def test_columns_can_be_chosen_and_the_address_says_so(page: Page, letters: Dataset) -> None:
    page.goto(f"/admin/imports/dataset/{letters.pk}/rows/")
    page.get_by_role("button", name="Columns").click()
    page.locator("[name=show][value=place]").uncheck()
    page.get_by_role("button", name="Show columns").click()
    page.wait_for_url("**/rows/?show=letter")

    assert page.locator("thead th").all_inner_texts() == ["#", "Letter"]


def test_nothing_serious_keeps_anybody_from_using_it(page: Page, letters: Dataset) -> None:
    found = {}
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        for rest in ("", "1/", "1/delete/", "?search=zzz"):
            page.goto(f"/admin/imports/dataset/{letters.pk}/rows/{rest}")
            found[rest, colours] = serious_findings(page)

    assert not any(found.values()), found


def serious_findings(page: Page) -> list[tuple[str, list[str]]]:
    results = Axe().run(page, context=".rows-page, .rows-tabs")
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
