import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import vega_datasets
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.errors import BadDialect, EmptyFile, NotText, NotUtf8, RecordTooLong
from apiapp.imports.pipeline.dialect import DELIMITERS, Dialect, from_dict
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.sniff import HEAD_BYTES, Sniffed, sniff

VEGA = sorted((Path(vega_datasets.__file__).parent / "_data").glob("*.csv"))


def sniffed(content: bytes, **asked: object) -> Sniffed:
    return sniff(content[:HEAD_BYTES], is_whole=len(content) <= HEAD_BYTES, asked=asked)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"a,b,c\n1,2,3\n", ","),
        (b"a;b;c\n1,5;2,5;3,5\n", ";"),
        (b"1,5;2,5\n3,5;4,5\n", ";"),
        (b"a\tb\n1 000,5\t2\n", "\t"),
        (b"a|b\nx, y|2\n", "|"),
        (b'a,b\n"x;y",1\n"z;w",2\n', ","),
        (b'id,text\n1,"one\ntwo;three\nfour"\n2,"five"\n', ","),
        (b"name\nAnn\nBob\n", ","),
        (b"text\nwell, yes\nno\nmaybe\nperhaps, or not, who knows\nso\n", ","),
        (b"a,b,c\n1,2,3\n1,2\n1,2,3\n1,2,3\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_splits_the_rows_alike(
    content: bytes, delimiter: str
) -> None:
    found = sniffed(content)

    assert found.dialect.delimiter == delimiter
    assert found.reasons["delimiter"]


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        (b"id,name\n1,Ann\n2,Bob\n", True),
        (b"1,Ann\n2,Bob\n", False),
        (b"name,city\nAnn,Paris\nBob,Rome\n", True),
        (b"Ann,Paris\nBob,Paris\nAnn,Rome\n", False),
        (b"country,2019,2020\nFR,1,2\nDE,3,4\n", True),
        (b",price\nx,1.5\ny,2.5\n", True),
        (b"a,b,c\n", True),
        (b"1,2,3\n", False),
        (b"name,name\nAnn,Bob\n", False),
        (b"day\n2026-01-31\n", True),
    ],
)
def test_the_header_is_told_from_types_and_repetition(content: bytes, has_header: bool) -> None:
    found = sniffed(content)

    assert found.dialect.has_header is has_header
    assert found.reasons["has_header"]


def test_what_is_asked_is_not_decided() -> None:
    found = sniffed(b"a,b;c\n1,2;3\n", delimiter=";", has_header=False)

    assert found.dialect == Dialect(delimiter=";", has_header=False)
    assert set(found.reasons) == {"encoding"}


def test_a_byte_order_mark_is_noticed_and_not_part_of_the_first_name() -> None:
    content = "\ufeffid,x\n1,2\n".encode()

    found = sniffed(content)

    assert found.dialect.has_bom
    assert DelimitedReader(io.BytesIO(content), found.dialect).header() == ["id", "x"]


@pytest.mark.parametrize("content", [b"", b"\n\r\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(EmptyFile):
        sniffed(content)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00" + b"\0" * 50, "xlsx"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"SQLite format 3\0", "SQLite"),
        (b"ab\0cd,\x01\x02\n\0\0\0\n\0\n", "byte 2 is 0"),
    ],
)
def test_another_kind_of_file_is_refused_by_what_it_is(content: bytes, named: str) -> None:
    with pytest.raises(NotText, match=named):
        sniffed(content)


@pytest.mark.parametrize(
    ("content", "at_byte", "named"),
    [
        ("name,city\nJosé,Orléans\nZoë,Nîmes\n".encode("latin-1"), 13, "0xE9"),
        ("prénom,âge\nAnn,3\n".encode("cp1252"), 2, "0xE9"),
        ("a,b\n1,2\n".encode("utf-16"), 0, "UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), 1, "UTF-16"),
        ("a,b\n1,2\n".encode("utf-32"), 0, "UTF-32"),
        ("名前,市\n太郎,東京\n花子,大阪\n".encode("shift-jis"), 0, "0x96"),
    ],
)
def test_another_encoding_is_refused_with_the_first_byte_that_shows_it(
    content: bytes, at_byte: int, named: str
) -> None:
    with pytest.raises(NotUtf8, match=named) as told:
        sniffed(content)

    assert told.value.at_byte == at_byte


@pytest.mark.parametrize("bad", [b"caf\xe9,1\n", b"\0,1\n"])
def test_one_bad_row_does_not_condemn_the_file(bad: bytes) -> None:
    assert sniffed(b"a,b\nx,1\n" + bad + b"y,2\n").dialect == Dialect()


def test_a_letter_cut_at_the_end_of_the_head_is_no_bad_byte() -> None:
    content = "ä\n".encode() * HEAD_BYTES

    assert sniff(content[: HEAD_BYTES + 1], is_whole=False).dialect.encoding == "utf-8"


def test_a_first_line_longer_than_the_head_is_refused() -> None:
    with pytest.raises(RecordTooLong):
        sniffed(b"x," * HEAD_BYTES)


@pytest.mark.parametrize(
    "asked",
    [
        {"delimiter": ":"},
        {"delimiter": ""},
        {"delimiter": 1},
        {"quote": "'"},
        {"encoding": "latin-1"},
        {"has_header": 1},
        {"lines": "LF"},
    ],
)
def test_a_dialect_that_does_not_exist_is_refused_by_name(asked: dict[str, object]) -> None:
    with pytest.raises(BadDialect) as told:
        sniffed(b"a,b\n1,2\n", **asked)

    assert told.value.field == next(iter(asked))


@given(
    st.builds(
        Dialect,
        has_bom=st.booleans(),
        delimiter=st.sampled_from(DELIMITERS),
        has_header=st.booleans(),
    )
)
def test_a_dialect_comes_back_from_its_dict(dialect: Dialect) -> None:
    assert from_dict(dialect.to_dict()) == dialect


WORDS = st.text(st.sampled_from("abcXYZ é日'-.;,\t|\"\n"), min_size=1, max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows of a number and of texts with everything that wants quoting."""
    width = draw(st.integers(1, 4))
    header = [f"name {number}" for number in range(width + 1)]
    rows = draw(st.lists(st.lists(WORDS, min_size=width, max_size=width), min_size=4, max_size=9))
    return [header, *([str(number), *row] for number, row in enumerate(rows))]


@given(table=tables(), delimiter=st.sampled_from(DELIMITERS), has_bom=st.booleans())
def test_a_table_in_any_dialect_is_told_and_read_as_it_was(
    table: list[list[str]], delimiter: str, has_bom: bool
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(table)
    content = ("\ufeff" * has_bom + file.getvalue()).encode()

    dialect = sniffed(content).dialect

    assert dialect == Dialect(delimiter=delimiter, has_header=True, has_bom=has_bom)
    reader = DelimitedReader(io.BytesIO(content), dialect)
    assert [reader.header(), *rows_of(reader)] == table


def rows_of(reader: DelimitedReader) -> Iterator[list[str]]:
    for records in reader.batches():
        yield from records.rows


@pytest.mark.parametrize("path", VEGA, ids=lambda path: path.name)
def test_files_that_nobody_here_wrote_are_read_cell_by_cell(path: Path) -> None:
    content = path.read_bytes()

    found = sniffed(content)

    reader = DelimitedReader(io.BytesIO(content), found.dialect)
    expected = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row]
    assert found.dialect == Dialect()
    assert [reader.header(), *rows_of(reader)] == expected
