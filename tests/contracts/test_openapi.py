"""The OpenAPI document: complete, valid, and the same promises as the code keeps."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, get_resolver
from rest_framework.views import APIView

from apiapp.documentation.views import document
from apiapp.problems import PROBLEMS, REGISTRY, TYPE_PREFIX

METHODS = {"get", "post", "put", "patch", "delete"}
OPEN = [{}]
SIGNED = {"/api/webhooks/incoming/{source}/"}  # whose signature says who calls
REFUSALS = {type_ for _, type_ in PROBLEMS.values()} | {"internal-error"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


NAMED = [pytest.param(op, id=op["operationId"]) for _, _, op in operations()]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_it_is_made_without_a_warning_and_is_valid(tmp_path):
    call_command("spectacular", file=str(tmp_path / "it.yaml"), validate=True, fail_on_warn=True)


def test_every_reference_leads_somewhere():
    for reference in set(references(document())):
        assert resolved({"$ref": reference}) is not None


def test_every_schema_is_a_schema():
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft4Validator.check_schema(schema)


def test_every_view_of_the_api_is_in_it():
    described = {path for path, _, _ in operations()}

    missing = [
        route
        for route, view in api_routes(get_resolver())
        if getattr(view, "schema", None) is not None and f"/{route}" not in described
    ]

    assert missing == []


def api_routes(resolver: Any, prefix: str = "") -> Iterator[tuple[str, type[APIView]]]:
    """Routes with their slash, as OpenAPI writes them, of views that are not left out of it."""
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from api_routes(pattern, prefix + str(pattern.pattern))
            continue
        view = getattr(pattern.callback, "cls", None)
        route = prefix + str(pattern.pattern)
        is_left_out = getattr(pattern.callback, "initkwargs", {}).get("schema", "") is None
        if view and issubclass(view, APIView) and route.endswith("/") and not is_left_out:
            yield as_written(route), view


def as_written(route: str) -> str:
    for kind in ("int:", "str:"):
        route = route.replace(f"<{kind}", "{")
    return route.replace(">", "}")


@pytest.mark.parametrize("operation", NAMED)
def test_an_operation_has_words_a_tag_and_how_it_refuses(operation: dict[str, Any]):
    tags = {tag["name"] for tag in document()["tags"]}

    assert operation["summary"]
    assert set(operation["tags"]) <= tags
    assert {"429", "500"} <= operation["responses"].keys()
    if operation["security"] != OPEN:
        assert "401" in operation["responses"]
    for status, response in operation["responses"].items():
        assert "X-Request-Id" in resolved(response)["headers"], status


def test_operation_ids_are_unique_and_names():
    ids = [operation["operationId"] for _, _, operation in operations()]

    assert len(ids) == len(set(ids)) > 60
    assert all(each.isidentifier() for each in ids)


def test_the_types_of_problem_are_those_of_the_table():
    written = json.dumps(document())

    told = {
        part.partition('"')[0]
        for prefix in (TYPE_PREFIX, REGISTRY)
        for part in written.split(f'"{prefix}')[1:]
    }

    assert told <= REFUSALS
    never_answered_by_the_api = REFUSALS - told
    assert never_answered_by_the_api <= {
        "link-not-valid",  # of the page behind a login link
        *(
            "bad-signature",
            "bad-report",
        ),  # of what payment gateways tell, who read docs/payments.md
        "unknown-scope",  # of the command that makes keys
        "bad-upload",  # of uploads that have no better word
        "import-failed",
        "body-too-slow",  # counts as body-stalled does
        "method-not-allowed",  # of methods that are not described
        # of those who watch or publish a screen, over sockets and as MJPEG
        *("not-shared", "pin-wanted", "wrong-pin", "too-many-pins", "too-many-links"),
        *("too-many-viewers", "not-for-publishers", "screen-stopped", "publisher-replaced"),
        *("no-picture", "source-changed"),
    }


def test_examples_are_open_and_everything_else_names_three_ways_to_say_who_calls():
    ways = [{"apiKey": []}, {"password": []}, {"session": []}]

    for path, _, operation in operations():
        is_open = operation["tags"] == ["examples"] or path in SIGNED
        expected = OPEN if is_open else ways
        assert operation["security"] == expected, path


def test_what_can_be_sent_again_says_so():
    sent_again = {
        operation["operationId"]
        for _, _, operation in operations()
        if {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", [])
    }

    assert {"uploads_create", "import_create", "v1_posts_create", "upload_create"} <= sent_again


def test_json_and_yaml_say_the_same_to_everybody(client: Client, staff: User):
    as_json = client.get("/openapi.json")
    as_yaml = client.get("/api/schema/", headers={"Accept": "application/yaml"})
    client.force_login(staff)
    for_staff = client.get("/api/schema", headers={"Accept": "application/json"})

    assert as_json["Content-Type"] == "application/json"
    assert as_yaml["Content-Type"] == "application/yaml"
    assert as_json.json() == for_staff.json() == yaml.safe_load(as_yaml.content)


def test_a_document_that_has_not_changed_is_not_sent_again(client: Client, db: None):
    etag = client.get("/openapi.json")["ETag"]

    again = client.get("/openapi.json", headers={"If-None-Match": etag})

    assert again.status_code == 304
