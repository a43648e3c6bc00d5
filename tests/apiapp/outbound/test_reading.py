"""What JSON and XML answers say, as data."""

from typing import Any

import pytest

from apiapp.outbound.errors import UnreadableAnswer
from apiapp.outbound.reading import data_of

XML = "application/xml"
GREETING = "<a>你好</a>"


@pytest.mark.parametrize(
    ("content_type", "content", "data"),
    [
        ("application/json", b'{"a": [1, null]}', {"a": [1, None]}),
        ("application/problem+json; charset=utf-8", b'"x"', "x"),
        (XML, b"<a/>", {"a": ""}),
        ("text/xml", b"<a>\n<b>1</b><b>2</b><c/></a>", {"a": {"b": ["1", "2"], "c": ""}}),
        (
            "application/atom+xml",
            b'<a id="7">x<b/>y</a>',
            {"a": {"@id": "7", "b": "", "#text": "xy"}},
        ),
        (XML, b'<a:b xmlns:a="urn:x" a:c="1"><a:d>e</a:d></a:b>', {"b": {"@c": "1", "d": "e"}}),
        (XML, f'<?xml version="1.0"?>{GREETING}'.encode(), {"a": "你好"}),
        (XML, GREETING.encode("utf-16"), {"a": "你好"}),
        (
            XML,
            f'<?xml version="1.0" encoding="GB18030"?>{GREETING}'.encode("gb18030"),
            {"a": "你好"},
        ),
        ("text/xml; charset=gbk", GREETING.encode("gbk"), {"a": "你好"}),
        ("text/plain", b"<a/>", None),
        ("", b"{}", None),
    ],
)
def test_an_answer_is_read_by_its_type(content_type: str, content: bytes, data: Any):
    assert data_of(content, content_type=content_type) == data


@pytest.mark.parametrize(
    ("content_type", "content", "told"),
    [
        (XML, b"<a>\n<b></a>", "line 2"),
        (XML, b"", "line 1"),
        (XML, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DTD"),
        (XML, b"<a>" * 100_000, "deep"),
        (XML, b'<?xml version="1.0" encoding="nonsense"?><a/>', "encoding"),
        (XML, b'<?xml version="1.0" encoding="base64"?><a/>', "encoding"),
        ("text/xml; charset=gbk", b"<a>\xff", "line 1"),
        ("application/json", b"{", "line 1"),
        ("application/json", b"NaN", "line 1"),
        ("application/json", b"[" * 100_000 + b"]" * 100_000, "JSON"),
    ],
)
def test_what_is_broken_is_told(content_type: str, content: bytes, told: str):
    with pytest.raises(UnreadableAnswer, match=told):
        data_of(content, content_type=content_type)
