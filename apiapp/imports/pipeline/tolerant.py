"""Records from lines that need not be well written.

Where csv would swallow the rest of a file, or a quote is missing at one end, or not doubled, each
line is read in the ways it may be meant, and the one that gives as many cells as the table has
columns is taken.  What is written as the dialect says is always read exactly.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from apiapp.imports.pipeline.dialect import BACKSLASH, Dialect
from apiapp.imports.pipeline.lines import without_end

SPAN_LIMIT_CHARS = 1 << 20  # of a record over several lines: beyond it the quote is a stray one
# What may be looked through in vain for the end of records; it grows with what is read.
SPAN_BUDGET_CHARS = 4 * SPAN_LIMIT_CHARS
WAYS_LIMIT = 50  # cells of a line whose quotes are tried as text
# Padding of NUL is what a crash leaves at a log's end; DOS ended files with ^Z.
BLANK = " \t\r\n\0\x1a"
TRIES_LIMIT = 200  # how often a record over several lines is looked at again, longer by a line

Row = list[str]


@dataclass(slots=True)
class Parsed:
    """rows: whole records.  mended: indices of those whose quotes do not match.

    left: lines at the end, of a record that goes on.  starts: for each row the index of its first
    line; of one call's rows only.
    """

    rows: list[Row] = field(default_factory=list)
    mended: list[int] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def followed_by(self, other: "Parsed") -> "Parsed":
        if not self.rows:
            return other
        moved = [len(self.rows) + index for index in other.mended]
        return Parsed(self.rows + other.rows, self.mended + moved, other.left)

    def cut(self, at: int) -> tuple["Parsed", "Parsed"]:
        """The rows before `at`, and the others."""
        if not at:
            return Parsed(), self
        return (
            Parsed(self.rows[:at], [index for index in self.mended if index < at]),
            Parsed(self.rows[at:], [index - at for index in self.mended if index >= at]),
        )


class TolerantParser:
    """Parses lines in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._quote = dialect.quote
        self._comment = dialect.comment
        self._has_escape = dialect.escape == BACKSLASH
        self._starts = dialect.widths
        self._split = splitter(dialect)
        self._budget_chars = SPAN_BUDGET_CHARS
        self._blank = BLANK.replace("\t", "") if "\t" in dialect.delimiter else BLANK
        self._merged = dialect.delimiter if dialect.merge_delimiters else ""
        self._is_drawn = bool(dialect.widths) or is_padded(dialect.delimiter)
        delimiter = delimiter_pattern(dialect)
        quote = re.escape(dialect.quote)
        if not quote:
            return
        self._escapable = f"{BACKSLASH}{dialect.quote}\r\n,;\t|{dialect.delimiter[:1]}"
        self._find_escapes = re.compile(rf"\\(.)|{quote}{quote}", re.DOTALL).sub
        escaped, backslash = (r"\\.|", r"\\") if self._has_escape else ("", "")
        body = rf"(?:[^{quote}{backslash}]++|{escaped}{quote}{quote})*+"
        ends = rf"(?:({delimiter})|(?=[\r\n])|\Z)"
        pad = "" if " " in dialect.delimiter else " *+"  # around quotes
        self._closed = re.compile(rf"{pad}{quote}({body}){quote}{pad}{ends}", re.DOTALL).match
        self._open = re.compile(rf"{pad}{quote}{body}\Z", re.DOTALL).match
        plain = rf"(?:(?!{delimiter})(?:{escaped}[^\r\n]))*+"
        self._plain = re.compile(rf"({plain}){ends}", re.DOTALL).match
        # The first quote that a delimiter or the line's end follows, doubled or not.
        self._lenient = re.compile(
            rf"{pad}{quote}((?:(?!{quote}{pad}(?:{delimiter}|\Z)).)*+){quote}{pad}{ends}", re.DOTALL
        ).match
        self._starts_quoted = re.compile(rf"{pad}{quote}").match

    def parse(
        self, lines: Sequence[str], *, width: int, is_last: bool, at_most: int = sys.maxsize
    ) -> Parsed:
        """The first records of `lines`; of a record cut at their end only where `is_last`."""
        found = Parsed()
        at = 0
        while at < len(lines) and len(found.rows) < at_most:
            line = lines[at]
            self._budget_chars = min(SPAN_BUDGET_CHARS, self._budget_chars + 4 * len(line))
            if self._is_passed(line, width):
                at += 1
                continue
            if self._is_plain(line):
                row, after, is_mended = self._split(without_end(line)), at + 1, False
            else:
                row, after, is_mended = self._quoted(lines, at, width, is_last)
            if not after:
                break
            if is_mended:
                found.mended.append(len(found.rows))
            found.rows.append(row)
            found.starts.append(at)
            at = after
        found.left = [*lines[at:]]
        return found

    def _is_passed(self, line: str, width: int) -> bool:
        """Blank lines, comments, and the lines that are drawn in a table."""
        if not line.strip(self._blank if width != 1 else "\r\n\0\x1a"):
            return True
        if self._comment and line.startswith(self._comment):
            return True
        return self._is_drawn and bool(is_drawn_line(line))

    def _is_plain(self, line: str) -> bool:
        if self._starts or not self._quote:
            return True
        return self._quote not in line and not (self._has_escape and BACKSLASH in line)

    def _quoted(
        self, lines: Sequence[str], at: int, width: int, is_last: bool
    ) -> tuple[Row, int, bool]:
        """A record that starts at line `at`, the line after it (0: more are needed), if mended."""
        row, after = self._strict(lines, at)
        if row and (after == at + 1 or not width):
            return row, after, False
        if row and len(row) == width and not self._are_rows(lines[at + 1 : after - 1], width):
            return row, after, False
        if not row and not after and not is_last:
            return [], 0, False
        if row and not self._are_rows(lines[at:after], width):
            return row, after, False
        line = without_end(lines[at])
        return self._mended(line, width), at + 1, True

    def _are_rows(self, lines: Sequence[str], width: int) -> bool:
        """Whether lines that a quote would swallow are rows of their own, most of them."""
        fitting = sum(len(self._mended(without_end(line), width)) == width for line in lines)
        return len(lines) > 1 and width > 1 and fitting * 2 > len(lines)

    def _mended(self, line: str, width: int) -> Row:
        """The cells of a line whose quotes do not match: in the way that gives `width` of them."""
        first = self._leniently(line)
        if len(first) == width:
            return first
        for index in range(min(len(first), width, WAYS_LIMIT)):
            row = self._leniently(line, literal=index)
            if len(row) == width:
                return row
        row = self._split(line)
        return row if len(row) == width else first

    def _strict(self, lines: Sequence[str], at: int) -> tuple[Row, int]:
        """The record as the dialect has it, and the line after it; ([], 0): it never ends;
        ([], 1): it is written otherwise.
        """
        text, after = lines[at], at + 1
        position = self._first_cell(text)
        row: Row = []
        tries = 0
        while True:
            is_quoted = self._starts_quoted(text, position)
            found = (self._closed if is_quoted else self._plain)(text, position)
            if found is None and is_quoted and self._open(text, position):
                text, after, tries = self._longer(lines, text, after, tries)
                if not after:
                    return [], 0 if tries <= TRIES_LIMIT and len(text) < SPAN_LIMIT_CHARS else 1
                continue
            if found is None:
                return [], 1
            row.append(self._unescaped(found[1], bool(is_quoted)))
            position = found.end()
            if found[2] is None:
                row = row if is_quoted else self._inner(row)
                return (row, after) if not text[position:].strip("\r\n") else ([], 1)

    def _first_cell(self, text: str) -> int:
        """Where it begins: where delimiters merge, those at the start of a line count for nothing."""
        return len(text) - len(text.lstrip(self._merged)) if self._merged else 0

    def _inner(self, row: Row) -> Row:
        """The row without the cell that delimiters at the end of a line would make, if they merge."""
        return row[:-1] if self._merged and len(row) > 1 and not row[-1] else row

    def _longer(
        self, lines: Sequence[str], text: str, after: int, tries: int
    ) -> tuple[str, int, int]:
        """The text with the lines up to the next quote; 0 for the line where there is none."""
        pieces = [text]
        size = len(text)
        self._budget_chars -= size
        if self._budget_chars < 0:
            return text, 0, TRIES_LIMIT + 1
        while after < len(lines) and size < SPAN_LIMIT_CHARS and tries < TRIES_LIMIT:
            pieces.append(lines[after])
            size += len(lines[after])
            self._budget_chars -= len(lines[after])
            after += 1
            if self._quote in pieces[-1]:
                return "".join(pieces), after, tries + 1
        if size >= SPAN_LIMIT_CHARS or tries >= TRIES_LIMIT:
            return text, 0, TRIES_LIMIT + 1
        return text, 0, tries

    def _leniently(self, line: str, literal: int = -1) -> Row:
        """The cells of one line, where a quote closes only before a delimiter or the end, and one
        that never closes, or begins the cell of index `literal`, is text.
        """
        if self._starts or not self._quote:
            return self._split(line)
        row: Row = []
        position = self._first_cell(line)
        while True:
            found = self._lenient(line, position) if len(row) != literal else None
            if found:
                row.append(self._unescaped(found[1], True))
            else:
                found = self._plain(line, position)
                if found is None:  # an escape at the line's end
                    return [*row, line[position:]]
                row.append(self._unescaped(found[1], False))
            position = found.end()
            if found[2] is None:
                return self._inner(row)

    def _unescaped(self, cell: str, is_quoted: bool) -> str:
        quote = self._quote
        if not self._has_escape:
            return cell.replace(quote * 2, quote) if is_quoted and quote in cell else cell
        if BACKSLASH not in cell and quote not in cell:
            return cell

        def meant(found: re.Match[str]) -> str:
            if found[1] is None:
                return quote if is_quoted else found[0]
            return found[1] if found[1] in self._escapable else found[0]

        return self._find_escapes(meant, cell)


