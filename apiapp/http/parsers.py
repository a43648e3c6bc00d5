"""Bodies in: JSON, forms and XML, each with a bound on what a stranger can make it cost."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError  # nosec B405 # types alone; defusedxml reads

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.conf import settings
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework import exceptions, parsers

from apiapp.http.errors import BodyTooDeep, TooManyFields
from apiapp.http.xml_names import FIELD, ITEM

BOM = b"\xef\xbb\xbf"
# orjson takes an integer beyond 64 bits for a float; Python's own reader keeps it.
LONG_NUMBER = re.compile(rb"[0-9]{19}")


class JsonParser(parsers.JSONParser):
    """`application/json`, always UTF-8 (RFC 8259, section 8.1), integers of any size."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return read_json(
            stream.read(),
            max_depth=settings.BODY_MAX_DEPTH,
            max_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        )


def read_json(body: bytes, *, max_depth: int, max_fields: int) -> Any:
    """The value in `body`.

    Raises ParseError with the position, BodyTooDeep, and TooManyFields for an object of more than
    `max_fields` at the top.
    """
    body = body.removeprefix(BOM)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        refuse_json(body, error)
    # Nothing is deeper than it has brackets: the usual body needs no walk.
    if body.count(b"[") + body.count(b"{") > max_depth:
        require_shallow(value, max_depth)
    if isinstance(value, dict) and len(value) > max_fields:
        raise TooManyFields(limit=max_fields)
    return json.loads(body) if LONG_NUMBER.search(body) else value


def refuse_json(body: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    """Raises ParseError, saying where."""
    try:
        body.decode()
    except UnicodeDecodeError as bad:
        raise exceptions.ParseError(f"the body is not UTF-8 at byte {bad.start}") from bad
    where = f"line {error.lineno}, column {error.colno}"
    raise exceptions.ParseError(f"the JSON cannot be read at {where}: {error.msg}") from error


def require_shallow(value: Any, max_depth: int) -> None:
    """Raises BodyTooDeep.  Walks level by level: a deep value must not use up the stack."""
    level = [value]
    for _ in range(max_depth + 1):
        level = [inner for each in level for inner in members(each)]
        if not level:
            return
    raise BodyTooDeep(limit=max_depth)


def members(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


class FormParser(parsers.FormParser):
    """`application/x-www-form-urlencoded`: UTF-8, beneath its percent signs as well."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Raises ParseError with the position, each `%..` counted as the one byte that it is."""
        body = stream.read()
        try:
            unquote_to_bytes(body).decode()
        except UnicodeDecodeError as bad:
            raise exceptions.ParseError(f"the form is not UTF-8 at byte {bad.start}") from bad
        return super().parse(io.BytesIO(body), media_type, parser_context)


class MultiPartParser(parsers.MultiPartParser):
    """`multipart/form-data` whose names and values are UTF-8 (RFC 7578, section 5.1.1)."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Raises ParseError, naming the field.

        Django would replace what is no UTF-8 unsaid: it is given a charset that keeps all bytes.
        """
        context = {**(parser_context or {}), "encoding": "latin-1"}
        parsed = super().parse(stream, media_type, context)
        fields = QueryDict(mutable=True)
        for name, values in parsed.data.lists():
            fields.setlist(as_utf8(name), [as_utf8(value, of=name) for value in values])
        files: MultiValueDict[str, Any] = MultiValueDict()
        for name, uploaded in parsed.files.lists():
            files.setlist(as_utf8(name), uploaded)
        return parsers.DataAndFiles(fields, files)


def as_utf8(text: str, of: str = "") -> str:
    """Bytes that were read as Latin-1, as what they are.  Raises ParseError."""
    raw = text.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError as bad:
        where = f"the field {ascii(of or text)} of the form"
        raise exceptions.ParseError(f"{where} is not UTF-8 at byte {bad.start}") from bad


class XmlParser(parsers.BaseParser):
    """`application/xml` without DTD, entities or anything fetched.

    The root's children are the fields.  An element with children is an object, or a list if they
    are all called `item`; so is a field that comes several times.  Any other is its text: XML
    knows no numbers.
    """

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return read_xml(
            stream,
            max_depth=settings.BODY_MAX_DEPTH,
            max_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        )


def read_xml(stream: Any, *, max_depth: int, max_fields: int) -> Any:
    """Raises what `read_tree` raises."""
    root = read_tree(stream, max_depth=max_depth, max_fields=max_fields)
    is_empty = not len(root) and not (root.text or "").strip()
    return {} if is_empty else value_of(root)


def read_tree(stream: Any, *, max_depth: int, max_fields: int) -> Element:
    """The root element.  Raises ParseError with the position, BodyTooDeep, and TooManyFields."""
    depth = elements = 0
    root = None
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            elements += event == "start"
            if depth > max_depth:
                raise BodyTooDeep(limit=max_depth)
            if elements > max_fields:
                raise TooManyFields(limit=max_fields)
            root = element
    except ParseError as error:
        line, column = error.position
        raise exceptions.ParseError(
            f"the XML cannot be read at line {line}, column {column + 1}"
        ) from error
    except DefusedXmlException as error:
        raise exceptions.ParseError("XML with a DTD or entities is not read here") from error
    except (LookupError, ValueError) as error:  # of an encoding that expat does not know
        raise exceptions.ParseError("the XML's encoding is not read here: send UTF-8") from error
    assert root is not None
    return root


def value_of(element: Element) -> Any:
    children = list(element)
    if not children:
        return element.text or ""
    if all(child.tag == ITEM for child in children):
        return [value_of(child) for child in children]
    fields: dict[str, list[Any]] = {}
    for child in children:
        fields.setdefault(name_of(child), []).append(value_of(child))
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def name_of(element: Element) -> str:
    """Names that no XML element may have come as `<field name="...">`."""
    return element.get("name", FIELD) if element.tag == FIELD else str(element.tag)
