import io

import pytest

from apiapp.http.charsets import TextRequest, is_text


def request_with(content_type: str) -> TextRequest:
    return TextRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "a=%E8%B5%84",
            "CONTENT_TYPE": content_type,
            "wsgi.input": io.BytesIO(),
        }
    )


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF-8", "gbk", "iso-8859-1", "ascii", "windows-1252"]
)
def test_charsets_of_text_are_believed(charset: str):
    assert is_text(charset)
    assert request_with(f"text/plain; charset={charset}").encoding == charset


@pytest.mark.parametrize(
    "charset",
    ["bz2", "zlib", "hex", "base64", "rot13", "undefined", "utf-16", "utf-7", "cp037", "x" * 500]
    + ["", "a\0b", "资源", "../x"],
)
def test_others_are_as_if_none_was_named(charset: str):
    request = request_with(f"application/x-www-form-urlencoded; charset={charset}")

    assert request.encoding is None
    assert request.GET["a"] == "资"
