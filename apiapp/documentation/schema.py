"""DEFAULT_SCHEMA_CLASS: what drf-spectacular sees of a view, and what it cannot see."""

import inspect
import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.fields import CharField, RegexField
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from apiapp.documentation import callers, parts
from apiapp.documentation.refusals import has_one_form, is_list, problems_of, scope_of
from apiapp.keys.permissions import SAFE_METHODS

__all__ = ["ApiSchema", "callers"]  # drf-spectacular finds the schemes of `callers` once imported

Part = dict[str, Any]

# Feature of the view -> tag; the order of the tags in the document.
TAGS = {
    "uploads": ("uploads", "Files in, in one piece or in chunks that can be resumed."),
    "imports": ("imports", "Files and rows into tables, with a record of what was refused."),
    "datasets": ("datasets", "Tables and their rows."),
    "outbound": ("outbound", "Calls to others' APIs: connections, and what came of each call."),
    "webhooks": ("webhooks", "Tell others what happens here, and be told what happens there."),
    "payments": ("payments", "Orders charged at a gateway, once; and given back."),
    "jobs": ("jobs", "Background work: how far it is and how it ended."),
    "screens_api": ("screens", "Screens to watch live: who may, and who does."),
    "monitoring": ("server", "How this server is."),
    "twins": ("v1", "The rows of the examples, as a production API serves them."),
    "examples": ("examples", "Requests of every kind to try; open, and answered to the letter."),
}
MODULES = {
    "dataset_views": "datasets",
    "export_views": "datasets",
    "statistics_views": "datasets",
    "permission_views": "datasets",
    "row_views": "datasets",
    "twin_views": "twins",
}
BY_METHOD = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE): ")
SENTENCE = re.compile(r"[.;](\s|$)")
EMPTY_TEXT = {"type": "string", "maxLength": 0}
MORE_THAN_SPACE = r"\S"
SUCCESSES = {"200", "201", "202", "204", "206"}


