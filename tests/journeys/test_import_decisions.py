"""What a person decides on the import page, and how what was refused is put right there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Watch, choose, findings_in_both_schemes
from tests.journeys.test_import import card_of, dataset_of, rows_of
from tests.journeys.test_pages import PHONE, goes_sideways
from tests.serving import Server

pytestmark = pytest.mark.chromium
PRICES = "code;price\nA1;1.200,50\nA2;n/a\nA3;2.100,00\nA4;n/a\nA5;3.500,25\nB-6;n/a\n"


def chosen(page: Page, folder: Path, name: str, content: str) -> Locator:
    (folder / name).write_text(content, encoding="utf-8")
    page.goto("/import/")
    choose(page, folder / name)
    card = card_of(page, name)
    expect(card.get_by_role("region", name="The first rows of the file")).to_be_visible()
    return card


def values_of(card: Locator, row: int) -> list[str]:
    return card.locator(".preview-table tbody tr").nth(row - 1).locator("td").all_text_contents()


def test_every_decision_has_its_reason_and_can_be_made_otherwise(
    page: Page, watch: Watch, tmp_path: Path
):
    watch.expected = ("422 (Unprocessable",)
    content = "list of May\n\n'a~x'~b\n1~2\n3~4\n5~6\nTotal~12\n"
    card = chosen(page, tmp_path, "decided.txt", content)

    card.get_by_text("Read as:").click()
    card.get_by_text("More about how it is read").click()
    expect(card.get_by_label("Encoding")).to_have_accessible_description(
        "sure, 90 % plain ASCII wherever it was looked at"
    )
    card.get_by_label("Cells are separated by").select_option("other")
    card.get_by_label("Another delimiter").fill("~")
    card.get_by_label("Another delimiter").press("Tab")
    card.get_by_label("Quotes around cells").select_option("'")
    expect(card.get_by_label("Name of column 1", exact=True)).to_have_value("a~x")
    card.get_by_label("Lines above the table to pass over").fill("3")
    card.get_by_label("Lines above the table to pass over").press("Tab")
    card.get_by_label("The first line has").select_option("false")
    expect(card.get_by_label("Name of column 1", exact=True)).to_have_value("column_1")
    assert values_of(card, 1) == ["1", "2"]
    expect(card.get_by_label("Quotes around cells")).to_have_accessible_description("chosen by you")

    card.get_by_label("Cells begin at columns").fill("3, 1")
    card.get_by_label("Cells begin at columns").press("Tab")
    expect(card.locator(".field-trouble:visible")).to_contain_text("rising from 0")

    card.get_by_role("button", name="Find it all out again").click()
    expect(card.get_by_role("button", name="Find it all out again")).to_be_hidden()


def ask_for_codes(page: Page, card: Locator) -> None:
    """Hold the first column to a pattern, after one that is none."""
    card.get_by_role("button", name="of column 1").click()
    dialog = page.get_by_role("dialog", name="What “code” must be")
    dialog.get_by_label("Pattern").fill("(")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog.get_by_label("Pattern")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text("is no pattern")
    dialog.get_by_label("Pattern").fill("[A-Z][0-9]")
    dialog.get_by_label("Required").check()
    dialog.get_by_role("button", name="Done").click()
    expect(card.get_by_role("button", name="2 conditions of column 1")).to_be_focused()
    expect(card.locator(".misfit").first).to_have_text("1 of the first 6 does not fit")


def test_conditions_are_checked_at_once_and_refused_rows_are_corrected_on_the_page(
    page: Page, server: Server, watch: Watch, tmp_path: Path
):
    watch.expected = ("422 (Unprocessable",)
    card = chosen(page, tmp_path, "held.csv", PRICES)
    card.get_by_label("Type of column 2").select_option("decimal")
    expect(card.locator(".misfit").nth(1)).to_have_text("3 of the first 6 do not fit")
    ask_for_codes(page, card)
    card.get_by_role("button", name="What would change?").click()
    expect(card.get_by_role("status")).to_contain_text("3 rows inserted · 3 rows refused")
    card.get_by_role("button", name="Import 2 columns").click()

    expect(card).to_contain_text("3 cells of “price”: not of the column’s type")
    expect(card).to_contain_text("1 cell of “code”: not as the pattern says")
    card.get_by_role("button", name="Correct them here").click()
    for row, price in (("2", "1.000,75"), ("4", "800")):
        card.get_by_label(f"price, row {row}", exact=True).fill(price)
    card.get_by_role("button", name="Load 3 corrected rows").click()
    expect(card).to_contain_text("Of the rows that were corrected:")
    expect(card.get_by_role("definition")).to_have_text(["2", "1"])
    mended = tmp_path / "mended.csv"
    mended.write_text('_row,code,price\n6,B6,"7,5"\n', encoding="utf-8")
    card.get_by_label("The corrected file").set_input_files(mended)
    expect(card.get_by_role("definition")).to_have_text(["1"])

    rows = [(row["code"], float(row["price"])) for row in rows_of(server, "held")]
    assert rows[3:] == [("A2", 1000.75), ("A4", 800), ("B6", 7.5)]
    column = dataset_of(server, "held")["columns"][0]
    assert (column["required"], column["conditions"]) == (True, {"pattern": "[A-Z][0-9]"})


def test_hundreds_of_refused_rows_are_corrected_page_by_page_and_by_kind(
    page: Page, server: Server, tmp_path: Path
):
    rows = [f"A{number},{'?' if number <= 250 else number}" for number in range(1, 260)]
    rows[9] += ",too much"
    card = chosen(page, tmp_path, "pages.csv", "\n".join(["code,price", *rows, ""]))
    card.get_by_label("Type of column 2").select_option("decimal")
    expect(card.locator(".misfit").nth(1)).to_contain_text("do not fit")
    card.get_by_role("button", name="Import 2 columns").click()
    card.get_by_role("button", name="Correct them here").click()
    form = card.locator(".mending")

    form.get_by_role("button", name="Next rows").click()
    form.get_by_label("price, row 150", exact=True).fill("1.5")
    form.get_by_role("button", name="Next rows").click()
    expect(form.get_by_label("price, row 250", exact=True)).to_be_visible()
    expect(form.get_by_role("button", name="Next rows")).to_be_hidden()
    form.get_by_role("button", name="Previous rows").click()
    expect(form.get_by_label("price, row 150", exact=True)).to_have_value("1.5")
    form.get_by_label("Which refused rows").select_option(index=2)
    expect(form.locator("tbody tr")).to_have_count(1)
    form.get_by_label("price, row 10", exact=True).fill("10")
    form.get_by_role("button", name="Load 250 corrected rows").click()

    expect(card).to_contain_text("Of the rows that were corrected:")
    expect(card.get_by_role("definition")).to_have_text(["2", "248"])
    loaded = {row["code"]: float(row["price"]) for row in rows_of(server, "pages")}
    assert (loaded["A10"], loaded["A150"], len(loaded)) == (10, 1.5, 11)


def test_a_column_with_many_refusals_is_made_text_and_loaded_again_and_the_import_undone(
    page: Page, server: Server, tmp_path: Path
):
    card = chosen(page, tmp_path, "widened.csv", PRICES)
    card.get_by_label("Type of column 2").select_option("decimal")
    expect(card.locator(".misfit").nth(1)).to_contain_text("do not fit")
    card.get_by_role("button", name="Import 2 columns").click()

    card.get_by_role("button", name="Make it text and load again").click()
    expect(card.get_by_role("definition")).to_have_text(["6"])
    assert rows_of(server, "widened")[1]["price"] == "n/a"
    card.get_by_role("button", name="Undo this import").click()

    expect(card).to_contain_text("Cancelled; nothing of it was kept.")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_columns_of_a_file_find_their_place_in_a_table_and_a_phone_shows_it_all(
    new_page: Callable[..., Page],
    server: Server,
    admin_state: Any,
    tmp_path: Path,
    locale: str,
):
    page = new_page(storage_state=admin_state, locale=locale, viewport=PHONE, bypass_csp=True)
    name = f"places-{locale.lower()}"
    for number, content in enumerate(("code,price\na,1\n", "Code,prize,weight,note\nb,2,3,x\n")):
        (tmp_path / f"{name}-{number}.csv").write_text(content, encoding="utf-8")
    page.goto("/import/")
    choose(page, tmp_path / f"{name}-0.csv")
    first = card_of(page, f"{name}-0.csv")
    first.locator("input[required]").first.fill(name)
    first.locator("button[type=submit]").click()
    expect(first.locator(".result")).to_be_visible()
    choose(page, tmp_path / f"{name}-1.csv")
    card = card_of(page, f"{name}-1.csv")

    card.locator("input[name=mode]").nth(1).check()
    card.locator(".fields select").first.select_option(name)
    expect(card.locator("[inert]")).to_have_count(0)
    expect(card.locator(".by").nth(1)).to_have_text(
        "looks alike: check it" if locale == "en" else "名称相近，请核对"
    )
    card.locator("thead select").nth(3).select_option("skip ")
    card.locator(".note.warn button").first.click()
    expect(card.locator("thead select").nth(2)).to_have_value("add ")
    card.locator(".dialect > summary").click()
    findings = findings_in_both_schemes(page)
    is_wide = goes_sideways(page)
    card.locator("button[type=submit]").click()
    expect(card.locator(".result")).to_be_visible()

    assert findings == []
    assert not is_wide
    rows = rows_of(server, name)
    assert [(row["code"], row["price"], row["weight"]) for row in rows] == [
        ("a", 1, None),
        ("b", 2, 3),
    ]
    assert [each["name"] for each in dataset_of(server, name)["columns"]] == [
        "code",
        "price",
        "weight",
    ]
