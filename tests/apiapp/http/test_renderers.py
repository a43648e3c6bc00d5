import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from apiapp.http.parsers import read_xml
from apiapp.http.renderers import JsonRenderer, XmlRenderer

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_json_is_what_python_reads_back(value: Any):
    written = JsonRenderer().render({"value": value})

    assert json.loads(written) == {"value": value}


def test_json_writes_what_rows_hold():
    data = {
        "n": 10**30,
        "d": Decimal("1.50"),
        "u": UUID(int=1),
        "on": date(2026, 1, 2),
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "名": "值",
    }

    read = json.loads(JsonRenderer().render(data))

    assert read["n"] == 10**30
    assert read["d"] == "1.50"
    assert read["on"] == "2026-01-02"
    assert read["名"] == "值"


def test_json_is_indented_where_that_is_asked_for():
    assert b"\n" in JsonRenderer().render({"a": 1}, "application/json; indent=4")


@given(PLAIN)
def test_any_json_is_well_formed_xml(value: Any):
    ElementTree.fromstring(XmlRenderer().render({"value": value}))


def test_names_cannot_break_out_of_xml():
    hostile = {"a><b": "x", "": "y", "xmlns": "z", "1": "one", "item": "i", "资源": "&<>\x00"}

    document = XmlRenderer().render(hostile)

    read = read_xml(io.BytesIO(document.encode()), max_depth=5, max_fields=20)
    assert read == {**hostile, "资源": "&<>\ufffd"}


def test_lists_and_nothing_are_told_apart_in_xml():
    document = XmlRenderer().render({"list": [1, "two"], "none": None, "yes": True})

    assert "<list><item>1</item><item>two</item></list>" in document
    assert '<none null="true"/>' in document
    assert "<yes>true</yes>" in document
