"""Which part of a file is read, chosen on the page."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import choose, serious_findings

pytestmark = pytest.mark.chromium


def workbook() -> bytes:
    made = openpyxl.Workbook()
    assert made.active
    made.active.append(["city", "people"])
    made.active.append(["Bern", 134])
    more = made.create_sheet("Rivers")
    more.append(["river", "length", "ends in"])
    more.append(["Aare", 288, "Rhine"])
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def archive_in(folder: Path, name: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first.csv", "a\n1\n")
        archive.writestr("book.xlsx", workbook())
    return path


def card_of(page: Page, path: Path) -> Locator:
    page.goto("/import/")
    choose(page, path)
    return page.get_by_role("article", name=path.name, exact=True)


def test_a_member_of_an_archive_and_a_sheet_of_it_are_chosen_and_imported(
    page: Page, tmp_path: Path
):
    card = card_of(page, archive_in(tmp_path, "parts.zip"))
    card.get_by_label("File of the archive").select_option("book.xlsx")
    expect(card.get_by_label("File of the archive")).to_be_focused()
    card.get_by_label("Sheet").select_option("Rivers")
    expect(card.get_by_text("Read as: Excel (xlsx)")).to_be_visible()
    expect(card.get_by_role("button", name="Import 3 columns")).to_be_visible()
    assert serious_findings(page) == []

    card.get_by_role("button", name="Import 3 columns").click()
    card.get_by_role("link", name="Open the table").click()

    expect(page.get_by_role("row", name="Aare")).to_be_visible()


def test_the_choice_speaks_chinese(new_page: Callable[..., Page], admin_state: Any, tmp_path: Path):
    page = new_page(storage_state=admin_state, locale="zh-CN")

    card = card_of(page, archive_in(tmp_path, "parts-zh.zip"))
    card.get_by_label("压缩包中的文件").select_option("book.xlsx")

    expect(card.get_by_label("工作表")).to_have_value("Sheet")
