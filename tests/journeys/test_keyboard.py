"""The whole way without a mouse."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.files import STOCKS, copy_as
from tests.journeys.test_import import card_of

pytestmark = pytest.mark.chromium

LONGEST_WALK = 60


def focused(page: Page) -> str:
    """What a screen reader would call the focused element, roughly."""
    return str(
        page.evaluate(
            """() => {
                const at = document.activeElement;
                return at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.innerText;
            }"""
        )
    ).strip()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element called `name` has the focus, and see that it shows."""
    for _ in range(LONGEST_WALK):
        page.keyboard.press("Tab")
        if focused(page) == name:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{name!r} cannot be reached; the focus is on {focused(page)!r}")


def test_a_file_becomes_a_table_by_keyboard_alone(page: Page, tmp_path: Path):
    page.goto("/")

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    with page.expect_file_chooser() as choosing:
        tab_to(page, "Choose files")
        page.keyboard.press("Enter")
    choosing.value.set_files(copy_as(tmp_path, "by-keyboard.csv", STOCKS))
    card = card_of(page, "by-keyboard.csv")
    expect(card.get_by_role("button", name="Import 3 columns")).to_be_visible()
    tab_to(page, "Name of the table")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Typed only")
    tab_to(page, "Type of column 3")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Import 3 columns")
    page.keyboard.press("Space")
    expect(card).to_contain_text("rows are in “Typed only”")
    if focused(page) != "Open the table":
        tab_to(page, "Open the table")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Typed only")


def test_rows_are_sorted_walked_through_and_searched_by_keyboard(page: Page, tmp_path: Path):
    page.goto("/import/")
    page.set_input_files("#file-input", copy_as(tmp_path, "walked.csv", STOCKS))
    card = card_of(page, "walked.csv")
    card.get_by_role("button", name="Import 3 columns").click()
    card.get_by_role("link", name="Open the table").click()
    expect(page.get_by_role("gridcell", name="MSFT", exact=True).first).to_be_visible()
    prices = page.locator("[role=gridcell][data-name=price]")

    header = page.locator("[role=columnheader][data-name=price]")
    header.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(prices.first).to_have_text("5.97")
    page.keyboard.press("ArrowDown")  # from the header into the rows
    page.keyboard.press("Control+End")
    expect(prices.last).to_have_text("707")

    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowUp")  # where a key writes nothing
    page.keyboard.press("/")
    page.keyboard.type("GOOG")
    page.keyboard.press("Enter")
    expect(page.get_by_role("gridcell", name="GOOG", exact=True).first).to_be_visible()
    expect(page.get_by_role("gridcell", name="MSFT", exact=True)).to_have_count(0)


def test_a_job_that_ended_is_listed_on_the_page_of_jobs(page: Page, tmp_path: Path):
    page.goto("/import/")
    page.set_input_files("#file-input", copy_as(tmp_path, "listed.csv", STOCKS))
    card = card_of(page, "listed.csv")
    card.get_by_role("button", name="Import 3 columns").click()
    expect(card).to_contain_text("rows are in")

    page.get_by_role("link", name="Jobs").click()

    newest = page.get_by_role("row", name="Load a file into a table").first
    expect(newest).to_contain_text("560 rows in")
