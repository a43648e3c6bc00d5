import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import vega_datasets
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.errors import BadDialect, EmptyFile, NotText, RecordTooLong
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
        (b"text\nwell, yes\nno\nmaybe\nperhaps, or not, who knows\nso\n", ""),
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


@pytest.mark.parametrize("content", [b"", b"\n\r\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    with pytest.raises(EmptyFile):
        sniffed(content)


def test_bytes_that_are_no_text_are_refused_with_where_they_are() -> None:
    with pytest.raises(NotText, match="byte 2 is 0"):
        sniffed(b"ab\0cd,\x01\x02\n\0\0\0\n\0\n")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "a,é\n中,文\n"),
        ("utf-16-le", "name,city\nJosé,Orléans\n"),
        ("utf-16-be", "name,city\nAnn,Rome\n"),
        ("utf-32-le", "a,b\n1,2\n"),
        ("utf-32-be", "a,b\n1,2\n"),
        ("cp1252", "name,city\nJosé,Orléans\nZoë,Nîmes\nJürgen,Größe – “gut”\n"),
        ("cp1252", "what,who\nthe year’s best,Ann\n£5,Bob\n"),
        ("cp1250", "Příliš,žluťoučký\nkůň,úpěl\nďábelské,ódy\n"),
        ("iso8859-2", "Żółć,Kraków\nŁódź,Gdańsk\nWrocław,Święty\n"),
        ("cp1251", "Имя,Город\nИван,Москва\nОльга,Санкт-Петербург\n"),
        ("koi8-r", "Имя,Город\nИван,Москва\nОльга,Санкт-Петербург\n"),
        ("cp866", "Имя,Город\nИван,Москва\nОльга,Санкт-Петербург\n"),
        ("cp1253", "Όνομα,Πόλη\nΓιώργος,Αθήνα\nΜαρία,Θεσσαλονίκη\n"),
        ("cp1254", "İsim,Şehir\nAyşe,İstanbul\nÇağrı,Eskişehir\n"),
        ("cp1255", "שם,עיר\nדוד,ירושלים\nשרה,תל אביב\n"),
        ("cp1256", "الاسم,المدينة\nمحمد,القاهرة\nفاطمة,بغداد\n"),
        ("cp1257", "Rīga,Jūrmala\nDaugavpils,Jēkabpils\nŠiauliai,Liepāja\n"),
        ("cp874", "ชื่อ,เมือง\nสมชาย,กรุงเทพ\nสมหญิง,เชียงใหม่\n"),
        ("cp850", "Straße,Größe\nMünchen,schön\n"),
        ("mac-roman", "Élève,café\nà,forêt\n"),
        ("gb18030", "编号,名称\n1,苹果\n2,香蕉\n"),
        ("big5hkscs", "姓名,城市\n陳大文,臺北市\n黃志明,香港九龍\n"),
        ("cp932", "名前,市\n太郎,東京\n花子,おおさか\nカタカナ,横浜\n"),
        ("euc-jp", "名前,市\n太郎さん,東京\n花子の,おおさか\n"),
        ("iso2022-jp", "名前,市\n太郎,東京\n"),
        ("cp949", "이름,도시\n김철수,서울\n이영희,부산광역시\n"),
    ],
)
def test_the_encoding_is_told_and_the_text_read_in_it(encoding: str, text: str) -> None:
    content = text.encode(encoding)

    found = sniffed(content)

    assert found.dialect.encoding == encoding
    assert not found.dialect.has_bom
    assert found.reasons["encoding"]
    assert 0 < found.confidence["encoding"] <= 1
    assert read(content, found.dialect) == [line.split(",") for line in text.splitlines()]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("euc-jp", "名前,都市\n太郎,東京\n"),
        ("gb18030", "姓名,城市\n张三,北京\n"),
        ("gb18030", "\ufeff文,x\n"),
        ("big5hkscs", "姓名,城市\n張三,臺北\n"),
        ("cp932", "名前,都市\n太郎,東京\n"),
    ],
)
def test_a_few_words_are_enough_for_the_encoding(encoding: str, text: str) -> None:
    assert sniffed(text.encode(encoding)).dialect.encoding == encoding


def test_a_zero_byte_or_two_make_a_small_text_no_binary_file() -> None:
    assert sniffed(b"hello\n\0world\0\n").dialect.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_tells_the_encoding_and_is_no_part_of_the_first_name(encoding: str) -> None:
    content = "id,é\n1,2\n".encode(encoding)

    found = sniffed(content)

    assert found.dialect.has_bom
    assert read(content, found.dialect) == [["id", "é"], ["1", "2"]]


@pytest.mark.parametrize("bad", [b"caf\xe9,1\n", b"\0,1\n"])
def test_one_bad_row_does_not_condemn_the_file(bad: bytes) -> None:
    good = "é,1\nü,2\n文,3\nя,4\n".encode()

    assert sniffed(b"a,b\nx,1\n" + good + bad + b"y,2\n").dialect == Dialect()


def test_a_letter_cut_at_the_end_of_the_head_is_no_bad_byte() -> None:
    content = "ä\n".encode() * HEAD_BYTES

    assert sniff(content[: HEAD_BYTES + 1], is_whole=False).dialect.encoding == "utf-8"


def test_a_first_line_longer_than_the_head_is_refused() -> None:
    with pytest.raises(RecordTooLong):
        sniffed(b"x," * HEAD_BYTES)


@pytest.mark.parametrize(
    "asked",
    [
        {"delimiter": "\n"},
        {"delimiter": "too long for one"},
        {"delimiter": 1},
        {"quote": "ab"},
        {"quote": ","},
        {"escape": "/"},
        {"encoding": "klingon"},
        {"widths": [0, 5, 3]},
        {"widths": [1, 2]},
        {"skip_lines": -1},
        {"header_rows": True},
        {"date_order": "ydm"},
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


def read(content: bytes, dialect: Dialect) -> list[list[str]]:
    """The header, if there is one, and the rows."""
    reader = DelimitedReader(io.BytesIO(content), dialect)
    header = reader.header()
    return [*([header] if header else []), *rows_of(reader)]


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


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_no_text(seed: int) -> None:
    with pytest.raises(NotText):
        sniffed(random.Random(seed).randbytes(1000 * (seed + 1)))


def test_a_letter_that_is_two_beside_others_is_looked_at_like_any() -> None:
    assert sniffed("名,字\n\u00ca\u0304,香港\n".encode("big5hkscs")).dialect.delimiter == ","
