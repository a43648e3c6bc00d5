"""Files that are more, or less, than one table with a header: what is around it and missing in it."""

import codecs
from collections.abc import Callable, Iterator
from random import Random

from bench.imports.reading import tables
from bench.imports.reading.draft import Draft, Grid, draft_of
from bench.imports.reading.tables import Row, Table

Pad = Callable[[Grid], Grid]
TITLES = (
    ("Monthly report",),
    ("Monthly report", ""),
    ("Report: sales by station", "Created: 2024-03-01 10:15", ""),
    ("Acme Ltd., 12 High Street, Springfield", "Confidential; do not copy", "", ""),
    ("Source: survey, weighted, 2023", "Unit: thousands", "Revised: yes, twice"),
    ("version\t2", "exported by user admin", "rows 40"),
)
COMMENTS = ("#", "# ", "//", "-- ", "%", ";", "! ", "REM ")
FOOTERS = (
    ("", "Source: the survey of 2023, weighted"),
    ("(40 rows affected)",),
    ("", "* provisional", "** revised, see note 2"),
    ("-- end of file --",),
    ("", "", "Printed 2024-03-01"),
)


def any_table(draw: Random) -> Table:
    makers = [tables.people, tables.plain, tables.any_vega, tables.any_vega]
    return draw.choice(makers)(draw)


def preamble(draw: Random) -> Iterator[Draft]:
    for title in TITLES:
        for table in (any_table(draw), tables.plain(draw)):
            yield draft_of(table).but(before=title, delimiter=draw.choice(",;\t"))
    for title in TITLES[:4]:  # as a spreadsheet writes it: as many delimiters as the table has
        table = tables.any_vega(draw)
        missing = "," * (len(table.header) - 1)
        padded = [f'"{line}"{missing}' if "," in line else line + missing for line in title]
        yield draft_of(table).but(before=padded)


def comments(draw: Random) -> Iterator[Draft]:
    for sign in COMMENTS:
        lines = [f"{sign}exported 2024-03-01", f"{sign}columns: see the manual, page 3"]
        yield draft_of(any_table(draw)).but(before=lines)
    for sign in COMMENTS[:4]:  # more lines of comment than rows, with marks in them
        about = [f"{sign}column {number}: see file cfg/a-{number}.inc" for number in range(12)]
        table = tables.any_vega(draw)
        few = Table(table.header, table.rows[:5])
        yield draft_of(few).but(before=[*about, sign.strip(), ""])
    for sign in COMMENTS[:4]:
        table = tables.plain(draw)
        yield draft_of(table).but(between=((4, f"{sign}checked until here"), (9, f"{sign}new")))


def no_header(draw: Random) -> Iterator[Draft]:
    for name in tables.VEGA:
        yield headless(tables.vega(name, draw))
    for table in (tables.plain(draw), tables.people(draw), tables.worded("zh_hans", draw)):
        yield headless(table)
        yield headless(table).but(delimiter=draw.choice(";\t|"))


def headless(table: Table) -> Draft:
    return draft_of(table).but(header=[]).answered(table.rows)


def header_rows(draw: Random) -> Iterator[Draft]:
    """Groups above names, units below them, names in two or three lines.

    Right is one header, its parts joined by a space, in the order of the rows.
    """
    for _ in range(3):
        table = tables.plain(draw)
        names = table.header
        groups = ["where", "", "what", "", "when"]
        filled = ["where", "where", "what", "what", "when"]
        units = ["", "", "°C", "persons", "ISO"]
        yield joined(table, [groups, names], [[groups, names], [filled, names]])
        yield joined(table, [filled, names], [[filled, names]])
        yield joined(table, [names, units], [[names, units]])
        yield joined(
            table, [groups, names, units], [[groups, names, units], [filled, names, units]]
        )


def joined(table: Table, header: Grid, readings: list[Grid]) -> Draft:
    grids = [[join_names(rows), *table.rows] for rows in readings]
    return draft_of(table).but(header=header).answered(*grids)


def join_names(rows: Grid) -> Row:
    return [" ".join(filter(None, parts)) for parts in zip(*rows, strict=True)]


def footer(draw: Random) -> Iterator[Draft]:
    for lines in FOOTERS:
        for delimiter in (",", ";"):
            yield draft_of(any_table(draw)).but(after=lines, delimiter=delimiter)
    table = tables.plain(draw)  # a sum is a row like the others
    total = ["Total", "", "12.5", "123456", ""]
    kept = [table.header, *table.rows, total]
    yield draft_of(table).but(rows=[*table.rows, total]).answered(kept)


def several_tables(draw: Random) -> Iterator[Draft]:
    """Right is the first table alone, or all of them one below the other."""
    for gap in ([], [""], ["", "Second table", ""]):
        for other in (tables.plain(draw), tables.vega("stocks", draw), tables.western(draw)):
            table = tables.plain(draw)
            first = draft_of(table)
            lines = [first.line(cells) for cells in [other.header, *other.rows]]
            title = [[line] for line in gap if line]
            stacked = [table.header, *table.rows, *title, other.header, *other.rows]
            alone = [table.header, *table.rows]
            yield first.but(after=[*gap, *lines]).answered(alone, stacked)