class ApiSchema(AutoSchema):
    """Adds to each operation what it promises and how it refuses, by what its view is."""

    view: Any  # an ApiView

    def get_operation(self, *args: Any, **kwargs: Any) -> Part | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        parameters = operation.setdefault("parameters", [])
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in self.conditions()]
        responses = operation["responses"]
        for status in SUCCESSES & responses.keys():
            headers = responses[status].setdefault("headers", {})
            headers.update(parts.header_refs(self.success_headers(status)))
        if "IfNoneMatch" in self.conditions() or "304" in responses:
            headers = parts.header_refs(["X-Request-Id", "ETag"])
            responses["304"] = {"description": parts.MEANINGS[304], "headers": headers}
        self.add_problems(responses, has_fields=self.reads_fields(operation))
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    # --- words

    def get_description(self) -> str:  # type: ignore[override]
        text = self.own_words()
        scope = scope_of(self.view, self.method) if self.view.authentication_classes else None
        return f"{text}\n\nNeeds the scope `{scope}`." if scope else text

    def get_summary(self) -> str:
        first = " ".join(self.own_words().partition("\n\n")[0].split())
        return SENTENCE.split(first, maxsplit=1)[0]

    def own_words(self) -> str:
        """Of the handler, or what the view says of the method as `GET: ...  POST: ...`."""
        handler = getattr(self.view, self.method.lower())
        doc = inspect.cleandoc(handler.__doc__ or "")
        if doc:
            return doc
        doc = inspect.cleandoc(type(self.view).__doc__ or "")
        first, _, rest = doc.partition("\n\n")
        before, *pairs = BY_METHOD.split(first)
        said = dict(zip(pairs[::2], pairs[1::2], strict=True)).get(self.method, before).strip()
        return f"{said[:1].upper()}{said[1:]}\n\n{rest}".strip()

    def get_operation_id(self) -> str:
        return re.sub(r"\W", "_", super().get_operation_id())

    def get_tags(self) -> list[str]:
        return [tag_of(type(self.view))]

    # --- what is read

    def _get_format_parameters(self) -> list[Part]:
        """None: the form of an answer is asked for by Accept; `_format` is for people."""
        return []

    def _map_serializer_field(self, field: Any, direction: Any, *args: Any) -> Part:
        described = super()._map_serializer_field(field, direction, *args)
        if direction == "request" and is_trimmed(field) and described.get("type") == "string":
            described.setdefault("pattern", MORE_THAN_SPACE)
        return described

    def _insert_field_validators(self, field: Any, schema: Part) -> None:
        """An empty text may fit both what it may be otherwise and the form for empty ones."""
        super()._insert_field_validators(field, schema)
        if EMPTY_TEXT in schema.get("oneOf", []):
            schema["anyOf"] = schema.pop("oneOf")

    def _get_request_body(self, direction: Any = "request") -> Part | None:
        """A body of which no serializer says what must be in it must at least be there."""
        body = super()._get_request_body(direction)
        if body and isinstance(self.get_request_serializer(), dict):
            body["required"] = not getattr(self.handler, "may_be_bodiless", False)
        return body

    def map_renderers(self, attribute: str) -> list[Any]:
        if self.view.is_received_elsewhere:
            return [getattr(JSONRenderer, attribute)]
        return super().map_renderers(attribute)

    # --- promises

    @property
    def handler(self) -> Any:
        return getattr(self.view, self.method.lower())

    def conditions(self) -> list[str]:
        names = []
        if getattr(self.handler, "is_replayable", False):
            names.append("IdempotencyKey")
        if getattr(self.handler, "is_conditional", False):
            names += ["IfMatch", "IfUnmodifiedSince"]
        if self.method == "GET" and not has_one_form(self.view):
            names.append("IfNoneMatch")
        return names

    def success_headers(self, status: str) -> list[str]:
        names = ["X-Request-Id", "RateLimit-Policy", "RateLimit"]
        promised = self.conditions()
        if "IfNoneMatch" in promised or ("IfMatch" in promised and self.method != "DELETE"):
            names += ["ETag", "Last-Modified"]
        if "IdempotencyKey" in promised:
            names.append("Idempotent-Replayed")
        if status == "201":
            names.append("Location")
        if is_list(self.view, self.method) or getattr(self.handler, "is_paged", False):
            names.append("Link")
        if self.view.deprecation:
            names += ["Deprecation", "Sunset"]
        return names

    def is_deprecated(self) -> bool:
        return self.view.deprecation is not None

    # --- refusals

    def reads_fields(self, operation: Part) -> bool:
        """Whether one of DRF's parsers reads the body."""
        if self.method in SAFE_METHODS or "requestBody" not in operation:
            return False
        return any(issubclass(parser, JSONParser) for parser in self.view.parser_classes)

    def add_problems(self, responses: Part, *, has_fields: bool) -> None:
        """What the view documents itself stays; a problem is then one more form of it."""
        found = problems_of(self.view, self.method, self.path, has_fields=has_fields)
        media_types = [parts.PROBLEM_JSON]
        if not has_one_form(self.view):
            media_types.append(parts.PROBLEM_XML)
        for status, types in found.items():
            response = parts.problem_response(status, types, media_types)
            told = responses.get(str(status))
            if told is None:
                responses[str(status)] = response
                continue
            told.setdefault("headers", {}).update(response["headers"])
            told["content"] = {**response["content"], **told.get("content", {})}
        for code in responses.keys() - SUCCESSES:
            responses[code].setdefault("headers", {}).update(parts.headers_of(int(code)))


def is_trimmed(field: Any) -> bool:
    """Whether a text of nothing but spaces is none."""
    if not isinstance(field, CharField) or isinstance(field, RegexField) or field.read_only:
        return False  # a regular expression says more
    return field.trim_whitespace and not field.allow_blank


def tag_of(view: type) -> str:
    """By the feature that the view is in."""
    _, feature, *rest = view.__module__.split(".")
    key = MODULES.get(rest[-1], feature) if rest else feature
    return TAGS[key][0]
