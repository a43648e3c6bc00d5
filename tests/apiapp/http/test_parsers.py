import io
import json
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from apiapp.http.errors import BodyTooDeep, TooManyFields
from apiapp.http.parsers import MultiPartParser, read_json, read_xml

LIMITS = {"max_depth": 10, "max_fields": 5}
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_python_writes_as_json_is_read_as_it_was(value: Any):
    body = json.dumps(value, ensure_ascii=False).encode()

    assert read_json(body, max_depth=100, max_fields=100) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(body: bytes):
    try:
        read_json(body, **LIMITS)
        read_xml(io.BytesIO(body), **LIMITS)
    except (ParseError, BodyTooDeep, TooManyFields):
        pass


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"a": }', "line 1, column 7"),
        (b'{"a":\n 1,', "line 2"),
        (b'{"a": "\xff"}', "byte 7"),
        (b"", "line 1, column 1"),
        (b'{"a": NaN}', "line 1, column 7"),
        (b'{"a": "\\ud800"}', "line 1"),
        (b"1" * 5000, "line 1"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_position(body: bytes, where: str):
    with pytest.raises(ParseError) as refusal:
        read_json(body, **LIMITS)

    assert where in str(refusal.value.detail)


def test_integers_keep_all_their_digits():
    number = 12345678901234567890123456789

    assert read_json(f'{{"n": {number}}}'.encode(), **LIMITS) == {"n": number}


def test_a_byte_order_mark_is_passed_over():
    assert read_json(b'\xef\xbb\xbf{"a": 1}', **LIMITS) == {"a": 1}


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_deep_body_is_refused_at_any_depth(opening: str):
    closing = "]" if opening == "[" else "}"
    for depth in (11, 500, 100_000):
        body = (opening * depth + "1" + closing * depth).encode()
        with pytest.raises((BodyTooDeep, ParseError)):
            read_json(body, **LIMITS)


def test_as_deep_as_is_allowed_is_read():
    assert read_json(b"[" * 10 + b"]" * 10, **LIMITS) is not None


def test_an_object_of_too_many_fields_is_refused():
    body = json.dumps({str(number): number for number in range(6)}).encode()

    with pytest.raises(TooManyFields):
        read_json(body, **LIMITS)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("<r><title>你好</title><content/></r>", {"title": "你好", "content": ""}),
        ("<r><a><b>1</b></a></r>", {"a": {"b": "1"}}),
        ("<r><item>1</item><item>2</item></r>", ["1", "2"]),
        ('<r><field name="a b">1</field></r>', {"a b": "1"}),
        ("<r>text</r>", "text"),
    ],
)
def test_xml_is_read_as_objects_lists_and_texts(body: str, value: Any):
    assert read_xml(io.BytesIO(body.encode()), **LIMITS) == value


ENTITIES = """<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><r><x>&b;</x></r>"""
FETCHES = """<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><x>&x;</x></r>"""


@pytest.mark.parametrize("body", [ENTITIES, FETCHES, "<!DOCTYPE r><r/>"])
def test_xml_with_a_dtd_is_refused(body: str):
    with pytest.raises(ParseError, match="DTD"):
        read_xml(io.BytesIO(body.encode()), **LIMITS)


def test_xml_that_breaks_off_is_refused_with_the_position():
    with pytest.raises(ParseError, match="line 2, column"):
        read_xml(io.BytesIO(b"<r>\n<a></r>"), **LIMITS)


@pytest.mark.parametrize("encoding", ["gbk", "nonsense", "base64"])
def test_xml_in_an_encoding_that_is_not_read_is_refused(encoding: str):
    body = f'<?xml version="1.0" encoding="{encoding}"?><r/>'

    with pytest.raises(ParseError, match="encoding"):
        read_xml(io.BytesIO(body.encode()), **LIMITS)


def test_deep_xml_is_refused_before_it_is_all_read():
    with pytest.raises(BodyTooDeep):
        read_xml(io.BytesIO(b"<a>" * 100_000), max_depth=10, max_fields=1_000_000)


def test_xml_of_many_elements_is_refused():
    with pytest.raises(TooManyFields):
        read_xml(io.BytesIO(b"<r>" + b"<a/>" * 100 + b"</r>"), **LIMITS)


def multipart(*parts: tuple[bytes, bytes]) -> Any:
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in parts
    )
    factory = RequestFactory()
    content_type = "multipart/form-data; boundary=x"
    request = factory.generic("POST", "/", body + b"--x--\r\n", content_type=content_type)
    return MultiPartParser().parse(request, content_type, {"request": request})


def test_a_multipart_forms_names_and_values_are_utf_8():
    parsed = multipart(("名称".encode(), "值".encode()), (b"a", b"1"), (b"a", b"2"))

    assert dict(parsed.data.lists()) == {"名称": ["值"], "a": ["1", "2"]}


def test_a_multipart_field_that_is_not_utf_8_is_refused_by_name():
    with pytest.raises(ParseError, match="the field 'a' of the form is not UTF-8 at byte 1"):
        multipart((b"a", b"x\xff"))