def ragged(draw: Random) -> Iterator[Draft]:
    """Rows with too few cells or too many: each keeps what it has."""
    for how in ("missing", "extra", "both"):
        for count in (1, 4, 12):
            table = tables.plain(draw) if count == 4 else tables.people(draw)
            rows = [list(row) for row in table.rows]
            for index in draw.sample(range(len(rows)), count):
                cut = how == "missing" or (how == "both" and draw.random() < 0.5)
                rows[index] = rows[index][: draw.randint(1, 3)] if cut else [*rows[index], "extra"]
            yield draft_of(Table(table.header, rows))
    table = tables.plain(draw)
    yield draft_of(Table(table.header[:-1], table.rows))  # the header lacks a name
    yield draft_of(Table([*table.header, "more"], table.rows))


def blank_lines(draw: Random) -> Iterator[Draft]:
    for blank in ("", "   ", "\t"):
        table = tables.any_vega(draw)
        spread = tuple((index, blank) for index in draw.sample(range(len(table.rows)), 5))
        yield draft_of(table).but(between=spread)
        yield draft_of(table).but(before=[blank] * 2)
        yield draft_of(table).but(after=[blank] * 3)
        every = tuple((index, blank) for index in range(len(table.rows)))
        yield draft_of(table).but(between=every)


def spaces(draw: Random) -> Iterator[Draft]:
    """Right is the cell with its spaces, or without."""
    for delimiter in (",", ";", "|", "\t"):
        for pad in (padded_right, padded_left, between_spaces):
            table = tables.plain(draw)
            grid = pad([table.header, *table.rows])
            draft = draft_of(table).but(header=grid[:1], rows=grid[1:], delimiter=delimiter)
            yield draft.but(quoting="none").answered([table.header, *table.rows], grid)


def padded_right(grid: Grid) -> Grid:
    widths = widths_of(grid)
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in grid]