RULES = r"-+=|: ─━│┃═║┼├┤┌┐└┘┬┴╪╞╡╔╗╚╝╠╣╦╩╬"
is_drawn_line = re.compile(rf"[{RULES}]*(?:---|===|──|━━|══)[{RULES}]*[\r\n]*").fullmatch


def is_padded(delimiter: str) -> bool:
    """Whether spaces on both sides belong to it, so that all cells are padded."""
    return len(delimiter) > 2 and delimiter[0] == delimiter[-1] == " " != delimiter.strip()


def drawn_splitter(delimiter: str) -> Callable[[str], Row]:
    """Cells between bars, without the padding and the bars at a line's ends."""
    bar = delimiter.strip()
    edge = re.compile(rf"\A *{re.escape(bar)} ?| ?{re.escape(bar)} *\Z").sub
    between = re.compile(rf" {re.escape(bar)}(?= )").split

    def split(line: str) -> Row:
        line = line.strip(" ")
        is_boxed = line.startswith(bar) and line.endswith(bar)
        inner = edge("", f"{line} ") if is_boxed else f"{line} "
        cells = between(inner) if delimiter in inner else inner.split(bar)
        return [cell.strip(" ") for cell in cells]

    return split


def delimiter_pattern(dialect: Dialect) -> str:
    """Never matches where a line is one cell."""
    delimiter = re.escape(dialect.delimiter)
    if not delimiter:
        return "(?!)"
    return f"(?:{delimiter})++" if dialect.merge_delimiters else delimiter


def splitter(dialect: Dialect) -> Callable[[str], Row]:
    """How a line without quotes becomes cells."""
    delimiter = dialect.delimiter
    if dialect.widths:
        ends = (*dialect.widths[1:], None)
        spans = [slice(*span) for span in zip(dialect.widths, ends, strict=True)]
        return lambda line: [line[span].strip(" ") for span in spans]
    if not delimiter:
        return lambda line: [line]
    if is_padded(delimiter):
        return drawn_splitter(delimiter)
    if dialect.merge_delimiters:
        split = re.compile(delimiter_pattern(dialect)).split
        outer = re.compile(rf"\A(?:{re.escape(delimiter)})+|(?:{re.escape(delimiter)})+\Z").sub
        return lambda line: split(outer("", line))
    return lambda line: line.split(delimiter)
