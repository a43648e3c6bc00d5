"""Tables as they are, written in unusual manners: encodings, line ends, delimiters, quotes."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from bench.imports.reading import tables
from bench.imports.reading.draft import Draft, Grid, draft_of
from bench.imports.reading.tables import Table

UNICODE = (
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
    ("utf-16-le", b""),
    ("utf-16-be", b""),
    ("utf-32-le", b""),
    ("utf-32-be", b""),
)
LEGACY = (
    ("cp1252", "western"),
    ("latin-1", "western"),
    ("iso8859-15", "western"),
    ("mac-roman", "western"),
    ("cp1250", "cs"),
    ("cp1251", "ru"),
    ("koi8-r", "ru"),
    ("cp1253", "el"),
    ("gb18030", "zh_hans"),
    ("gbk", "zh_hans"),
    ("big5", "zh_hant"),
    ("shift-jis", "ja"),
    ("euc-jp", "ja"),
    ("euc-kr", "ko"),
)
LINE_ENDS = (
    ("\r\n",),
    ("\r",),
    ("\r\n", "\n"),
    ("\n", "\n", "\n", "\r\n"),
    ("\r", "\n"),
    ("\n", "\n", "\r"),
)
DELIMITERS = (";", "\t", "|", ":", " ", "^", "~", "\x01", "\x1f", "§", "¦", "!", "#", "*", "&", "/")
LONG_DELIMITERS = ("||", "::", ", ", "; ", "~|~", "|#|", " | ", ";;", "\t\t", "^|^", "@@", "<>")
FRANCE = "\N{NARROW NO-BREAK SPACE}"


def clean(draw: Random) -> Iterator[Draft]:
    makers: list[Callable[[Random], Table]] = [tables.people, tables.plain, tables.long_text]
    for maker in makers:
        yield draft_of(maker(draw))
    for name in tables.VEGA:
        yield draft_of(tables.vega(name, draw))


def unicode_encodings(draw: Random) -> Iterator[Draft]:
    for encoding, mark in UNICODE:
        for table in (tables.people(draw), tables.worded("zh_hans", draw)):
            yield draft_of(table).but(encoding=encoding, mark=mark)


def legacy_encodings(draw: Random) -> Iterator[Draft]:
    for encoding, script in LEGACY:
        for rows in (12, 60):
            if script == "western":
                table = tables.western(draw, rows=rows)
            else:
                table = tables.worded(script, draw, rows=rows)
            yield draft_of(table).but(encoding=encoding, delimiter=draw.choice(",;\t"))


def line_ends(draw: Random) -> Iterator[Draft]:
    for ends in LINE_ENDS:
        for table in (tables.plain(draw), tables.people(draw)):
            yield draft_of(table).but(line_ends=ends)


def delimiters(draw: Random) -> Iterator[Draft]:
    for delimiter in DELIMITERS:
        yield draft_of(tables.people(draw)).but(delimiter=delimiter)
    for delimiter in DELIMITERS[:6]:
        yield draft_of(tables.any_vega(draw)).but(delimiter=delimiter)


def long_delimiters(draw: Random) -> Iterator[Draft]:
    for delimiter in LONG_DELIMITERS:
        yield draft_of(draw.choice([tables.people, tables.any_vega])(draw)).but(delimiter=delimiter)


def quotes(draw: Random) -> Iterator[Draft]:
    for quoting in ("needed", "all", "text"):
        for quote in ('"', "'"):
            yield draft_of(tables.people(draw)).but(
                quote=quote, quoting=quoting, delimiter=draw.choice(";\t|")
            )
            yield draft_of(tables.any_vega(draw)).but(
                quote=quote, quoting=quoting, delimiter=draw.choice(";\t|")
            )
        yield draft_of(tables.people(draw)).but(quote="'", quoting=quoting)


def partly_quoted(draw: Random) -> Iterator[Draft]:
    """Quotes around the names only, the cells only, one column, or after a space."""
    for delimiter in (",", ";", "\t", "|"):
        table = tables.plain(draw)
        names = [f'"{name}"' for name in table.header]
        cells = [[f'"{cell}"' for cell in row] for row in table.rows]
        first = [[row[0], *quoted[1:]] for row, quoted in zip(table.rows, cells, strict=True)]
        draft = draft_of(table).but(delimiter=delimiter, quoting="none")
        yield draft.but(header=[names])
        yield draft.but(rows=cells)
        yield draft.but(rows=first, header=[[table.header[0], *names[1:]]])
        if delimiter != "\t":
            yield draft.but(header=[names], rows=cells, delimiter=f"{delimiter} ")


def lookalikes(draw: Random) -> Iterator[Draft]:
    """Another delimiter than the file's own occurs more often, within the cells."""
    for delimiter, inner in (
        (",", "|"),
        (";", "|"),
        (",", ";"),
        ("\t", ","),
        (";", ","),
        ("|", ";"),
    ):
        table = tables.lists(draw, inner=inner)
        yield draft_of(table).but(delimiter=delimiter)
        yield draft_of(table).but(delimiter=delimiter, quoting="all")
        few = Table(table.header, table.rows[:2])
        yield draft_of(few).but(delimiter=delimiter)
    for delimiter in (",", ";"):
        yield draft_of(tables.wide(draw)).but(delimiter=delimiter)
        yield draft_of(tables.wide(draw, rows=2)).but(delimiter=delimiter)


