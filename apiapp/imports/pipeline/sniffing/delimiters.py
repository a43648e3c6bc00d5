"""Which delimiter, quote and escape make a table of the lines.

Every candidate reads a sample of lines from all over the file; the one whose rows are most alike in
width, and whose columns are most of one kind, wins.  The measure is our own; that both matter was
shown by van den Burg, Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type
patterns" (2019).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apiapp.imports.pipeline.dialect import BACKSLASH, DELIMITERS, QUOTE, Dialect
from apiapp.imports.pipeline.lines import without_end
from apiapp.imports.pipeline.sniffing.kinds import EMPTY, LOOSE, TEXT, is_typed, kind_of
from apiapp.imports.pipeline.sniffing.marks import (
    LEAST_RATIO,
    is_of_clocks,
    is_rare,
    is_within_values,
    likely_delimiters,
)
from apiapp.imports.pipeline.tolerant import Parsed, Row, TolerantParser, is_drawn_line

LEAST_SCORE = 0.2
CLOSE_RATIO = 0.5  # of the best score: so good are ways that other places decide between
LEAST_RARE_RATIO = 0.9
LOG_CELLS = 6  # between spaces on each of two lines: a log, and no prose
SURE_SCORE = 0.8  # above it rows are torn by no accident
ALL_ROWS, ALL_WEIGHT = 10, 1.35  # that a whole file, its header too, is split alike is no accident
FEW_ROWS = 3
FEW_WEIGHT = 0.85
# Where the first row, and it alone, is not split: it may be a title, or the name of one column.
UNSPLIT_TITLE, UNSPLIT_NAME = 0.92, 0.6
TITLED = ";\t|"  # marks that hardly occur in the text of one column
RAGGED_RATIO = 0.75  # of rows of any widths are split by a usual mark
RAGGED_WEIGHT = 0.85  # rows that lack cells at their ends count so much
TORN_WEIGHT = 0.4  # where a mark stands within times, dates and addresses of pages
SCORED_CELLS = 1500
OTHER_QUOTES = "'`\u201dþ"
WEIGHTS = {"\t": 1.02, ":": 0.85, ": ": 0.87, " ": 0.75}
RARE_WEIGHT = 0.6
MERGED_WEIGHT = 0.98
MERGED_LINES_RATIO = 0.5  # have several spaces in a row
LONG_WEIGHT = 1.03  # of one of several characters, none of which is text then
is_decimal_comma = re.compile(r"[+-]?\d+,\d+").fullmatch


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the lines, and how much of a table comes out, from 0 to about 1."""

    dialect: Dialect
    score: float
    width: int
    fitting: int
    rows: int
    mended: int


def best_candidate(
    lines: Sequence[str],
    known: Dialect,
    asked: Sequence[str],
    later: Sequence[Sequence[str]] = (),
    *,
    is_whole: bool = True,
) -> Candidate | None:
    """The best way to read `lines`; what is `asked` stays as in `known`.  None: one column.

    later: lines of other places, which decide between ways that do well here.
    is_whole: no lines follow, so that no record is cut.
    """
    found = [rated(lines, each, is_whole=is_whole) for each in dialects(lines, known, asked)]
    most = max((one.score for one in found), default=0.0)
    close = [one for one in found if one.score >= CLOSE_RATIO * most]
    best = max(close, key=lambda one: one.score + score_in(later, one.dialect), default=None)
    if best is None or "delimiter" in asked:
        return best
    if best.score < LEAST_SCORE or (
        best.score < SURE_SCORE and is_one_column(lines, best.dialect.delimiter)
    ):
        return None
    return best


def score_in(places: Sequence[Sequence[str]], dialect: Dialect) -> float:
    """The mean over places that a record may have begun before and may go on after."""
    scores = [rated(lines, dialect, is_whole=False).score for lines in places if lines]
    return sum(scores) / len(scores) if scores else 0.0


