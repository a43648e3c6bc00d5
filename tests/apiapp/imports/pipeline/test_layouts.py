"""Tables as programs print them and people lay them out: what must come out, and what is refused."""

import io

import pytest

from apiapp.imports.errors import NoTable
from apiapp.imports.pipeline.kinds import format_of
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.sniff import sniff

TABLE = [["id", "name", "price"], *([str(n), f"Ann {n}", f"{n}.50"] for n in range(1, 13))]


def rows_of(content: bytes) -> list[list[str]]:
    """All rows, the header first if there is one."""
    reader = DelimitedReader(io.BytesIO(content), sniff(content, is_whole=True).dialect)
    header = reader.header()
    rows = [row for records in reader.batches() for row in records.rows]
    return [header, *rows] if header else rows


@pytest.mark.parametrize(
    "mark", ["，", "；", "、", "،", "·", "•", "¬", "\u00a0", "\u2003", " & ", " # ", " ; "]
)
def test_marks_of_other_keyboards_part_cells(mark: str) -> None:
    content = "".join(mark.join(row) + "\n" for row in TABLE).encode()

    assert rows_of(content) == TABLE


def test_files_of_concordance_have_quotes_and_delimiters_of_their_own() -> None:
    content = "".join("\x14".join(f"þ{cell}þ" for cell in row) + "\r\n" for row in TABLE).encode()

    assert rows_of(content) == TABLE


@pytest.mark.parametrize(
    "lines",
    [
        ["price", "1\u00a0250", "2\u00a0000", "3\u00a0125"],
        ["品名", "红、绿", "蓝、白、黑", "黄", "紫、灰"],
        ["firm", "Tom & Ann", "Lee & Sons", "Ray", "Bo"],
    ],
    ids=["thousands", "lists", "names"],
)
def test_one_column_is_not_torn_at_marks_within_its_text(lines: list[str]) -> None:
    content = "\n".join([*lines, *lines[1:], *lines[1:], ""]).encode()

    assert {len(row) for row in rows_of(content)} == {1}


def test_dates_between_colons_are_no_times() -> None:
    rows = [[str(n), f"0{n}/03/2024", f"{n}.5", f"0{n}/04/2024"] for n in range(1, 10)]
    table = [["id", "from", "depth", "to"], *rows]

    assert rows_of("\n".join(map(":".join, table)).encode()) == table
    assert rows_of("\n".join(map(":".join, rows)).encode()) == rows


def test_paths_after_colons_make_no_longer_mark_of_them() -> None:
    users = ["root:x:0:0:root:/root:/bin/bash", "ann:x:7:7:Ann Lee,,,:/home/ann:/bin/sh"]
    users += [f"u{n}:x:{n}:{n}::/var/{n}:/usr/sbin/nologin" for n in range(2, 9)]

    assert rows_of("\n".join(users).encode()) == [user.split(":") for user in users]


def test_single_quotes_are_told_whatever_ends_a_line() -> None:
    rows = [[f"S-{n}", "west", f"{n}.5"] for n in range(1, 20)]

    for end in ("\n", "\r\n", "\r"):
        content = end.join(f"'{row[0]}';'{row[1]}';{row[2]}" for row in rows).encode()
        assert rows_of(content) == rows


@pytest.mark.parametrize(
    "note", ["Source: the register, weighted", "* estimated\n** revised, see note 2"]
)
def test_a_note_with_a_comma_is_no_row(note: str) -> None:
    content = "".join(",".join(row) + "\n" for row in TABLE) + f"\n{note}\n"

    assert rows_of(content.encode()) == TABLE


@pytest.mark.parametrize("message", ["ok", '"slow, very"'])
def test_pairs_of_a_key_and_a_value_are_not_torn(message: str) -> None:
    lines = [f"ts=2024-01-01T10:15:{n}Z level=info msg={message} port=80" for n in range(10, 30)]

    rows = rows_of("\n".join(lines).encode())

    assert [" ".join(row) for row in rows] == lines


