"""One small file for each class of mess, and what must come out of it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.pipeline.dialect import BACKSLASH, Dialect
from apiapp.imports.pipeline.kinds import format_of
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.sniff import Sniffed, sniff


def sniffed(content: bytes, **asked: object) -> Sniffed:
    return sniff(content, is_whole=True, asked=asked)


def read(content: bytes, dialect: Dialect) -> list[list[str]]:
    reader = DelimitedReader(io.BytesIO(content), dialect)
    header = reader.header()
    rows = [row for records in reader.batches() for row in records.rows]
    return [header, *rows] if header else rows


NAMES = ["id", "name", "born"]
ROWS = [[str(number), f"Ann {number}", f"1990-01-{number:02}"] for number in range(1, 13)]
TABLE = [NAMES, *ROWS]


def text(delimiter: str = ",", line_end: str = "\n") -> str:
    return "".join(delimiter.join(row) + line_end for row in TABLE)


FIXED = "".join(f"{row[0]:<4}{row[1]:<10}{row[2]:>12}\n" for row in TABLE)
DRAWN = "".join("| {:<3} | {:<8} | {:<10} |\n".format(*row) for row in TABLE)
RULE = "|-----|----------|------------|\n"

MESSES = {
    "LF": text(),
    "CRLF": text(line_end="\r\n"),
    "CR": text(line_end="\r"),
    "mixed line ends": text().replace("\n", "\r\n", 3),
    "semicolon": text(";"),
    "tab": text("\t"),
    "bar": text("|"),
    "caret": text("^"),
    "tilde": text("~"),
    "control character": text("\x01"),
    "unit separator": text("\x1f"),
    "two colons": text("::"),
    "two bars": text("||"),
    "comma and space": text(", "),
    "padded bar": text(" | "),
    "space, with quotes": text(" ").replace("Ann ", '"Ann ').replace(" 1990", '" 1990'),
    "fixed widths": FIXED,
    "fixed widths with a rule": FIXED.replace("\n", "\n" + "-" * 3 + " " + "-" * 9 + "\n", 1),
    "drawn table": DRAWN.replace("\n", "\n" + RULE, 1),
    "table of Markdown": text("|")
    .replace("\n", "|\n|")
    .removesuffix("|")
    .join(["|", ""])
    .replace("\n", "\n|:--|---|--:|\n", 1),
    "a rule tells the widths": "".join(
        "{:>2} {:<7} {}\n".format(*row) for row in [NAMES, ["--", "-------", "-" * 10], *ROWS]
    ),
    "text around fixed widths": "The people of the register\n"
    + FIXED
    + "\nPrinted by the register\n",
    "single quotes": text().replace("Ann ", "'Ann ").replace(",1990", "',1990"),
    "said delimiter": "sep=;\n" + text(";"),
    "preamble": "Report of people\nPrinted on Monday, by hand\n\n" + text(),
    "padded preamble": "Report,,\n,,\n" + text(),
    "comments above": "# made by a program\n# see: the manual, page 3\n" + text(),
    "comments with a comma each": "//made by a program\n//see: the manual, page, 3\n" + text(),
    "comments of a batch file": "REM made by a program, daily\nREM see: the manual\n" + text(),
    "remarks without spaces": text().replace("\n5,", "\n#checked\n5,"),
    "runs of spaces": "".join("{:>3} {:>12}  {}\n".format(*row) for row in TABLE).replace(
        "Ann ", "Ann_"
    ),
    "comments between": text().replace("\n5,", "\n# checked so far\n5,"),
    "blank lines": text().replace("\n", "\n\n"),
    "lines of spaces": text().replace("\n5,", "\n  \t \n5,"),
    "note below": text() + "\nSource: the register of people\n",
    "total below": text() + "\nTotal: 12\n",
    "rows counted below": text() + "(12 rows)\n",
    "padding of NUL": text() + "\0" * 200,
    "end of a DOS file": text(line_end="\r\n") + "\x1a",
    "no last line end": text().rstrip("\n"),
    "second table": text() + "\nplace,height\nRome,3\nOslo,4\nBern,5\nKiev,6\n",
    "header again": text() + text(),
}


@pytest.mark.parametrize("mess", MESSES.values(), ids=MESSES.keys())
def test_the_table_comes_out_of_the_mess(mess: str) -> None:
    content = mess.encode()

    found = sniffed(content)

    assert [
        [cell.replace("_", " ") for cell in row] for row in read(content, found.dialect)
    ] == TABLE
    assert set(found.confidence) == set(found.reasons)
    assert all(0 <= confidence <= 1 for confidence in found.confidence.values())


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('a,b\n1,"x ""y"" z"\n2,"p, q"\n3,w\n', [["1", 'x "y" z'], ["2", "p, q"], ["3", "w"]]),
        ('a,b\n1,"x \\"y\\" z"\n2,"p, q"\n3,w\n', [["1", 'x "y" z'], ["2", "p, q"], ["3", "w"]]),
        ('a,b\n1,"x\n2,y\n3,z\n', [["1", '"x'], ["2", "y"], ["3", "z"]]),
        ('a,b\n1,x"\n2,y\n3,z\n', [["1", 'x"'], ["2", "y"], ["3", "z"]]),
        ('a,b\n1,"10" pipe"\n2,y\n3,z\n', [["1", '10" pipe'], ["2", "y"], ["3", "z"]]),
        ('a,b\n"1,"x, y"\n2,y\n3,z\n', [['"1', "x, y"], ["2", "y"], ["3", "z"]]),
        ('a,b\n1,"x\n\n- y, z\n"\n2,y\n3,z\n', [["1", "x\n\n- y, z\n"], ["2", "y"], ["3", "z"]]),
        ('a, b\n1, "x, y"\n2, "z"\n3, "w"\n', [["1", "x, y"], ["2", "z"], ["3", "w"]]),
        ('a,b\n1, "x y"\n2, "z"\n3, "w, v"\n', [["1", "x y"], ["2", "z"], ["3", "w, v"]]),
        ("a,b\n1\n2,y,z\n3,z\n4,x\n", [["1"], ["2", "y", "z"], ["3", "z"], ["4", "x"]]),
        ("a,b\n007, x \n1e5,TRUE\n", [["007", " x "], ["1e5", "TRUE"]]),
        ("a;b\n1.234,56;x\n7,5;y\n", [["1.234,56", "x"], ["7,5", "y"]]),
        ("a,b,c\n1,2,3\n1,2\n1\n", [["1", "2", "3"], ["1", "2"], ["1"]]),
        ("a,b,c\n1,x\n2,y,z,w\n", [["1", "x"], ["2", "y", "z", "w"]]),
        ("a,b,c,d\n1,2\n3,4\n5,6\n7,8\n", [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]]),
        (
            "at\n1 High St, Rome\n2 Low St, Bern, CH\n",
            [["1 High St, Rome"], ["2 Low St, Bern, CH"]],
        ),
        (
            "url,n\nhttp://a.b/c?d;e,1\nhttp://a.b/c?d;f,2\n",
            [["http://a.b/c?d;e", "1"], ["http://a.b/c?d;f", "2"]],
        ),
        ("a,b\n1,x\\, y\n2,z\n3,w\n", [["1", "x, y"], ["2", "z"], ["3", "w"]]),
        ("a\tb\n1\tx\n2\t'y\tz'\n3\tw\n", [["1", "x"], ["2", "y\tz"], ["3", "w"]]),
        ("a,n\nx,1\ny,2\nNote:,see page 3\n", [["x", "1"], ["y", "2"]]),
        (" a , b \n 1 , x y \n 2 , z \n", [[" 1 ", " x y "], [" 2 ", " z "]]),
        ("HH:mm\n15:02\n09:59\n", [["15:02"], ["09:59"]]),
        ('code,\n"S-1",\n"S-2",\n', [["S-1", ""], ["S-2", ""]]),
        (
            "Report\nt,at\n1.5,1/2/2025 10:00\n2.5,1/3/2025 10:00\n",
            [["1.5", "1/2/2025 10:00"], ["2.5", "1/3/2025 10:00"]],
        ),
    ],
    ids=[
        "doubled quotes",
        "backslash before quotes",
        "quote never closed",
        "quote missing at the start",
        "quote not doubled",
        "stray quote before a quoted cell",
        "cell of several lines",
        "space before quotes",
        "space before the quotes of some",
        "ragged",
        "text that looks like something",
        "decimal commas",
        "rows that end early",
        "rows of every width",
        "a header wider than all rows",
        "one column of addresses",
        "a column of URLs",
        "backslash before a delimiter",
        "one cell in single quotes",
        "a note of two cells",
        "spaces on both sides",
        "one column of times",
        "one column and a mark",
        "a title above times",
    ],
)
def test_cells_come_out_as_they_were_meant(content: str, rows: list[list[str]]) -> None:
    assert read(content.encode(), sniffed(content.encode()).dialect)[1:] == rows


@pytest.mark.parametrize(
    ("above", "labels"),
    [
        ("where,,what\ncity,street,size\n", ["where city", "where street", "what size"]),
        ("a,b,size\n(m),(m),(kg)\n", ["a (m)", "b (m)", "size (kg)"]),
        ("a,b,size\na,b,size\n", ["a a", "b b", "size size"]),
        ("a,b,size\n---,---,---\n", ["a", "b", "size"]),
    ],
    ids=["merged cells", "units", "twice", "a rule below"],
)
def test_several_rows_name_the_columns(above: str, labels: list[str]) -> None:
    content = (above + "".join(f"{n},{n + 1},{n}.5\n" for n in range(9))).encode()

    assert read(content, sniffed(content).dialect)[0] == labels


def test_a_row_with_a_total_in_the_table_is_no_footer() -> None:
    content = (text() + "Total,,12\n").encode()

    assert read(content, sniffed(content).dialect)[-1] == ["Total", "", "12"]


def test_the_other_tables_are_told_and_can_be_asked_for() -> None:
    content = MESSES["second table"].encode()

    assert "table 2 of 2 columns and 5 rows" in sniffed(content).reasons["table"]
    second = sniffed(content, table=2).dialect
    assert read(content, second)[:2] == [["place", "height"], ["Rome", "3"]]


def test_every_decision_can_be_overridden() -> None:
    asked = {
        "encoding": "cp1252",
        "delimiter": ";",
        "quote": "'",
        "escape": BACKSLASH,
        "comment": "%",
        "skip_lines": 1,
        "footer_rows": 1,
        "has_header": False,
    }
    content = "a,b\n1;'x\\';y'\n% no\n2;ä\n3;z\n".encode("cp1252")

    found = sniffed(content, **asked)

    assert not asked.keys() & found.reasons.keys()
    assert read(content, found.dialect) == [["1", "x';y"], ["2", "ä"]]


CELLS = st.text(st.sampled_from("ab1 é文,;:|~^'\"\\\t\n\r"), max_size=8)
PLAIN = st.text(st.sampled_from("ab1é文.-"), min_size=1, max_size=6)


def quoted(cell: str, dialect: Dialect) -> str:
    quote = dialect.quote
    if dialect.escape:
        cell = cell.replace(BACKSLASH, BACKSLASH * 2).replace(quote, BACKSLASH + quote)
    else:
        cell = cell.replace(quote, quote * 2)
    return f"{quote}{cell}{quote}"


@given(
    table=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|", "::", "||", ", ", "^", "\x01", " "]),
    quote=st.sampled_from(['"', "'"]),
    escape=st.sampled_from(["", BACKSLASH]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-32-be", "gb18030"]),
)
def test_a_quoted_table_in_any_dialect_is_read_as_it_was(
    table: list[list[str]], delimiter: str, quote: str, escape: str, line_end: str, encoding: str
) -> None:
    dialect = Dialect(
        encoding=encoding, delimiter=delimiter, quote=quote, escape=escape, has_header=False
    )
    lines = [delimiter.join(quoted(cell, dialect) for cell in row) for row in table]

    rows = read((line_end.join(lines) + line_end).encode(encoding), dialect)

    assert rows == table


@given(
    table=st.lists(st.lists(PLAIN, min_size=3, max_size=3), min_size=1),
    delimiter=st.sampled_from(["::", "||", "\x1f", ";"]),
)
def test_a_plain_table_in_any_dialect_is_read_as_it_was(
    table: list[list[str]], delimiter: str
) -> None:
    dialect = Dialect(delimiter=delimiter, quote="", has_header=False)

    assert read("\n".join(map(delimiter.join, table)).encode(), dialect) == table


@pytest.mark.parametrize(
    "rows",
    [
        [['5" pipe', "1"], ['"tis', "2"], ['"', "3"], ["ok", "4"]],
        [["1", '"'], ["2", '"'], ["3", "x"]],
        [["Ann", "12 High St\nRome, IT"], ["Bob", "1 Low St\nBern, CH"]],
        [["Ann", "x\ry"], ["Bob", "z"], ["Cay", "w"], ["Dan", "v"]],
    ],
    ids=["letters", "lone ones", "around lines", "a return within a line"],
)
def test_quotes_and_returns_are_text_where_nothing_else_fits(rows: list[list[str]]) -> None:
    lines = [[f'"{cell}"' if "\n" in cell else cell for cell in row] for row in rows]
    content = "\n".join(map(",".join, [["name", "note"], *lines])).encode()

    assert read(content, sniffed(content).dialect)[1:] == rows


def test_a_log_of_two_lines_is_split_at_its_spaces() -> None:
    content = b"""1.2.3.4 - ann [08/Apr/2001:17:39:04 -0800] "GET /a b" 200 34