def dialects(lines: Sequence[str], known: Dialect, asked: Sequence[str]) -> Iterator[Dialect]:
    text = "\n".join(map(without_end, lines))
    told = [line for line in lines if is_drawn_line(line) or not is_comment(line, known.comment)]
    delimiters = [known.delimiter] if "delimiter" in asked else list(likely_delimiters(told))
    for delimiter in delimiters:
        quotes = [known.quote] if "quote" in asked else likely_quotes(text, delimiter)
        for quote in quotes:
            escapes = (
                [known.escape] if "escape" in asked else likely_escapes(text, quote, delimiter)
            )
            for escape in escapes:
                if quote != delimiter:
                    plain = known.changed(
                        {"delimiter": delimiter, "quote": quote, "escape": escape, "widths": ()}
                    )
                    yield plain
                    if delimiter == " " and "merge_delimiters" not in asked and has_runs(told):
                        yield plain.changed({"merge_delimiters": True})


def is_comment(line: str, mark: str) -> bool:
    return bool(mark) and line.startswith(mark)


def has_runs(lines: Sequence[str]) -> bool:
    """Whether lines have several spaces in a row, between words."""
    return sum("  " in line.strip() for line in lines) > MERGED_LINES_RATIO * len(lines)


def likely_quotes(text: str, delimiter: str) -> list[str]:
    """The usual one, and others that stand at both ends of cells."""
    quotes = [QUOTE]
    edge = re.escape(delimiter) if delimiter else "(?!)"
    for quote in OTHER_QUOTES:
        opening = len(re.findall(rf"(?:^|{edge}) *{quote}", text, re.MULTILINE))
        closing = len(re.findall(rf"{quote}(?:$|{edge})", text, re.MULTILINE))
        inner = re.search(
            rf"(?:^|{edge}){quote}[^{quote}\n]*{edge}[^{quote}\n]*{quote}(?:$|{edge})",
            text,
            re.MULTILINE,
        )
        least = 1 if inner else 2
        if min(opening, closing) >= least and min(opening, closing) * 2 > max(opening, closing):
            quotes.append(quote)
    return quotes


def likely_escapes(text: str, quote: str, delimiter: str) -> list[str]:
    is_there = any(mark and BACKSLASH + mark in text for mark in (quote, delimiter))
    return ["", BACKSLASH] if quote and is_there else [""]


def rated(lines: Sequence[str], dialect: Dialect, *, is_whole: bool = True) -> Candidate:
    parsed = parsed_sample(lines, dialect, is_whole=is_whole)
    width, fitting = modal_width(parsed.rows)
    count = len(parsed.rows) or 1
    if width < 2:
        return Candidate(dialect, 0.0, width, fitting, count, len(parsed.mended))
    alike = alike_ratio(parsed.rows, width, fitting)
    if len(parsed.rows[0]) == 1 and fitting == count - 1:
        alike *= unsplit_weight(parsed.rows, dialect.delimiter)
    rows = [row for row in parsed.rows if len(row) == width]
    least = LEAST_SCORE + alike / 100 if is_ragged_table(parsed.rows, dialect) else 0.0
    if is_no_table(parsed.rows, rows, alike, dialect) or is_of_clocks(lines, dialect.delimiter):
        return Candidate(dialect, least, width, fitting, count, len(parsed.mended))
    score = alike**2 * kinds_score(rows, width) * ((width - 1) / width) ** 0.35
    score *= 1 - 0.5 * len(parsed.mended) / count
    score *= quote_score(parsed.rows, dialect)
    score *= TORN_WEIGHT if is_within_values(lines, dialect.delimiter) else 1.0
    if count < FEW_ROWS and dialect.delimiter not in ",;\t":
        score *= FEW_WEIGHT
    if fitting == count > ALL_ROWS:
        score *= ALL_WEIGHT
    score *= weight_of(dialect, is_even=fitting == count)
    if width == 2 and not any(row[1].strip() for row in rows):
        score = min(score, LEAST_SCORE)  # one column, and a mark at the end of each line
    return Candidate(dialect, max(score, least), width, fitting, count, len(parsed.mended))