def compressed(draw: Random) -> Iterator[Draft]:
    """Told by their bytes: all are called .csv."""
    for pack in (partial(gzip.compress, mtime=0), bz2.compress, lzma.compress, zipped):
        yield draft_of(tables.people(draw)).but(garble=pack)
        yield draft_of(tables.any_vega(draw)).but(garble=pack, delimiter=";")


def zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("table.csv", (2024, 1, 1, 0, 0, 0)), data)
    return packed.getvalue()


def no_quotes(draw: Random) -> Iterator[Draft]:
    """Quotes are letters here: inches, nicknames, one at the start of a cell."""
    samples = ('5" pipe', 'Bob "Bo" Ray', "O'Hara", "'tis", '"', 'a "b', "rock 'n' roll")
    for delimiter in ("\t", "|", ";", ","):
        for quote_rows in (1, 10):
            table = tables.plain(draw)
            rows = [[*row, "word"] for row in table.rows]
            for index in draw.sample(range(len(rows)), quote_rows):
                rows[index][-1] = draw.choice(samples)
            grid = Table([*table.header, "item"], rows)
            yield draft_of(grid).but(delimiter=delimiter, quoting="none")


def broken_quotes(draw: Random) -> Iterator[Draft]:
    """One cell lacks its closing quote, or has one too many; the other rows are sound.

    Right is that the damage stays in its row: with the quote kept or dropped.
    """
    for damage in ("{}", '"{}', '{}"', '"{}""', '"{}"x', '"{} "'):
        for column in (1, 3):
            table = tables.plain(draw)
            index = draw.randrange(5, len(table.rows) - 5)
            written = damage.format(table.rows[index][column]) if damage != "{}" else '"'
            draft = draft_of(table).but(quoting="none")
            rows = with_cell(table.rows, index, column, written)
            inner = written.removeprefix('"').removesuffix('"')
            likely = {written, inner, inner.strip('"'), inner.strip('"x ')}
            grids = [
                [table.header, *with_cell(table.rows, index, column, text)]
                for text in sorted(likely, key=len, reverse=True)
            ]
            yield draft.but(rows=rows).answered(*grids)


def with_cell(rows: Grid, index: int, column: int, text: str) -> Grid:
    changed = [*rows[index][:column], text, *rows[index][column + 1 :]]
    return [*rows[:index], changed, *rows[index + 1 :]]


def escapes(draw: Random) -> Iterator[Draft]:
    for delimiter in (",", ";", "\t", "|"):
        yield draft_of(tables.people(draw)).but(escape="backslash", delimiter=delimiter)
        yield draft_of(tables.people(draw)).but(
            escape="backslash", quoting="all", delimiter=delimiter
        )
        yield unescaped(draw).but(delimiter=delimiter)


def unescaped(draw: Random) -> Draft:
    """Quotes within quoted cells that are not escaped at all."""
    table = tables.plain(draw)
    rows = [[*row, draw.choice(['10" pipe', 'the "best" one', "plain"])] for row in table.rows]
    return draft_of(Table([*table.header, "item"], rows)).but(escape="none", quoting="all")


def numbers(draw: Random) -> Iterator[Draft]:
    """Thousands and decimal marks, which also are delimiters."""
    styles = {
        "german": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,")),
        "english": lambda value: f"{value:,.2f}",
        "french": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", f"{FRANCE},")),
        "swiss": lambda value: f"{value:,.2f}".replace(",", "'"),
        "spaced": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", " ,")),
        "indian": lambda value: f"₹ {value:,.0f}/-",
        "priced": lambda value: f"$1,{value % 1000:06.2f}",
    }
    for style in styles.values():
        for delimiter in (";", "\t", ","):
            table = tables.plain(draw, rows=30)
            rows = [
                [row[0], style(draw.uniform(1, 9e6)), row[1], style(draw.uniform(1, 99_999))]
                for row in table.rows
            ]
            header = ["station", "total", "region", "mean"]
            yield draft_of(Table(header, rows)).but(delimiter=delimiter)


def dates(draw: Random) -> Iterator[Draft]:
    """Orders of day, month and year, with marks that also are delimiters."""
    formats = (
        *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%y", "%b %d, %Y"),
        *("%A, %d %B %Y", "%Y%m%d", "%d.%m.%y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y年%m月%d日"),
    )
    for form in formats:
        table = tables.plain(draw, rows=30)
        rows = [
            [row[0], tables.a_date(draw).strftime(form), row[2], tables.a_date(draw).strftime(form)]
            for row in table.rows
        ]
        header = ["station", "first seen", "temperature", "last seen"]
        yield draft_of(Table(header, rows)).but(delimiter=draw.choice(",;:/ "))
