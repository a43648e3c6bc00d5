"""From a file on the desktop to a table, as a person goes."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Watch, choose, drop, serious_findings
from tests.journeys.files import AIRPORTS, STOCKS, WEATHER, copy_as, spoiled_weather
from tests.serving import Server

pytestmark = pytest.mark.chromium


def card_of(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def rows_of(server: Server, slug: str, **asked: Any) -> list[dict[str, Any]]:
    url = f"{server.url}/api/datasets/{slug}/rows/"
    answer = requests.get(url, params={"limit": 1000, **asked}, headers=server.headers, timeout=10)
    answer.raise_for_status()
    return list(answer.json()["results"])


def dataset_of(server: Server, slug: str) -> dict[str, Any]:
    url = f"{server.url}/api/datasets/{slug}/"
    answer = requests.get(url, headers=server.headers, timeout=10)
    answer.raise_for_status()
    return dict(answer.json())


@pytest.mark.parametrize("path", ["/", "/import/"])
def test_a_file_dropped_on_the_page_becomes_a_table(
    page: Page, server: Server, tmp_path: Path, path: str
):
    name = "from-home" if path == "/" else "from-import"
    page.goto(path)

    drop(page, copy_as(tmp_path, f"{name}.csv", AIRPORTS))
    card = card_of(page, f"{name}.csv")
    card.get_by_role("button", name="Import 7 columns").click()

    expect(card.get_by_role("definition")).to_have_text(["3,376"])
    card.get_by_role("link", name="Open the table").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name.replace("-", " ").capitalize())
    expect(page.get_by_role("row", name="Thigpen")).to_be_visible()
    assert dataset_of(server, name)["row_count"] == 3376
    with AIRPORTS.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))[:1000]
    assert [row["name"] for row in rows_of(server, name)] == [row["name"] for row in expected]


def test_several_files_go_one_after_another_each_on_its_own_card(page: Page, tmp_path: Path):
    page.goto("/import/")
    sources = {"several-a.csv": AIRPORTS, "several-b.csv": STOCKS, "several-c.csv": WEATHER}

    choose(page, *[copy_as(tmp_path, name, source) for name, source in sources.items()])

    for name, columns in zip(sources, (7, 3, 6), strict=True):
        card_of(page, name).get_by_role("button", name=f"Import {columns} columns").click()
    for name in sources:
        expect(card_of(page, name)).to_contain_text("rows are in")


def test_names_and_types_changed_in_the_preview_are_honoured(
    page: Page, server: Server, tmp_path: Path
):
    page.goto("/import/")
    choose(page, copy_as(tmp_path, "edited.csv", STOCKS))
    card = card_of(page, "edited.csv")

    card.get_by_label("Name of the table").fill("Share prices")
    card.get_by_label("Name of column 1", exact=True).fill("Ticker")
    card.get_by_label("Type of column 3").select_option("float")
    card.get_by_role("button", name="Import 3 columns").click()
    expect(card).to_contain_text("rows are in “Share prices”")

    columns = dataset_of(server, "share-prices")["columns"]
    assert [(each["label"], each["type"]) for each in columns] == [
        ("Ticker", "text"),
        ("date", "text"),
        ("price", "float"),
    ]
    assert rows_of(server, "share-prices")[0]["price"] == 39.81


def test_refused_rows_are_shown_with_reasons_and_can_be_downloaded(
    page: Page, server: Server, tmp_path: Path
):
    page.goto("/import/")
    choose(page, spoiled_weather(tmp_path, "spoiled.csv"))
    card = card_of(page, "spoiled.csv")

    card.get_by_label("Type of column 3").select_option("decimal")
    card.get_by_role("button", name="Import 6 columns").click()

    expect(card.get_by_role("definition")).to_have_text(["1,458", "3"])
    expect(card.get_by_role("row", name="The cell is not a decimal number")).to_have_count(2)
    expect(card.get_by_role("row", name="extra")).to_contain_text("7 cells where 6 are expected")
    with page.expect_download() as downloading:
        card.get_by_role("link", name="Download all refused rows").click()
    downloaded = Path(downloading.value.path()).read_text(encoding="utf-8")
    refused = list(csv.DictReader(io.StringIO(downloaded)))
    assert [(row["row_number"], row["value"]) for row in refused] == [
        ("10", "n/a"),
        ("20", "n/a"),
        ("30", "extra"),
    ]
    assert dataset_of(server, "spoiled")["row_count"] == 1458


def test_rows_are_added_to_a_table_that_is_there_and_can_be_undone(
    page: Page, server: Server, tmp_path: Path
):
    page.goto("/import/")
    choose(page, copy_as(tmp_path, "first.csv", STOCKS))
    card_of(page, "first.csv").get_by_label("Name of the table").fill("Growing")
    card_of(page, "first.csv").get_by_role("button", name="Import 3 columns").click()
    expect(card_of(page, "first.csv")).to_contain_text("rows are in")

    choose(page, copy_as(tmp_path, "second.csv", STOCKS))
    card = card_of(page, "second.csv")
    card.get_by_label("Add to a table that is there").check()
    card.get_by_label("Table", exact=True).select_option("Growing")
    card.get_by_role("button", name="Import 3 columns").click()
    card.get_by_role("link", name="Open the table").click()
    expect(page.get_by_text("1,120 rows")).to_be_visible()

    page.get_by_role("row", name="second.csv").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("560 rows")).to_be_visible()
    expect(page.get_by_role("row", name="second.csv")).to_contain_text("undone")
    assert dataset_of(server, "growing")["row_count"] == 560


def test_another_delimiter_is_chosen_and_the_preview_follows(page: Page, tmp_path: Path):
    odd = tmp_path / "odd.csv"
    odd.write_text("a,b;c\n1,2;3\n4,5;6\n", encoding="utf-8")
    page.goto("/import/")
    choose(page, odd)
    card = card_of(page, "odd.csv")
    card.get_by_text("Read as:").click()

    for delimiter, labels in ((";", ["a,b", "c"]), (",", ["a", "b;c"])):
        card.get_by_label("Cells are separated by").select_option(delimiter)
        for number, label in enumerate(labels, start=1):
            expect(card.get_by_label(f"Name of column {number}", exact=True)).to_have_value(label)


BAD_FILES = {
    "empty.csv": (b"", "The file is empty"),
    "header.csv": (b"a,b,c\n", "a header but no rows"),
    "binary.csv": (bytes(range(256)) * 64, "This is not a text file"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(64), "This is not a text file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_wrong_file_gets_a_sentence_and_leaves_nothing(
    page: Page, server: Server, watch: Watch, tmp_path: Path, name: str
):
    watch.expected = ("422 (Unprocessable",)
    content, sentence = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    page.goto("/import/")

    choose(page, tmp_path / name)

    card = card_of(page, name)
    expect(card).to_contain_text(sentence)
    card.get_by_role("button", name="Discard").click()
    expect(card).to_have_count(0)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(0)
    uploads = requests.get(f"{server.url}/api/uploads/", headers=server.headers, timeout=10)
    assert name not in [upload["filename"] for upload in uploads.json()["results"]]


def test_a_taken_name_is_refused_in_the_form_and_another_one_works(
    page: Page, watch: Watch, tmp_path: Path
):
    watch.expected = ("409 (Conflict",)
    page.goto("/import/")
    choose(page, copy_as(tmp_path, "taken.csv", STOCKS))
    card_of(page, "taken.csv").get_by_role("button", name="Import 3 columns").click()
    expect(card_of(page, "taken.csv")).to_contain_text("rows are in")

    choose(page, copy_as(tmp_path, "taken-2.csv", WEATHER))
    card = card_of(page, "taken-2.csv")
    card.get_by_label("Name of the table").fill("TAKEN")
    card.get_by_role("button", name="Import 6 columns").click()
    expect(card.get_by_role("alert")).to_contain_text("There is a table of this name")

    card.get_by_label("Name of the table").fill("Free name")
    card.get_by_role("button", name="Import 6 columns").click()
    expect(card).to_contain_text("rows are in “Free name”")


def test_the_whole_way_in_chinese(new_page: Callable[..., Page], admin_state: Any, tmp_path: Path):
    page = new_page(storage_state=admin_state, locale="zh-CN")
    page.goto("/import/")

    choose(page, spoiled_weather(tmp_path, "天气.csv"))
    card = card_of(page, "天气.csv")
    card.get_by_label("第 3 列的类型").select_option("decimal")
    card.get_by_role("button", name="导入 6 列").click()

    expect(card).to_contain_text("被拒绝")
    expect(card).to_contain_text("单元格不是小数")
    card.get_by_role("link", name="打开数据表").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("天气")
    expect(page.get_by_role("columnheader", name="小数")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious_on_the_way_and_nothing_goes_sideways(
    new_page: Callable[..., Page], admin_state: Any, tmp_path: Path, scheme: str, width: int
):
    page = new_page(
        storage_state=admin_state,
        color_scheme=scheme,
        viewport={"width": width, "height": 844},
        bypass_csp=True,
    )
    name = f"axe-{scheme}-{width}"
    page.goto("/import/")
    choose(page, spoiled_weather(tmp_path, f"{name}.csv"))
    card = card_of(page, f"{name}.csv")
    go = card.get_by_role("button", name="Import 6 columns")
    expect(go).to_be_visible()

    findings = serious_findings(page)
    card.get_by_label("Type of column 3").select_option("decimal")
    go.click()
    expect(card.get_by_role("link", name="Download all refused rows")).to_be_visible()
    findings += serious_findings(page)
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    card.get_by_role("link", name="Open the table").click()
    expect(page.locator(".skeleton")).to_have_count(0)
    findings += serious_findings(page)
    is_wide |= page.evaluate("document.documentElement.scrollWidth > innerWidth")

    assert findings == []
    assert not is_wide