1.2.3.5 - - [08/Apr/2001:17:40:04 -0800] "GET /" 404 2
"""

    assert read(content, sniffed(content).dialect) == [
        ["1.2.3.4", "-", "ann", "[08/Apr/2001:17:39:04", "-0800]", "GET /a b", "200", "34"],
        ["1.2.3.5", "-", "-", "[08/Apr/2001:17:40:04", "-0800]", "GET /", "404", "2"],
    ]


def test_marks_of_joined_files_are_no_part_of_cells() -> None:
    content = "\ufeffid,name\n1,Ann\n\ufeff2,Bob\n".encode()

    assert read(content, sniffed(content).dialect) == [["id", "name"], ["1", "Ann"], ["2", "Bob"]]


def test_a_table_may_begin_like_an_archive() -> None:
    assert format_of(io.BytesIO(b"PK\n1\n2\n"), is_whole=True) == "text"


@given(st.lists(st.lists(st.text("ab é.", max_size=5), min_size=2, max_size=4), min_size=1))
def test_quoted_cells_are_read_as_they_were_between_delimiters_that_merge(
    table: list[list[str]],
) -> None:
    dialect = Dialect(delimiter=" ", merge_delimiters=True, has_header=False)
    lines = ["  ".join(quoted(cell, dialect) for cell in row) for row in table]

    assert read("\n".join(lines).encode(), dialect) == table