def padded_left(grid: Grid) -> Grid:
    widths = widths_of(grid)
    return [[cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in grid]


def between_spaces(grid: Grid) -> Grid:
    return [[f" {cell} " for cell in row] for row in grid]


def widths_of(grid: Grid) -> list[int]:
    return [max(map(len, column)) for column in zip(*grid, strict=True)]


def fixed_width(draw: Random) -> Iterator[Draft]:
    for gap in ("  ", " ", "    "):
        for pad in (padded_right, padded_left):
            table = tables.plain(draw)
            yield in_columns(table, gap, [table.header], pad)
            yield in_columns(table, gap, [], pad)
    table = tables.plain(draw)
    lines = ["-" * width for width in widths_of([table.header, *table.rows])]
    yield in_columns(table, "  ", [table.header, lines], padded_right)
    names = Table(["id", "name", "city"], [row[:3] for row in tables.western(draw).rows])
    for gap in ("  ", "   "):  # cells with single spaces in them
        yield in_columns(names, gap, [names.header], padded_right)


def in_columns(table: Table, gap: str, header: Grid, pad: Pad) -> Draft:
    lines = pad([*header, *table.rows])
    draft = draft_of(table).but(header=[], rows=lines, delimiter=gap, quoting="none")
    return draft.answered([*header[:1], *table.rows])


def drawn(draw: Random) -> Iterator[Draft]:
    """Tables as database shells and Markdown draw them."""
    for _ in range(2):
        table = tables.plain(draw)
        grid = between_spaces(padded_right([table.header, *table.rows]))
        rules = ["-" * len(cell) for cell in grid[0]]
        draft = draft_of(table).but(header=[], delimiter="|", quoting="none")
        yield draft.but(rows=[grid[0], rules, *grid[1:]], before=()).but(row_end="|", row_start="|")
        yield draft.but(header=grid[:1], rows=grid[1:], after=(f"({len(table.rows)} rows)",)).but(
            row_rule="+".join(rules)
        )
        rule = f"+{'+'.join(rules)}+"
        yield draft.but(header=grid[:1], rows=grid[1:], row_start="|", row_end="|").but(
            before=(rule,), row_rule=rule, after=(rule,)
        )


def empty_columns(draw: Random) -> Iterator[Draft]:
    """Columns without a name or without a value; the first one as pandas writes its index."""
    for place in (0, 2, 5):
        table = tables.plain(draw)
        for name in ("", "notes"):
            yield draft_of(with_column(table, place, name, [""] * len(table.rows)))
    table = tables.plain(draw)
    for delimiter in (",", ";", "\t"):
        index = [str(number) for number in range(len(table.rows))]
        yield draft_of(with_column(table, 0, "", index)).but(delimiter=delimiter)
    sparse = [[cell if draw.random() < 0.2 else "" for cell in row] for row in table.rows]
    yield draft_of(Table(table.header, [["x", *row] for row in sparse])).answered(
        [table.header, *[["x", *row] for row in sparse]]
    )


def with_column(table: Table, place: int, name: str, cells: Row) -> Table:
    rows = [[*row[:place], cell, *row[place:]] for row, cell in zip(table.rows, cells, strict=True)]
    return Table([*table.header[:place], name, *table.header[place:]], rows)


def one_column(draw: Random) -> Iterator[Draft]:
    columns = {
        "visits": [str(draw.randint(0, 10**6)) for _ in range(40)],
        "price": [f"{draw.uniform(0, 100):.2f}" for _ in range(40)],
        "day": [tables.a_date(draw).isoformat() for _ in range(40)],
        "seen at": [f"{tables.a_date(draw)} 10:{draw.randint(10, 59)}:00" for _ in range(40)],
        "url": [f"https://example.org/a/{n}?x=1&y=2;z" for n in range(40)],
        "e-mail": [f"user{n}@example.org" for n in range(40)],
        "remark": [draw.choice([*tables.WESTERN_NOTES, *tables.SENTENCES[:2]]) for _ in range(40)],
        "name": [draw.choice(tables.WESTERN_NAMES) for _ in range(40)],
    }
    for name, cells in columns.items():
        yield draft_of(Table([name], [[cell] for cell in cells])).but(quoting="all")
        if not any(set(cell) & set(',";') for cell in cells):
            yield draft_of(Table([name], [[cell] for cell in cells]))


def few_rows(draw: Random) -> Iterator[Draft]:
    for count in (0, 1, 2):
        for delimiter in (",", ";", "\t"):
            table = any_table(draw)
            yield draft_of(Table(table.header, table.rows[:count])).but(delimiter=delimiter)
    yield draft_of(Table(["name"], [["Ann"]]))
    yield draft_of(Table(["id", "name"], [["1", "Ann"]])).but(is_last_line_ended=False)


def row_ends(draw: Random) -> Iterator[Draft]:
    """A delimiter at the end of every row, with or without one after the header."""
    for delimiter in (",", ";", "\t", "|"):
        table = tables.any_vega(draw)
        yield draft_of(table).but(delimiter=delimiter, row_end=delimiter)
        rows = [[*row, ""] for row in table.rows]
        yield draft_of(table).but(delimiter=delimiter, rows=rows)


def separator_line(draw: Random) -> Iterator[Draft]:
    """What a spreadsheet takes as an order: sep=; in the first line."""
    for delimiter in (",", ";", "\t", "|"):
        for table in (tables.people(draw), tables.any_vega(draw)):
            yield draft_of(table).but(before=[f"sep={delimiter}"], delimiter=delimiter)


def truncated(draw: Random) -> Iterator[Draft]:
    """The file ends before it should: after its last row's first cells, or within a quoted cell."""
    for delimiter in (",", ";", "\t"):
        yield draft_of(any_table(draw)).but(is_last_line_ended=False, delimiter=delimiter)
        table = tables.plain(draw)
        *rows, last = table.rows
        rows.append([last[0], last[1][:2]])
        yield draft_of(Table(table.header, rows)).but(is_last_line_ended=False, delimiter=delimiter)
        table = tables.people(draw)
        *rows, last = table.rows
        draft = draft_of(table).but(delimiter=delimiter, is_last_line_ended=False)
        opened = f'{draft.line(last[:6])}{delimiter}"The last words were'
        kept = [table.header, *rows, [*last[:6], "The last words were"]]
        quoted = [table.header, *rows, [*last[:6], '"The last words were']]
        yield (
            draft_of(table)
            .but(rows=rows, after=[opened], delimiter=delimiter)
            .but(is_last_line_ended=False)
            .answered(kept, quoted)
        )


def odd_bytes(draw: Random) -> Iterator[Draft]:
    """Marks and zeros where none belong; where they may be kept or dropped, both are right."""
    for table in (tables.people(draw), tables.plain(draw)):
        draft = draft_of(table)
        twice = codecs.BOM_UTF8 * 2
        yield draft.but(mark=twice)
        yield draft.but(quoting="all", mark=codecs.BOM_UTF8)
        yield draft.but(garble=lambda data: data + b"\x1a")
        yield draft.but(garble=lambda data: data + b"\0" * 512)
        yield draft.but(garble=lambda data: b"\n\n" + codecs.BOM_UTF8 + data)
    for odd in ("\0", "\ufeff", "\u200b", "\x07"):
        table = tables.plain(draw)
        rows = [list(row) for row in table.rows]
        rows[20][0] = odd + rows[20][0]
        yield draft_of(Table(table.header, rows)).answered(
            [table.header, *rows], [table.header, *table.rows]
        )
    table = tables.western(draw)
    kept = [table.header, *table.rows]
    lost = [[cell.replace("Zürich", "Z\ufffdrich") for cell in row] for row in kept]
    yield draft_of(table).but(garble=one_invalid_byte).answered(lost, kept)


def one_invalid_byte(data: bytes) -> bytes:
    """UTF-8 with every Zürich in Latin-1."""
    return data.replace("Zürich".encode(), "Zürich".encode("latin-1"))
