"""A learner sends each example from the page, and takes it along as code that does the same."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from apiapp.examples.catalogue import EXAMPLES, STREAM, Example
from tests.journeys.test_keyboard import focused, tab_to

pytestmark = pytest.mark.chromium

QUICK = [example for example in EXAMPLES if example is not STREAM]
HOSTILE = """'; echo $(id) `id` "$HOME" \\ \\' \\" {x} %s %41 ! # & + = ? @/etc/passwd 你好 é 😀 </script>"""
RUN_S = 30
ENDED = re.compile(r"ms · ")  # "12 ms · 61 bytes"
FETCHED = """async (snippet) => {
    const lines = [];
    const log = (...words) => lines.push(words.join(" "));
    const Async = (async () => {}).constructor;
    await new Async("console", snippet)({ log });
    return lines;
}"""


def open_example(page: Page, example: Example) -> None:
    page.goto(f"/examples/#{example.name}")
    expect(page.locator("#example h2")).to_contain_text(example.method)


@pytest.fixture
def stranger(new_page: Callable[..., Page]) -> Page:
    """Nobody need sign in; curl and Python are run elsewhere, so the page's own rules end there."""
    return new_page(bypass_csp=True)


@pytest.fixture
def refusals(watch: Any) -> None:
    """Chromium writes of every refused request on the console."""
    watch.expected = ("Failed to load resource",)


def send(page: Page) -> tuple[str, str]:
    """Press the button; return the status line and the body."""
    page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("region", name="Answer")
    expect(answer.locator(".status-line .muted")).to_have_text(ENDED)
    status = answer.locator(".status-line .state").text_content() or ""
    return status, body_shown(page).text_content() or ""


def body_shown(page: Page) -> Locator:
    return page.get_by_role("region", name="Body of the answer").locator("code")


def snippet(page: Page, language: str) -> str:
    page.get_by_role("tab", name=language).click()
    return page.get_by_role("tabpanel", name=language).locator("code").text_content() or ""


