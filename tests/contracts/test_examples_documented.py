"""What the documentation of an example says is sent and answered is what is sent and answered."""

from urllib.parse import quote

import pytest
import requests

from apiapp.examples import views
from apiapp.examples.catalogue import EXAMPLES, JSON, Example
from apiapp.examples.open_view import OpenView
from tests.contracts.raw import send
from tests.serving import Server


def by_name(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", EXAMPLES, ids=by_name)
def test_a_documented_request_is_answered_as_documented(server: Server, example: Example):
    target = quote(example.target, safe="/?=&%+")

    answer = send(server, example.method, target, example.sent_headers, example.sent_body)

    assert answer.status == example.status
    assert answer.headers["Content-Type"] == example.answer_type
    if example.answer_type == JSON:
        assert answer.json == example.answer
    else:
        assert answer.body.decode() == example.answer


def test_names_are_unique():
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def test_every_method_of_every_example_has_a_request_and_an_answer_in_its_docstring():
    open_views = [
        view
        for view in vars(views).values()
        if isinstance(view, type) and issubclass(view, OpenView) and view is not OpenView
    ]

    assert len(open_views) == 10
    for view in open_views:
        for name in ("get", "post", "put", "delete"):
            handler = getattr(view, name, None)
            if handler:
                shown = [e for e in EXAMPLES if shows(handler.__doc__, e)]
                assert shown, (view, name)
                assert all(shows(view.__doc__, example) for example in shown)


def shows(doc: str | None, example: Example) -> bool:
    """Whether every line of the example is in `doc`, in this order."""
    lines = "\n".join(line.strip() for line in (doc or "").splitlines())
    return example.as_text() in lines


def test_openapi_and_the_browsable_api_show_them(server: Server):
    document = requests.get(f"{server.url}/openapi.json").json()
    page = requests.get(f"{server.url}/post_example", headers={"Accept": "text/html"})

    for example in EXAMPLES:
        documented = [
            answer["value"]
            for path, methods in document["paths"].items()
            for operation in [methods.get(example.method.lower(), {})]
            for content in operation.get("responses", {}).get(str(example.status), {}).get("content", {}).values()
            for answer in content.get("examples", {}).values()
        ]  # fmt: skip
        assert example.answer in documented, example.name
    assert "POST /post_example" in page.text
