"""The documentation in the browser: what it shows, what it sends, and that nothing leaves."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.conftest import serious_findings
from tests.serving import Server

pytestmark = pytest.mark.chromium

THEIR_OWN = {
    "nested-interactive",  # Swagger UI: what copies a path lies in the button that opens it
    "scrollable-region-focusable",  # ReDoc: a long example does not scroll by keyboard
}

DRAWN_MS = 90_000  # a page of some 150 operations, drawn on a busy machine


def opened(page: Page, tag: str) -> None:
    heading = page.locator(f"#operations-tag-{tag}")
    if heading.get_attribute("data-is-open") != "true":
        heading.locator("button.expand-operation").click()


def operation(page: Page, tag: str, operation_id: str) -> Locator:
    """One operation of Swagger UI, opened."""
    opened(page, tag)
    found = page.locator(f".opblock[id$=-{operation_id}]")
    if "is-open" not in (found.get_attribute("class") or ""):
        found.locator("button.opblock-summary-control").click()
    return found


def execute(found: Locator) -> Locator:
    """Send the request as it is filled in; return where its answer is shown."""
    found.locator("button.execute").click()
    answer = found.locator(".live-responses-table")
    expect(answer).to_be_visible()
    return answer


def test_swagger_shows_every_operation_without_asking_anybody_else(new_page: Callable[..., Page]):
    page = new_page()  # its watch fails the test for a request that leaves, or a refused style

    page.goto("/docs/")

    document = page.request.get("/openapi.json").json()
    assert len(document["tags"]) > 5
    for tag in document["tags"]:
        expect(page.locator(f"#operations-tag-{tag['name']}")).to_be_visible()
    opened(page, "jobs")
    expect(page.locator(".opblock[id$=-jobs_list]")).to_be_visible()
    expect(page).to_have_title("API documentation · Sluice")


def test_redoc_shows_the_reference_without_asking_anybody_else(new_page: Callable[..., Page]):
    page = new_page()

    page.goto("/redoc/")

    jobs = page.get_by_role("heading", name="The caller's jobs, newest first")
    expect(jobs).to_be_visible(timeout=DRAWN_MS)
    expect(page.get_by_role("heading", name="Sluice", exact=False).first).to_be_visible()
    page.get_by_role("textbox").fill("undo")
    expect(page.get_by_text("Take its rows out again").first).to_be_visible(timeout=DRAWN_MS)


def test_who_is_signed_in_reads_and_changes_from_the_page(page: Page):
    page.goto("/docs/")

    read = execute(operation(page, "jobs", "jobs_list"))
    begin = operation(page, "uploads", "uploads_create")
    begin.locator("textarea.body-param__text").fill('{"filename": "a.csv", "size": 5}')
    begun = execute(begin)

    expect(read.locator("tr.response .response-col_status")).to_contain_text("200")
    expect(begun.locator("tr.response .response-col_status")).to_contain_text("201")
    expect(begun).to_contain_text('"filename": "a.csv"')


def test_a_key_that_is_entered_is_sent(new_page: Callable[..., Page], server: Server):
    page = new_page()  # of nobody who is signed in
    page.goto("/docs/")

    page.locator("button.authorize").first.click()
    dialog = page.locator(".dialog-ux")
    bearer = dialog.locator(".auth-container", has=page.locator("#auth-bearer-value"))
    bearer.locator("#auth-bearer-value").fill(server.key)
    bearer.locator("button.authorize").click()
    dialog.get_by_role("button", name="Close").first.click()
    answer = execute(operation(page, "server", "status_retrieve"))

    expect(answer.locator("tr.response .response-col_status")).to_contain_text("200")
    assert page.evaluate("localStorage.length") == 0


def test_nothing_of_anybody_is_in_the_document(new_page: Callable[..., Page], admin_state: Any):
    stranger = new_page().request
    everybodys = stranger.get("/api/schema/?_format=json").body()

    as_admin = new_page(storage_state=admin_state).request.get("/api/schema/?_format=json").body()

    assert as_admin == everybodys
    assert stranger.get("/openapi.json").body() == everybodys


def test_the_pages_around_the_reference_are_in_the_readers_language(
    new_page: Callable[..., Page],
):
    page = new_page(locale="zh-CN")

    page.goto("/docs/")

    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("#reference")).to_have_attribute("lang", "en")
    expect(page.get_by_text("参考文档本身为英文。")).to_be_visible()


def test_an_operation_opens_by_keyboard(new_page: Callable[..., Page]):
    page = new_page()
    page.goto("/docs/")
    page.locator("#operations-tag-jobs button.expand-operation").focus()
    page.keyboard.press("Enter")
    summary = page.locator(".opblock[id$=-jobs_list] button.opblock-summary-control")
    expect(summary).to_be_visible()

    summary.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".opblock[id$=-jobs_list]")).to_contain_text("Execute")


def keep_some(route: Route) -> None:
    """Both tools draw every operation alike, and to draw and look at all takes half a minute."""
    document = route.fetch().json()
    kept = {path: does for path, does in document["paths"].items() if path.startswith("/api/jobs")}
    route.fulfill(json=document | {"paths": kept})


@pytest.mark.parametrize("path", ["/docs/", "/redoc/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_but_what_the_tools_do_themselves(
    new_page: Callable[..., Page], path: str, scheme: str
):
    page = new_page(bypass_csp=True, color_scheme=scheme)
    page.route("**/openapi.json*", keep_some)
    page.goto(path)
    if path == "/docs/":
        opened(page, "jobs")
    expect(page.get_by_text("The caller's jobs, newest first").last).to_be_visible(timeout=DRAWN_MS)

    found = {finding.partition(":")[0] for finding in serious_findings(page)}

    assert found <= THEIR_OWN


def test_a_form_of_the_browsable_api_makes_changes_and_deletes(page: Page):
    page.goto("/api/v1/posts/")
    page.get_by_role("link", name="HTML form").click()
    page.locator("#post-object-form [name=title]").fill("By hand")
    page.locator("#post-object-form button", has_text="POST").click()
    expect(page.locator(".response-info")).to_contain_text("HTTP 201 Created")
    where = page.locator(".response-info").inner_text().split("Location: ")[1].split()[0]

    page.goto(where)
    page.locator("#put-object-form [name=title]").fill("By hand, twice")
    page.locator("#put-object-form button", has_text="PUT").click()

    expect(page.locator(".response-info")).to_contain_text('"title": "By hand, twice"')
    page.locator("button[data-target='#deleteModal']").click()
    page.locator("#deleteModal button", has_text="Delete").click()
    expect(page.locator(".response-info")).to_contain_text("HTTP 204")
