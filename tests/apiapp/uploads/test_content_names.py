import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads import services
from apiapp.uploads.content import disposition


def extended(value: str) -> str | None:
    found = re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)$", value)
    return unquote(found[1], errors="strict") if found else None


@given(st.text(max_size=300))
def test_whatever_a_file_is_called_the_header_is_one_line_that_says_it(name: str):
    value = disposition(name)

    assert re.fullmatch(r'attachment; filename="[^"\\%/\x00-\x1f\x7f]*"(; filename\*=\S+)?', value)
    assert value.isascii()
    shown = services.clean_filename(name)
    assert (extended(value) or value.split('"')[1]) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a b.csv", 'attachment; filename="a b.csv"'),
        ("a;b=c,d.csv", 'attachment; filename="a;b=c,d.csv"'),
        ("x\r\nSet-Cookie: a=b", 'attachment; filename="xSet-Cookie: a=b"'),
        ('"; filename="evil.html', "attachment; filename=\"__ ; filename=_evil.html\"".replace("__ ", "_")
         + "; filename*=UTF-8''%22%3B%20filename%3D%22evil.html"),
        ("数据.csv", "attachment; filename=\"__.csv\"; filename*=UTF-8''%E6%95%B0%E6%8D%AE.csv"),
        ("100%41.csv", "attachment; filename=\"100_41.csv\"; filename*=UTF-8''100%2541.csv"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("", 'attachment; filename="upload"'),
        ("\ud800", 'attachment; filename="upload"'),
    ],
)  # fmt: skip
def test_names_that_would_do_harm_do_none(name: str, value: str):
    assert disposition(name) == value