def parsed_sample(lines: Sequence[str], dialect: Dialect, *, is_whole: bool) -> Parsed:
    """The records of `lines`; where these are not the whole file, not the one that is cut."""
    parser = TolerantParser(dialect)
    parsed = parser.parse(lines, width=0, is_last=is_whole)
    if len(parsed.left) * 2 > len(lines):  # a stray quote, and no long cell
        parsed = TolerantParser(dialect).parse(lines, width=0, is_last=True)
    return parsed


def weight_of(dialect: Dialect, *, is_even: bool) -> float:
    if dialect.merge_delimiters and is_even:
        return MERGED_WEIGHT
    if dialect.delimiter in WEIGHTS:
        return WEIGHTS[dialect.delimiter]
    if len(dialect.delimiter) > 1:
        return LONG_WEIGHT
    return RARE_WEIGHT if is_rare(dialect.delimiter) else 1.0


def alike_ratio(rows: Sequence[Row], width: int, fitting: int) -> float:
    """How many rows are as wide as most; as one beside them, or as the first but for missing cells
    at the end, counts nearly as much.
    """
    ratios = [fitting / len(rows), 0.95 * beside_ratio(rows)]
    first = rows[0]
    if len(first) == width and not any(cell[:1] == " " for cell in first):
        split = sum(1 < len(row) <= width for row in rows)
        ratios.append(RAGGED_WEIGHT * split / len(rows))
    return max(ratios)


def unsplit_weight(rows: Sequence[Row], delimiter: str) -> float:
    is_title = (
        delimiter in TITLED or (delimiter == "," and not is_prose(rows)) or len(delimiter) > 1
    )
    return UNSPLIT_TITLE if is_title else UNSPLIT_NAME


def is_no_table(parsed: Sequence[Row], rows: Sequence[Row], alike: float, dialect: Dialect) -> bool:
    """Whether what a delimiter splits, `rows` in most ways alike, only happens to have it."""
    is_doubtful = is_rare(dialect.delimiter)
    if alike < (LEAST_RARE_RATIO if is_doubtful else LEAST_RATIO):
        return True
    is_few = len(parsed) < FEW_ROWS and not (alike == 1 and len(rows[0]) >= LOG_CELLS)
    if (is_doubtful and is_few) or is_decimal_column(parsed, dialect):
        return True
    if is_list_of_prose(parsed, dialect):
        return True
    if len(rows[0]) > 2 or any(row[1].strip() for row in rows):
        return False
    return not (len(rows) == len(parsed) > 1 and dialect.delimiter in DELIMITERS)


def is_ragged_table(rows: Sequence[Row], dialect: Dialect) -> bool:
    """Whether one of the usual marks stands in most rows, the first too, and never as in prose: a
    table whose rows have more cells than others, or fewer.
    """
    if dialect.delimiter not in DELIMITERS or len(rows) < 2:
        return False
    split = [row for row in rows if len(row) > 1]
    is_named = len(rows[0]) == 1 and " " not in rows[0][0]
    return not is_named and not is_prose(rows) and len(split) >= RAGGED_RATIO * len(rows)


def is_prose(rows: Sequence[Row]) -> bool:
    return any(cell[:1] == " " for row in rows for cell in row[1:])


def is_list_of_prose(rows: Sequence[Row], dialect: Dialect) -> bool:
    """Whether the commas below a name are those of addresses and sentences."""
    if dialect.delimiter.strip() != "," or len(rows[0]) > 1 or len(rows) < 2:
        return False
    if max(Counter(map(len, rows[1:])).values()) >= RAGGED_RATIO * len(rows[1:]):
        return False  # one width, but for some rows
    return " " not in rows[0][0] and (dialect.delimiter != "," or is_prose(rows))