def test_names_and_their_values_are_two_columns() -> None:
    content = b"Name: Ann\nAge: 31\nBorn: Rome, Italy\nPhone: 123\n"

    assert rows_of(content) == [
        ["Name", "Ann"],
        ["Age", "31"],
        ["Born", "Rome, Italy"],
        ["Phone", "123"],
    ]


def test_the_time_of_day_in_a_log_is_not_torn() -> None:
    words = ["started", "user ann in", "failed: no such file", "done", "retry in 5 s"]
    lines = [f"Mar {n:>2} 03:14:{n:02} host app[{n}]: {words[n % 5]}" for n in range(1, 25)]

    rows = rows_of("\n".join(lines).encode())

    assert len(rows) == len(lines)
    assert all("03:14:" in " ".join(row) for row in rows)


DISKS = """\
Filesystem                1K-blocks    Used Available Use% Mounted on
devtmpfs                    1918816       0   1918816   0% /dev
tmpfs                       1930664   11832   1918832   1% /run
/dev/mapper/volumes-root   17811456 1805580  16005876  11% /
/dev/sda1                   1038336  237600    800736  23% /boot
"""


def test_columns_of_numbers_stand_apart_by_one_space() -> None:
    assert rows_of(DISKS.encode()) == [
        ["Filesystem", "1K-blocks", "Used", "Available", "Use%", "Mounted on"],
        ["devtmpfs", "1918816", "0", "1918816", "0%", "/dev"],
        ["tmpfs", "1930664", "11832", "1918832", "1%", "/run"],
        ["/dev/mapper/volumes-root", "17811456", "1805580", "16005876", "11%", "/"],
        ["/dev/sda1", "1038336", "237600", "800736", "23%", "/boot"],
    ]


def test_a_long_last_cell_makes_no_columns_more() -> None:
    lines = ["USER       PID COMMAND"]
    lines += [f"{'root':<8} {n * 37:>5} /usr/bin/app{n % 3}" for n in range(1, 40)]
    lines[7] += " --listen 127.0.0.1:80 --workers 4"

    rows = rows_of("\n".join(lines).encode())

    assert {len(row) for row in rows} == {3}
    assert rows[7] == ["root", "259", "/usr/bin/app1 --listen 127.0.0.1:80 --workers 4"]


def test_a_number_that_grew_to_the_left_stays_whole() -> None:
    lines = ["USER              SIZE NAME"]
    lines += [f"{'ann':<14} {n:>7} x{n}" for n in (*range(10_000, 10_040), 1_234_567)]

    assert rows_of("\n".join(lines).encode())[-1] == ["ann", "1234567", "x1234567"]


# --- headers ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("gap", [[], [[""] * 7]], ids=["below", "after empty cells"])
def test_names_below_a_name_of_several_columns_belong_to_the_header(gap: list[list[str]]) -> None:
    upper = ["Dates", "Place", "Purpose", "Travel", "", "", "Total"]
    lower = ["", "", "", "Air", "Rail", "Taxi", ""]
    body = [["4 May", "Rome", "visit", "", "£65.60", "", "£65.60"]] * 5
    content = "".join(",".join(row) + "\n" for row in [upper, *gap, lower, *body]).encode()

    assert rows_of(content) == [
        ["Dates", "Place", "Purpose", "Travel Air", "Travel Rail", "Travel Taxi", "Total"],
        *body,
    ]


def test_a_row_of_data_below_names_with_gaps_is_no_header() -> None:
    body = [
        ["Ann", "Lee", "Rome", "IT"],
        ["Bob", "Ray", "Oslo", "NO"],
        ["Cid", "Foy", "Bern", "CH"],
    ]
    content = "".join(",".join(row) + "\n" for row in [["name", "", "town", ""], *body]).encode()

    assert rows_of(content)[1:] == body


