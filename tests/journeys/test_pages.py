"""What holds for every page: accessible, narrow enough, light enough, and in two languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Watch, findings_in_both_schemes, serious_findings
from tests.serving import Server

pytestmark = pytest.mark.chromium

SIGNED_IN = ["/", "/import/", "/uploads/", "/jobs/", "/datasets/"]
OPEN = ["/", "/examples/", "/https/"]
WEIGHT_BYTES = 150_000
PHONE = {"width": 390, "height": 844}
NOT_FOUND = ("404",)


def settle(page: Page) -> None:
    expect(page.locator(".skeleton:visible")).to_have_count(0)


def goes_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("path", [*SIGNED_IN, "/monitor/", "/no/such/page"])
def test_a_page_is_accessible_and_does_not_scroll_sideways_on_a_phone(
    new_page: Callable[..., Page], admin_state: Any, watch: Watch, path: str, locale: str
):
    watch.expected = NOT_FOUND if "no/such" in path else ()
    page = new_page(storage_state=admin_state, locale=locale, bypass_csp=True)
    check_page(page, path)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("path", OPEN)
def test_so_is_what_strangers_see(new_page: Callable[..., Page], path: str, locale: str):
    check_page(new_page(locale=locale, bypass_csp=True), path)


def check_page(page: Page, path: str) -> None:
    page.goto(path)
    settle(page)

    assert findings_in_both_schemes(page) == []
    page.set_viewport_size(PHONE)
    assert not goes_sideways(page)


@pytest.mark.parametrize("path", [*SIGNED_IN, "/examples/"])
def test_a_page_is_light_before_anything_is_done(
    new_page: Callable[..., Page], admin_state: Any, path: str
):
    page = new_page(storage_state=admin_state, locale="zh-CN")  # with all its words
    sizes: dict[str, int] = {}

    def weigh(response: Any) -> None:
        is_uploader = "/vendor/uppy/" in response.url  # after the first paint, see test_import.py
        if "/static/" in response.url and not is_uploader or response.url.endswith(path):
            sizes[response.url] = len(response.body())

    page.on("response", weigh)
    page.goto(path)
    settle(page)
    page.wait_for_load_state("networkidle")

    assert sum(sizes.values()) < WEIGHT_BYTES, sizes


def test_a_stranger_is_told_how_to_get_in_and_then_lands_where_they_wanted(
    new_page: Callable[..., Page], server: Server
):
    page = new_page(bypass_csp=True)
    page.goto("/datasets/")

    expect(page).to_have_url(re.compile(r"/login/\?next=/datasets/$"))
    expect(page.get_by_text("shows a link that signs you in")).to_be_visible()
    assert serious_findings(page) == []

    page.goto(server.login_link())
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_wrong_password_is_said_and_an_address_elsewhere_is_not_followed(
    new_page: Callable[..., Page],
):
    page = new_page()
    page.goto("/login/?next=https://example.com/")
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("correct username and password")
    assert "example.com" not in page.locator("input[name=next]").input_value()


def test_signing_out_ends_the_session(new_page: Callable[..., Page], server: Server, watch: Watch):
    watch.expected = ("401",)  # for the picture of the screen, if it is still on its way
    page = new_page()
    page.goto(server.login_link())

    page.get_by_role("button", name="Sign out").click()
    page.goto("/import/")

    expect(page).to_have_url(re.compile("/login/"))


def test_a_used_link_says_so(new_page: Callable[..., Page], server: Server, watch: Watch):
    watch.expected = ("410", "401")  # the first page may still ask while its reader signs out
    link = server.login_link()
    page = new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign out").click()

    page.goto(link)

    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()


def test_the_language_follows_the_browser_until_another_is_chosen(
    new_page: Callable[..., Page], admin_state: Any
):
    page = new_page(storage_state=admin_state, locale="zh-CN")
    page.goto("/import/")
    expect(page.get_by_role("heading", level=1)).to_have_text("导入")

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Import")
    page.goto("/datasets/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")


def test_the_keys_are_shown_and_closed_by_keyboard(new_page: Callable[..., Page], admin_state: Any):
    page = new_page(storage_state=admin_state, bypass_csp=True)
    page.goto("/import/")
    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keys on this page")
    expect(dialog).to_contain_text("Choose files")
    assert serious_findings(page) == []

    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_menu_folds_on_a_phone_and_opens_by_keyboard(
    new_page: Callable[..., Page], admin_state: Any
):
    page = new_page(storage_state=admin_state, viewport=PHONE)
    page.goto("/")
    bar = page.get_by_role("banner")
    expect(bar.get_by_role("link", name="Datasets")).to_be_hidden()

    bar.get_by_role("button", name="Menu").press("Enter")
    bar.get_by_role("link", name="Datasets").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")
