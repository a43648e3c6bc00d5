"""Answers out: JSON by orjson, and XML that any JSON can be written as."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any
from xml.sax.saxutils import XMLGenerator  # nosec B406 # it writes alone
from xml.sax.xmlreader import AttributesImpl  # nosec B406 # it writes alone

from rest_framework import renderers

from apiapp.http.json_text import dump, plain
from apiapp.http.xml_names import FIELD, ITEM, is_name, writable

PROBLEM_XML = "application/problem+xml"
PROBLEM_NAMESPACE = "urn:ietf:rfc:7807"  # kept by RFC 9457, appendix B


class JsonRenderer(renderers.JSONRenderer):
    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> Any:
        if data is None:
            return b""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        return dump(data, has_lines=indent is not None)


class XmlRenderer(renderers.BaseRenderer):
    """The same data as elements.

    A list's members are `<item>`; a name that no element may have becomes `<field name="...">`;
    null is an empty element with `null="true"`.
    """

    media_type = "application/xml"
    format = "xml"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> str:
        if data is None:
            return ""
        response = (renderer_context or {}).get("response")
        is_problem = response is not None and response.content_type == PROBLEM_XML
        target = io.StringIO()
        writer = XMLGenerator(target, "utf-8", short_empty_elements=True)
        writer.startDocument()
        if is_problem:
            write(writer, "problem", data, {"xmlns": PROBLEM_NAMESPACE})
        else:
            write(writer, "root", data, {})
        return target.getvalue()


def write(writer: XMLGenerator, name: str, value: Any, attributes: dict[str, str]) -> None:
    """Write one element and all that is in it; `name` is a name by xml_names."""
    if value is None:
        attributes = {**attributes, "null": "true"}
    writer.startElement(name, AttributesImpl(attributes))
    if isinstance(value, Mapping):
        for key, inner in value.items():
            write(writer, *element_for(str(key), inner))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for inner in value:
            write(writer, ITEM, inner, {})
    elif value is not None:
        writer.characters(writable(text_of(value)))
    writer.endElement(name)


def element_for(key: str, inner: Any) -> tuple[str, Any, dict[str, str]]:
    return (key, inner, {}) if is_name(key) else (FIELD, inner, {"name": writable(key)})


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return str(plain(value))
    return str(value)
