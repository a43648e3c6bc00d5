"""From a file on the desktop to a table, as a person goes."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.conftest import (
    Watch,
    choose,
    drop,
    findings_in_both_schemes,
    hold_parts,
    paste,
    serious_findings,
)
from tests.journeys.files import AIRPORTS, STOCKS, WEATHER, copy_as, spoiled_weather
from tests.journeys.test_pages import PHONE, goes_sideways
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


@pytest.mark.parametrize(("path", "place"), [("/", "#drop-zone"), ("/import/", ".uppy-Dashboard")])
def test_a_file_dropped_on_the_page_becomes_a_table(
    page: Page, server: Server, tmp_path: Path, path: str, place: str
):
    name = "from-home" if path == "/" else "from-import"
    page.goto(path)

    drop(page, copy_as(tmp_path, f"{name}.csv", AIRPORTS), on=place)
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


def test_a_file_is_taken_before_the_uploader_is_there_and_one_that_is_pasted_after(
    page: Page, tmp_path: Path
):
    held: list[Route] = []
    page.route("**/vendor/uppy/*.mjs", lambda route: held.append(route))
    page.goto("/import/")
    choose(page, copy_as(tmp_path, "early.csv", STOCKS))
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    expect(
        card_of(page, "early.csv").get_by_role("button", name="Import 3 columns")
    ).to_be_visible()

    paste(page, copy_as(tmp_path, "pasted.csv", STOCKS))

    expect(card_of(page, "pasted.csv").get_by_role("button", name="Import 3")).to_be_visible()


def test_the_uploader_comes_after_the_first_paint(page: Page):
    page.goto("/import/")
    expect(page.locator(".uppy-Dashboard-browse")).to_be_visible()

    painted, fetched = page.evaluate(
        """() => [
            performance.getEntriesByName("first-contentful-paint")[0].startTime,
            performance.getEntriesByType("resource").find(({name}) => name.includes("uppy")).startTime,
        ]"""
    )

    assert painted <= fetched


def test_without_javascript_the_page_says_how_files_are_sent(
    new_page: Callable[..., Page], admin_state: Any
):
    page = new_page(storage_state=admin_state, java_script_enabled=False)

    page.goto("/import/")

    sentence = page.locator("noscript p")  # which Playwright's search by text leaves out
    expect(sentence).to_be_visible()
    expect(sentence).to_contain_text("Without JavaScript this page cannot send files")


REFUSALS = {
    "quota-exceeded": (413, "With this file you would have more than you may have."),
    "file-too-large": (413, "The file is larger than this server takes."),
    "disk-full": (507, "The disk of this server is full."),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_file_that_the_server_refuses_gets_its_sentence_and_can_be_tried_again(
    page: Page, watch: Watch, tmp_path: Path, name: str
):
    status, sentence = REFUSALS[name]
    watch.expected = (f"status of {status}",)
    problem = {"type": f"urn:sluice:problem:{name}", "status": status, "detail": sentence}
    page.route("**/api/tus/", lambda route: route.fulfill(status=status, json=problem), times=1)
    page.goto("/import/")

    choose(page, copy_as(tmp_path, f"{name}.csv", STOCKS))

    expect(page.locator(".send-notes").get_by_role("alert")).to_contain_text(
        f"{name}.csv: {sentence}"
    )
    page.locator(".send-notes").get_by_role("button", name="Try again").click()
    expect(card_of(page, f"{name}.csv").get_by_role("button", name="Import 3")).to_be_visible()


def test_several_files_are_sent_each_on_its_own_card(page: Page, tmp_path: Path):
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
    page: Page, server: Server, watch: Watch, tmp_path: Path
):
    watch.expected = ("409 (Conflict",)
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
    expect(card.get_by_role("alert")).to_contain_text("This file is in the table already")
    card.get_by_role("button", name="Import it once more").click()
    card.get_by_role("link", name="Open the table").click()
    expect(page.get_by_text("1,120 rows")).to_be_visible()

    second = page.get_by_role("region", name="Imports").get_by_role("row", name="second.csv")
    second.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("560 rows", exact=True)).to_be_visible()
    expect(second).to_contain_text("undone")
    events = page.get_by_role("region", name="Who did what").get_by_role("row")
    expect(events).to_contain_text(["When", "Undid import", "Imported second.csv", "first.csv"])
    assert dataset_of(server, "growing")["row_count"] == 560


def test_a_table_is_updated_by_its_key_once_it_was_seen_what_would_change(
    page: Page, server: Server, tmp_path: Path
):
    old, new = tmp_path / "old-stock.csv", tmp_path / "new-stock.csv"
    old.write_text("code,price\na,1\nb,2\nc,3\n", encoding="utf-8")
    new.write_text("code,price\nb,2\nc,7\nd,4\n", encoding="utf-8")
    page.goto("/import/")
    choose(page, old)
    card_of(page, "old-stock.csv").get_by_role("button", name="Import 2 columns").click()
    expect(card_of(page, "old-stock.csv")).to_contain_text("rows are in")
    choose(page, new)
    card = card_of(page, "new-stock.csv")
    card.get_by_label("Update a table by its key").check()
    card.get_by_label("Table", exact=True).select_option("Old stock")
    card.get_by_role("group", name="Columns that tell its rows apart").get_by_label("code").check()
    card.get_by_label("Delete rows that the file lacks").check()

    card.get_by_role("button", name="What would change?").click()
    changes = "1 row inserted · 1 row updated · 1 row deleted · 1 row the same"
    expect(card.get_by_role("status")).to_contain_text(
        f"It would be: {changes}. Nothing has changed yet."
    )
    assert dataset_of(server, "old-stock")["row_count"] == 3
    card.get_by_role("button", name="Import 2 columns").click()

    expect(card).to_contain_text("rows are in “Old stock”")
    expect(card).to_contain_text(changes)
    rows = rows_of(server, "old-stock")
    assert [(row["code"], row["price"]) for row in rows] == [("b", 2), ("c", 7), ("d", 4)]
    assert dataset_of(server, "old-stock")["key"] == ["code"]


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
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(64), "it is a PNG picture"),
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


def test_axe_finds_nothing_serious_while_files_are_sent_paused_and_kept(
    new_page: Callable[..., Page], admin_state: Any, tmp_path: Path
):
    page = new_page(storage_state=admin_state, viewport=PHONE, bypass_csp=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/import/")
    hold_parts(page, after=0)
    choose(page, *[copy_as(tmp_path, f"axe-{name}.csv", STOCKS) for name in "ab"])
    uploader = page.locator(".uploader")
    expect(uploader.locator(".uppy-Dashboard-Item-progress")).to_have_count(2)

    findings = serious_findings(page)
    uploader.get_by_role("button", name="Pause").last.click()
    expect(uploader).to_contain_text("Paused")
    findings += findings_in_both_schemes(page)
    page.reload()
    expect(uploader).to_contain_text("go on where they stopped")
    findings += serious_findings(page)
    is_wide = goes_sideways(page)
    uploader.get_by_role("button", name="Cancel").first.click()

    assert findings == []
    assert not is_wide


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 844}, PHONE])
def test_axe_finds_nothing_serious_on_the_way_and_nothing_goes_sideways(
    new_page: Callable[..., Page], admin_state: Any, tmp_path: Path, viewport: dict[str, int]
):
    page = new_page(storage_state=admin_state, viewport=viewport, bypass_csp=True)
    name = f"axe-{viewport['width']}"
    page.goto("/import/")
    choose(page, spoiled_weather(tmp_path, f"{name}.csv"))
    card = card_of(page, f"{name}.csv")
    go = card.get_by_role("button", name="Import 6 columns")
    expect(go).to_be_visible()

    findings = findings_in_both_schemes(page)
    card.get_by_label("Type of column 3").select_option("decimal")
    go.click()
    expect(card.get_by_role("link", name="Download all refused rows")).to_be_visible()
    findings += findings_in_both_schemes(page)
    is_wide = goes_sideways(page)
    card.get_by_role("link", name="Open the table").click()
    expect(page.locator(".skeleton:visible")).to_have_count(0)
    findings += findings_in_both_schemes(page)
    is_wide |= goes_sideways(page)

    assert findings == []
    assert not is_wide
