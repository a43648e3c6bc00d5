"""All classes of messy files, one at a time and combined, the same for the same seed."""

from collections.abc import Callable, Iterator
from random import Random

from bench.imports.reading import manners, outputs, shapes, tables
from bench.imports.reading.draft import Draft, draft_of

MESSES: dict[str, Callable[[Random], Iterator[Draft]]] = {
    "clean": manners.clean,
    "compressed": manners.compressed,
    "encoding-unicode": manners.unicode_encodings,
    "encoding-legacy": manners.legacy_encodings,
    "line-ends": manners.line_ends,
    "delimiter": manners.delimiters,
    "delimiter-long": manners.long_delimiters,
    "delimiter-lookalike": manners.lookalikes,
    "quote": manners.quotes,
    "quote-none": manners.no_quotes,
    "quote-partly": manners.partly_quoted,
    "quote-broken": manners.broken_quotes,
    "escape": manners.escapes,
    "numbers": manners.numbers,
    "dates": manners.dates,
    "preamble": shapes.preamble,
    "comments": shapes.comments,
    "header-none": shapes.no_header,
    "header-rows": shapes.header_rows,
    "footer": shapes.footer,
    "several-tables": shapes.several_tables,
    "ragged": shapes.ragged,
    "blank-lines": shapes.blank_lines,
    "spaces": shapes.spaces,
    "fixed-width": shapes.fixed_width,
    "drawn": shapes.drawn,
    "empty-columns": shapes.empty_columns,
    "one-column": shapes.one_column,
    "few-rows": shapes.few_rows,
    "row-ends": shapes.row_ends,
    "separator-line": shapes.separator_line,
    "truncated": shapes.truncated,
    "odd-bytes": shapes.odd_bytes,
    "odd-marks": outputs.odd_marks,
    "console": outputs.console,
    "logs": outputs.logs,
    "header-spans": outputs.header_spans,
    "units": outputs.units,
    "empty-rows": outputs.empty_rows,
    "mixed-encodings": outputs.mixed_encodings,
}
COMBINED = 60


def messy_files(seed: int) -> Iterator[tuple[str, Draft, bytes]]:
    """Name, draft and bytes of every file; the name is the class and a number."""
    for name, mess in {**MESSES, "combined": combined}.items():
        draw = Random(f"{seed} {name}")
        for number, draft in enumerate(mess(draw), 1):
            yield f"{name}-{number:02}.csv", draft, draft.data()


def combined(draw: Random) -> Iterator[Draft]:
    """Several messes in each file: encoding, manner of writing, and what is around the rows."""
    for _ in range(COMBINED):
        draft, encoding, mark = encoded(draw)
        draft = draft.but(
            encoding=encoding,
            mark=mark,
            delimiter=draw.choice([",", ";", "\t", "|", ";", "\t", "||"]),
            line_ends=draw.choice([("\n",), ("\r\n",), ("\r",), ("\r\n", "\n")]),
            quoting=draw.choice(["needed", "all", "text"]),
            quote=draw.choice(['"', '"', '"', "'"]),
            escape=draw.choice(["double", "double", "backslash"]),
            is_last_line_ended=draw.random() < 0.7,
        )
        for change in draw.sample(AROUND, draw.randint(2, 4)):
            draft = change(draft, draw)
        yield draft


def encoded(draw: Random) -> tuple[Draft, str, bytes]:
    """A table, and an encoding that has its letters."""
    if draw.random() < 0.5:
        encoding, mark = draw.choice(manners.UNICODE)
        table = draw.choice([tables.people, tables.plain, tables.any_vega])(draw)
    else:
        (encoding, script), mark = draw.choice(manners.LEGACY), b""
        table = tables.western(draw) if script == "western" else tables.worded(script, draw)
    return draft_of(table), encoding, mark


def titled(draft: Draft, draw: Random) -> Draft:
    return draft.but(before=[*draw.choice(shapes.TITLES), *draft.before])


def commented(draft: Draft, draw: Random) -> Draft:
    return draft.but(before=[*draft.before, "# exported 2024-03-01", "# see the manual, page 3"])


def without_header(draft: Draft, draw: Random) -> Draft:
    return draft.but(header=[]).answered(draft.answers[0][1:])


def footed(draft: Draft, draw: Random) -> Draft:
    return draft.but(after=draw.choice(shapes.FOOTERS[:3]))


def with_blank_lines(draft: Draft, draw: Random) -> Draft:
    places = draw.sample(range(len(draft.rows)), 3)
    return draft.but(between=tuple((place, "") for place in places))


def with_row_ends(draft: Draft, draw: Random) -> Draft:
    return draft.but(row_end=draft.delimiter)


def with_short_rows(draft: Draft, draw: Random) -> Draft:
    """One row lacks its last cell."""
    index = draw.randrange(len(draft.rows))
    rows = [row[:-1] if number == index else row for number, row in enumerate(draft.rows)]
    header = draft.answers[0][: len(draft.answers[0]) - len(rows)]
    return draft.but(rows=rows).answered([*header, *rows])


AROUND = [
    titled,
    commented,
    without_header,
    footed,
    with_blank_lines,
    with_row_ends,
    with_short_rows,
]