def run(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def by_curl(page: Page) -> tuple[int, str]:
    head, _, body = run("bash", "-c", snippet(page, "curl")).partition("\n\n")
    return int(head.split()[1]), body


def by_python(page: Page) -> tuple[int, str]:
    status, _, body = run(sys.executable, "-c", snippet(page, "Python")).partition("\n")
    return int(status.split()[0]), body.removesuffix("\n")


def by_fetch(page: Page) -> tuple[int, str]:
    status, body = page.evaluate(FETCHED, snippet(page, "fetch"))
    return int(status.split()[0]), body


def in_every_language(page: Page) -> list[tuple[int, str]]:
    """Status and body that the code gets, in curl, Python and fetch."""
    return [by_curl(page), by_python(page), by_fetch(page)]


def fill(page: Page, group: str, at: int, name: str, value: str) -> None:
    rows = page.get_by_role("group", name=group).locator(".pairs > div")
    while rows.count() <= at:
        page.get_by_role("group", name=group).get_by_role("button").last.click()
    rows.nth(at).locator("input").nth(0).fill(name)
    rows.nth(at).locator("input").nth(1).fill(value)


def same(answered: str, example: Example, *, in_browser: bool) -> bool:
    """A browser sends its own User-Agent, whatever is asked, and the page says so."""
    expected = dict(example.answer) if isinstance(example.answer, dict) else example.answer
    found = json.loads(answered)
    if in_browser and "user_agent" in expected:
        expected["user_agent"] = found["user_agent"]
    return bool(found == expected)


@pytest.mark.usefixtures("refusals")
def test_each_example_is_answered_as_the_page_says_before(stranger: Page):
    for example in QUICK:
        open_example(stranger, example)
        expected = stranger.get_by_role("region", name="Expected answer").text_content() or ""
        assert expected.startswith(f"{example.status} {example.answer_type}")

        status, body = send(stranger)

        assert status.startswith(str(example.status)), example.name
        assert same(body, example, in_browser=True), (example.name, body)
        assert "content-type:" in (
            stranger.get_by_role("region", name="Headers of the answer").text_content() or ""
        )


@pytest.mark.parametrize("take_along", [by_curl, by_python, by_fetch])
@pytest.mark.usefixtures("refusals")
def test_each_example_as_code_gets_the_same_answer(
    stranger: Page, take_along: Callable[[Page], tuple[int, str]]
):
    for example in QUICK:
        open_example(stranger, example)

        status, body = take_along(stranger)

        assert status == example.status, (example.name, body)
        is_fetch = take_along is by_fetch
        assert same(body, example, in_browser=is_fetch), (example.name, body)


def test_what_is_typed_stays_data_in_the_code(stranger: Page):
    typed = HOSTILE.replace("?", "").replace("/", "")
    stranger.goto("/examples/#resource-get")
    stranger.get_by_label("Path").fill(f"/api/resource/{typed}")
    fill(stranger, "Query", 0, "detail", HOSTILE)
    fill(stranger, "Query", 1, HOSTILE, HOSTILE)

    expected = {"method": "GET", "resource_id": typed, "detail": HOSTILE}
    for status, body in in_every_language(stranger):
        assert status == 200
        assert json.loads(body) == expected
    assert json.loads(send(stranger)[1]) == expected


def test_headers_and_form_fields_stay_data_too(stranger: Page):
    stranger.goto("/examples/#put")
    fill(stranger, "Headers", 0, "X-Custom-Header", HOSTILE)
    fill(stranger, "Form fields", 0, "name", HOSTILE)
    fill(stranger, "Form fields", 1, "description", "@/etc/passwd")
    fill(stranger, "Form fields", 2, HOSTILE, "x")

    expected = {
        "item_id": 456,
        "name": HOSTILE,
        "description": "@/etc/passwd",
        "custom_header": HOSTILE,
    }
    for status, body in in_every_language(stranger):
        assert status == 200
        assert json.loads(body) == expected
    assert json.loads(send(stranger)[1]) == expected


@pytest.mark.parametrize(
    "sent",
    [
        json.dumps({"title": HOSTILE, "content": "two\nlines\u2028and a tab\t"}),
        '{"title": 12345678901234567890, "content": 1.0}',  # no JavaScript number
        '{\n  "title": "first",\n  "title": "second"\n}',
        '{"title": "a", "content": true}',
        "@/etc/passwd",
        "",
    ],
)
@pytest.mark.usefixtures("refusals")
def test_a_json_body_is_sent_as_it_was_typed(stranger: Page, sent: str):
    stranger.goto("/examples/#post")
    stranger.get_by_label("Body", exact=True).fill(sent)

    status_here, body_here = send(stranger)

    for status, body in in_every_language(stranger):
        assert status_here.startswith(str(status))
        assert json.loads(body_here) == json.loads(body)


@pytest.mark.usefixtures("refusals")
def test_a_body_of_another_type_is_sent_as_that_type(stranger: Page):
    stranger.goto("/examples/#resource-post")
    for kind, expected in (("plain text", 415), ("XML", 400), ("a form", 400), ("JSON", 200)):
        stranger.get_by_label("The body is").select_option(kind)

        assert [status for status, _ in in_every_language(stranger)] == [expected] * 3
        assert send(stranger)[0].startswith(str(expected))


def test_a_name_that_javascript_takes_otherwise_is_sent_all_the_same(stranger: Page):
    stranger.goto("/examples/#post")
    fill(stranger, "Headers", 1, "__proto__", "1")
    assert '["__proto__", "1"]' in snippet(stranger, "fetch")
    stranger.get_by_label("Body", exact=True).fill('{"title": "a", "__proto__": {"content": "b"}}')

    answers = in_every_language(stranger)

    assert [json.loads(body)["content"] for _, body in answers] == ["默认内容"] * 3
    assert "JSON.stringify" not in snippet(stranger, "fetch")


def test_a_header_with_a_name_that_cannot_be_is_not_sent(stranger: Page):
    stranger.goto("/examples/#get")
    fill(stranger, "Headers", 1, "not a name: x", "1")

    assert "not a name" not in snippet(stranger, "curl")
    stranger.get_by_role("button", name="Send").click()
    assert stranger.evaluate("document.querySelector('#example input:invalid').value")


def test_the_pieces_of_a_slow_answer_are_shown_as_they_come(stranger: Page):
    open_example(stranger, STREAM)
    stranger.get_by_role("button", name="Send").click()
    pieces = stranger.locator(".piece")

    expect(pieces).to_have_count(1)
    assert stranger.locator(".status-line .muted").text_content() == ""  # more is to come
    expect(pieces).to_have_count(5)
    expect(stranger.locator(".status-line .muted")).to_have_text(ENDED)
    shown = [words.split() for words in pieces.all_text_contents()]
    assert [words[-1] for words in shown] == [f"<p>{number}</p>" for number in range(5)]
    times = [float(words[0]) for words in shown]
    assert times == sorted(times)
    assert times[-1] - times[0] > 3  # four pauses of 1 s or more


@pytest.mark.parametrize("take_along", [by_curl, by_python])
def test_a_slow_answer_is_read_piece_by_piece_by_the_code_too(
    stranger: Page, take_along: Callable[[Page], tuple[int, str]]
):
    open_example(stranger, STREAM)

    status, body = take_along(stranger)

    assert (status, body.replace("\n", "")) == (200, STREAM.answered_body)


def test_another_example_ends_what_the_last_one_waited_for(stranger: Page):
    open_example(stranger, STREAM)
    stranger.get_by_role("button", name="Send").click()
    expect(stranger.locator(".piece")).to_have_count(1)

    stranger.get_by_role("navigation", name="Examples").get_by_role("link").first.click()

    expect(stranger.get_by_role("region", name="Expected answer")).to_be_visible()
    assert stranger.get_by_role("alert").count() == 0


def test_a_server_that_is_gone_is_said(stranger: Page, watch: Any):
    watch.expected = ("net::ERR_FAILED",)
    stranger.goto("/examples/#data")
    stranger.route("**/api/data", lambda route: route.abort())

    stranger.get_by_role("button", name="Send").click()

    expect(stranger.get_by_role("alert")).to_contain_text("No answer came")


def test_an_example_is_found_sent_and_taken_along_by_keyboard(stranger: Page):
    stranger.goto("/examples/")
    tab_to(stranger, "GET\nof a list")
    stranger.keyboard.press("Enter")
    expect(stranger.locator("#example h2")).to_be_focused()

    tab_to(stranger, "Send")
    stranger.keyboard.press("Enter")
    expect(body_shown(stranger)).to_contain_text("Alice")
    tab_to(stranger, "curl")
    stranger.keyboard.press("ArrowRight")

    assert focused(stranger) == "Python"
    expect(stranger.get_by_role("tabpanel", name="Python")).to_contain_text("requests.get(")
    stranger.keyboard.press("End")
    expect(stranger.get_by_role("tabpanel", name="fetch")).to_contain_text("await fetch(")


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_code_is_copied_also_where_pages_have_no_clipboard(stranger: Page, has_clipboard: bool):
    stranger.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stranger.goto("/examples/#data")
    if not has_clipboard:  # as on plain http from another machine
        stranger.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    code = snippet(stranger, "Python")

    stranger.get_by_role("button", name="Copy").click()

    expect(stranger.get_by_role("button", name="Copied")).to_be_visible()
    stranger.get_by_role("button", name="As it was").click()
    stranger.get_by_role("group", name="Query").get_by_role("button").click()
    stranger.keyboard.press("ControlOrMeta+V")
    pasted = stranger.get_by_label("Query: name").input_value()
    assert pasted == code.replace("\n", " ")  # as a field of one line takes them


def test_what_was_edited_can_be_put_back(stranger: Page):
    stranger.goto("/examples/#get")
    before = snippet(stranger, "curl")
    stranger.get_by_label("Path").fill("/get_example/7")
    stranger.get_by_role("button", name="Remove name").click()
    assert snippet(stranger, "curl") != before

    stranger.get_by_role("button", name="As it was").click()

    assert snippet(stranger, "curl") == before


def test_that_a_browser_keeps_its_user_agent_is_said_where_one_is_given(stranger: Page):
    stranger.goto("/examples/#get")
    note = stranger.get_by_text("Browsers send their own User-Agent")
    expect(note).to_be_visible()

    stranger.get_by_label("Headers: name").fill("X-Other")

    expect(note).to_be_hidden()


def test_an_example_leads_to_its_grown_up_form(stranger: Page):
    stranger.goto("/examples/#put")

    twin = stranger.get_by_role("link", name="/api/v1/items/")

    expect(twin).to_have_attribute("href", "/api/v1/items/")
