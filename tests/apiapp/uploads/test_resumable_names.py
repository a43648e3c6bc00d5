"""Names of files in Content-Disposition."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads.errors import BadHeader
from apiapp.uploads.resumable_names import filename_in

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", ""),
        ("inline", ""),
        ("attachment; filename=a.csv", "a.csv"),
        ('inline; filename="a b;c.csv"', "a b;c.csv"),
        (r'inline; filename="a\"b\\c.csv"', 'a"b\\c.csv'),
        ("inline;FILENAME=a.csv;size=5", "a.csv"),
        ("inline; filename*=UTF-8''%e2%82%ac%20rates", "€ rates"),
        ("inline; filename*=utf-8'de'a.csv; filename=b.csv", "a.csv"),
        ("inline; filename=b.csv; filename*=iso-8859-1''%A3.csv", "£.csv"),
        ('inline; filename="数据.csv"'.encode().decode("latin-1"), "数据.csv"),
        ('inline; filename="\xe9t\xe9.csv"', "été.csv"),
        ('inline; filename=""', ""),
    ],
)
def test_names_are_read_as_browsers_and_programs_write_them(header: str, name: str):
    assert filename_in(header) == name


@pytest.mark.parametrize(
    "header",
    [
        "filename=a.csv",
        "inline; filename",
        'inline; filename="a',
        "inline; filename=a b",
        "inline; filename=a; filename=b",
        "inline, attachment",
        "inline; filename*=a.csv",
        "inline; filename*=UTF-8''%",
        "inline; filename*=UTF-8''%ff",
        "inline; filename*=UTF-16''a",
        ";",
    ],
)
def test_what_cannot_be_read_is_refused(header: str):
    with pytest.raises(BadHeader):
        filename_in(header)


@given(TEXT)
def test_every_name_can_be_sent(name: str):
    assert filename_in(f"inline; filename*=UTF-8''{quote(name, safe='')}") == name
    quoted = name.replace("\\", r"\\").replace('"', r"\"")
    assert filename_in(f'inline; filename="{quoted}"'.encode().decode("latin-1")) == name


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_comes_is_read_or_refused(header: str):
    with suppress(BadHeader):
        assert isinstance(filename_in(header), str)