def modal_width(rows: Sequence[Row]) -> tuple[int, int]:
    """The width that most rows of several cells have, and how many have it."""
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return 1, len(rows)
    return max(counts.items(), key=lambda item: (item[1], item[0]))


def beside_ratio(rows: Sequence[Row]) -> float:
    """How many rows have as many cells, two or more, as one of the rows beside them."""
    widths = [len(row) for row in rows]
    pairs = zip(widths, [0, *widths], [*widths[1:], 0], strict=False)
    return sum(width > 1 and width in (before, after) for width, before, after in pairs) / len(rows)


def kinds_score(rows: Sequence[Row], width: int) -> float:
    """How clean the cells are, and how much of one kind each column is, from 0 to 1."""
    sample = rows[: max(10, SCORED_CELLS // width)]
    clean = even = 0.0
    columns = list(zip(*sample, strict=True))[:SCORED_CELLS]
    for column in columns:
        kinds = Counter(map(kind_of, column))
        clean += 1 - kinds[LOOSE] / len(column)
        kinds[TEXT] += kinds.pop(LOOSE, 0)
        empty = kinds.pop(EMPTY, 0)
        filled = len(column) - empty
        even += max(kinds.values(), default=0) / filled if filled else 0.6
    return (0.25 + 0.75 * clean / len(columns)) * (0.5 + 0.5 * even / len(columns))


def quote_score(rows: Sequence[Row], dialect: Dialect) -> float:
    """Less where cells still have a quote at both ends, which another quote would take away."""
    cells = [cell for row in rows for cell in row if len(cell) > 1]
    marks = [mark for mark in QUOTE + OTHER_QUOTES if mark != dialect.quote]
    quoted = sum(cell[0] == cell[-1] and cell[0] in marks for cell in cells)
    return 1 - 0.3 * quoted / (len(cells) or 1)


def are_letters(lines: Sequence[str], dialect: Dialect) -> bool:
    """Whether quotes are text like any other: all lines are split alike without them, and they
    stand alone or within cells, but around none, neither on one line nor from one to another.
    """
    quote, delimiter = dialect.quote, dialect.delimiter
    if not quote or not delimiter or dialect.merge_delimiters or dialect.escape:
        return False
    if not any(line.count(quote) % 2 for line in lines):
        return False
    rows = [line.strip("\r\n").split(delimiter) for line in lines if line.strip()]
    if len({len(row) for row in rows}) > 1:
        return False
    cells = [cell.strip(" ") for row in rows for cell in row if quote in cell]
    opening = [cell for cell in cells if cell[0] == quote != cell]
    closing = [cell for cell in cells if cell[-1] == quote != cell]
    return not (opening and closing) and len(cells) > len(opening) + len(closing)


def is_decimal_column(rows: Sequence[Row], dialect: Dialect) -> bool:
    """Whether there is one column of 1,5 below a name without a comma."""
    if dialect.delimiter != "," or len(rows) < 2 or len(rows[0]) != 1:
        return False
    return all(is_decimal_comma(",".join(row)) for row in rows[1:])


def is_one_column(lines: Sequence[str], delimiter: str) -> bool:
    """Whether whole lines are dates, addresses... that a delimiter would tear apart."""
    kinds = [kind for line in lines if (kind := kind_of(line.strip("\r\n"))) != EMPTY]
    if len(kinds) > 1 and not is_typed(kinds[0]):
        kinds = kinds[1:]  # the column's name
    loose = {"number", "money"} | ({"url"} if delimiter in DELIMITERS else set())
    typed = [kind for kind in kinds if is_typed(kind) and kind not in loose]
    return len(typed) > 0.7 * len(kinds)


def shown(delimiter: str) -> str:
    names = {"\t": "a tab", " ": "a space", ",": "a comma", ";": "a semicolon"}
    return names.get(delimiter, repr(delimiter))
