import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.uploads.errors import BadForm, NotAForm
from apiapp.uploads.multipart import FIELD_BYTES, MAX_FIELDS, FileBegins, FormReader
from tests.apiapp.uploads.requests_over_asgi import FORM_TYPE, form

CONTENT_TYPE = FORM_TYPE["Content-Type"]

names = st.text(st.characters(codec="utf-8", exclude_characters='"\\\r\n;'), min_size=1, max_size=8)
# Bytes that look like the boundary, or a part of it, are what readers of forms trip over.
contents = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"XX", b"\r\n--X", b"\r\n--XY", b"a", b"\x00\xff"]),
    max_size=12,
).map(b"".join)


def read(body: bytes, cuts: list[int] | None = None) -> tuple[dict[str, str], list[str], bytes]:
    """Fields, file names and content of a form that comes cut into pieces."""
    reader = FormReader(CONTENT_TYPE, file_field="file")
    filenames, content = [], b""
    for first, last in zip([0, *(cuts or [])], [*(cuts or []), len(body)], strict=True):
        for event in reader.feed(body[first:last]):
            if isinstance(event, FileBegins):
                filenames.append(event.filename)
            else:
                content += event
    reader.end()
    return reader.fields, filenames, content


@given(
    fields=st.dictionaries(names.filter(lambda name: name != "file"), names, max_size=4),
    filename=names,
    content=contents,
    place=st.integers(0, 4),
    data=st.data(),
)
def test_a_form_is_read_the_same_however_it_is_cut(fields, filename, content, place, data):
    parts: list = [(name, None, value.encode()) for name, value in fields.items()]
    parts.insert(place, ("file", filename, content))
    body = form(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))

    assert read(body, cuts) == (fields, [filename], content)


@given(content=contents, data=st.data())
def test_a_form_cut_short_is_refused(content: bytes, data):
    body = form([("index", None, b"1"), ("file", "f", content)]).removesuffix(b"\r\n")
    end = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(BadForm):
        read(body[:end])


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_breaks_nothing(garbage: bytes):
    with pytest.raises(BadForm):
        read(garbage)


@given(contents)
def test_garbage_inside_a_form_is_read_or_refused(garbage: bytes):
    body = form([("file", "f", b"x")])

    try:
        read(body.replace(b"form-data", garbage))
    except BadForm:
        return


def test_memory_is_bounded_by_the_length_of_a_field():
    with pytest.raises(BadForm, match="too long"):
        read(form([("index", None, b"1" * (FIELD_BYTES + 1))]))


def test_memory_is_bounded_by_the_number_of_fields():
    with pytest.raises(BadForm, match="more than"):
        read(form([(f"field{number}", None, b"") for number in range(MAX_FIELDS + 1)]))


def test_memory_is_bounded_by_the_headers_of_a_part():
    long = form([("x" * 5000, None, b"")])
    many = b"--XX\r\n" + b"A: b\r\n" * 9 + b"\r\n--XX--"

    for body in (long, many):
        with pytest.raises(BadForm):
            read(body)


def test_a_field_that_comes_twice_is_refused():
    with pytest.raises(BadForm, match="twice"):
        read(form([("index", None, b"1"), ("index", None, b"2")]))


def test_a_part_without_a_name_is_refused():
    with pytest.raises(BadForm, match="no name"):
        read(b"--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--\r\n")


def test_a_field_that_is_not_utf8_is_refused():
    with pytest.raises(BadForm, match="UTF-8"):
        read(form([("index", None, b"\xff")]))


def test_a_file_under_another_name_is_no_file():
    with pytest.raises(BadForm, match="too long"):
        read(form([("document", "cars.csv", b"x" * 5000)]))


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=XX"])
def test_what_is_no_form_is_refused(content_type: str):
    with pytest.raises(NotAForm):
        FormReader(content_type, file_field="file")


@pytest.mark.parametrize("parameter", ["", "; boundary=", "; boundary=" + "x" * 300])
def test_a_form_without_a_usable_boundary_is_refused(parameter: str):
    with pytest.raises(BadForm):
        FormReader(f"multipart/form-data{parameter}", file_field="file")


def test_a_quoted_boundary_and_other_parameters_are_understood():
    reader = FormReader('Multipart/Form-Data; charset=utf-8; boundary="XX"', file_field="file")

    events = reader.feed(form([("file", "数据.csv", b"1")]))

    assert events[0] == FileBegins("数据.csv", fields={})


def test_a_file_knows_only_the_fields_before_it():
    reader = FormReader(CONTENT_TYPE, file_field="file")

    (begins, _) = reader.feed(form([("a", None, b"1"), ("file", "f", b"x"), ("b", None, b"2")]))

    assert begins == FileBegins("f", fields={"a": "1"})
    assert reader.fields == {"a": "1", "b": "2"}