@pytest.mark.parametrize("units", [["m", "°C", "km/h"], ["", "degree_C", "m s-1"]])
def test_units_below_the_names_belong_to_the_header(units: list[str]) -> None:
    names = ["depth", "temperature", "speed"]
    body = [[str(n), f"{20 - n}.5", f"{n}.1"] for n in range(9)]
    content = "".join(",".join(row) + "\n" for row in [names, units, *body]).encode()

    header, *rows = rows_of(content)

    assert header == [f"{name} {unit}".strip() for name, unit in zip(names, units, strict=True)]
    assert rows == body


def test_sizes_of_shirts_are_no_units() -> None:
    body = [["1", "m"], ["2", "l"], ["3", "s"], ["4", "m"]]
    content = "".join(",".join(row) + "\n" for row in [["id", "size"], *body]).encode()

    assert rows_of(content) == [["id", "size"], *body]


def test_a_title_is_none_of_the_rows_where_most_are_empty() -> None:
    content = (
        b",,\n,,\n,Payments of the department in July 2017,\n"
        + "".join(",".join(row) + "\n" for row in TABLE).encode()
        + b",,\n" * 60
    )

    assert [row for row in rows_of(content) if any(row)] == TABLE


def test_text_that_was_added_in_another_encoding_spoils_no_other() -> None:
    rows = [["id", "name"], *([str(n), "Zoë Müller"] for n in range(20))]
    lines = [(",".join(row) + "\n") for row in rows]
    content = "".join(lines[:12]).encode() + "".join(lines[12:]).encode("cp1252")

    assert rows_of(content)[:12] == rows[:12]
    assert len(rows_of(content)) == len(rows)


# --- what is no table ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("<html><body><table><tr><td>1</td></tr></table></body></html>", "HTML"),
        ("\ufeff\r\n<!DOCTYPE html>\n<p>Please sign in</p>", "HTML"),
        ("<table border=1><tr><td>1</td></tr></table>", "HTML"),
        (
            '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook/>',
            "Excel 2003",
        ),
        ("<?xml version='1.0'?>\n<rows><row/></rows>", "XML"),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n", "vCard"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "calendar"),
        ("OFXHEADER:100\nDATA:OFXSGML\n\n<OFX></OFX>\n", "OFX"),
        ("!Type:Bank\nD01/02/2024\nT-50.00\n^\n", "QIF"),
        (":20:STARTUMS\n:25:1234/5678\n:28C:1/1\n:61:2401020102D50,00\n", "MT940"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "certificate"),
        ("-- dump\n\nCREATE TABLE t (id int, name text);\nINSERT INTO t VALUES (1, 'a');\n", "SQL"),
        ("/*!40101 SET NAMES utf8 */;\nINSERT INTO `t` VALUES\n(1,'a'),\n(2,'b');\n", "SQL"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_text_that_holds_no_table_is_refused_by_its_name(
    content: str, what: str, encoding: str
) -> None:
    mark = b"" if encoding == "utf-8" else b"\xff\xfe"
    file = io.BytesIO(mark + content.removeprefix("\ufeff").encode(encoding))

    with pytest.raises(NoTable, match=what):
        format_of(file, is_whole=True)


@pytest.mark.parametrize(
    "content",
    [
        "markup,n\n<table>,1\n<?xml?>,2\n",
        "query,ms\nINSERT INTO t VALUES (1),5\nCREATE TABLE t,6\n",
        "Set,n\nInsert,1\n",
        "--\n-- dump\n--\nCOPY t (id, name) FROM stdin;\n1\tAnn\n2\tBob\n\\.\nINSERT INTO u VALUES (1);\n",
        ":20:1\n:30:2\n:40:3\n",
        "!type,n\n!a,1\n",
    ],
)
def test_a_table_with_such_words_is_a_table(content: str) -> None:
    assert format_of(io.BytesIO(content.encode()), is_whole=True) == "text"
