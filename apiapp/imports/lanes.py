"""Fast lanes: a process of their own reads, checks and loads what is written canonically.

What is loaded and what is refused is the same in every lane, cell for cell: see pipeline/lanes.
"""

import json
import subprocess  # nosec B404 # of our own program alone
import sys
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from django.db import connections
from psycopg.conninfo import make_conninfo

from apiapp.imports.errors import DatabaseFull
from apiapp.imports.lane_process import end, process_for
from apiapp.imports.loaders import SQLITE_FULL, Staging
from apiapp.imports.pipeline.check import Batch, check
from apiapp.imports.pipeline.dialect import DELIMITERS, TEXT, Dialect
from apiapp.imports.pipeline.lanes.canonical import lacking
from apiapp.imports.pipeline.lanes.local_patterns import date_order, form_of
from apiapp.imports.pipeline.lines import TextBlocks, lines_of
from apiapp.imports.pipeline.opening import Opened
from apiapp.imports.pipeline.parsing import CELL_LIMIT_CHARS, FIRST_LINES, BlockParser
from apiapp.imports.pipeline.readers import Records
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.imports.pipeline.tolerant import BLANK
from apiapp.imports.routers import DATASETS

# What a lane reads as csv does; a dialect that differs elsewhere is left to Python.
READ_AS_TOLD = {"encoding", "has_bom", "delimiter", "quote", "skip_lines", "has_header"}
READ_AS_TOLD |= {"header_rows", "decimal_mark", "date_order", "compression", "member"}


class LaneLeft(Exception):
    """The lane cannot load this file, or not surely as Python would; str() says why."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A portion of a file of which the canonical rows are loaded.

    batch: the others, checked.  last_row: how many rows are dealt with.  done_bytes: of the file.
    """

    batch: Batch
    last_row: int
    done_bytes: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A file that a lane may be able to load: its first lines, and how many are above the rows."""

    file: BinaryIO
    dialect: Dialect
    skip_lines: int
    width: int

    def portions(
        self, staging: Staging, columns: Sequence[ColumnSpec]
    ) -> Generator[Portion, None, None]:
        """Load into a new staging table: portion by portion, each once the one before is dealt
        with.  Close it to stop.  Raises LaneLeft, and DatabaseFull.
        """
        if why := self._unfit(columns):
            raise LaneLeft(why)
        parser = BlockParser(self.dialect, width=self.width)
        process = self._begun(staging, columns)
        try:
            while "end" not in (told := answer_of(process)):
                for _, cells in told["bad"]:
                    require_sure(cells, parser)
                batch = checked(told["bad"], columns)
                yield Portion(batch, last_row=told["rows"], done_bytes=told["done"])
                go_on(process)
        finally:
            end(process)

    def _unfit(self, columns: Sequence[ColumnSpec]) -> str:
        if connections[DATASETS].in_atomic_block:
            return "nobody else sees what this transaction does"
        if self.width != len(columns):
            return f"rows of {self.width} cells for {len(columns)} columns"
        return UNFIT_FOR[connections[DATASETS].vendor](columns) or lacking(columns)

    def _begun(self, staging: Staging, columns: Sequence[ColumnSpec]) -> "subprocess.Popen[str]":
        process, descriptor = process_for(self.file.fileno())
        job = {
            "file": descriptor,
            "columns": [column.to_dict() for column in columns],
            "dialect": self.dialect.to_dict(),
            "skip_lines": self.skip_lines,
            "import_id": staging.import_id,
            "database": database(),
            "table": staging.table,
        }
        write(process, json.dumps(job))
        return process


def unfit_for_sqlite(columns: Sequence[ColumnSpec]) -> str:
    return "numbers or dates in a form of their own" if any(map(form_of, columns)) else ""


def unfit_for_postgres(columns: Sequence[ColumnSpec]) -> str:
    loaded = [column for column in columns if column.name]
    return "" if date_order(loaded) else "dates in several orders"


UNFIT_FOR = {"sqlite": unfit_for_sqlite, "postgresql": unfit_for_postgres}


def lane_for(content: Opened, *, from_bytes: int | None) -> Lane | None:
    """The lane to try; None where Python alone reads the file.  from_bytes: None: no lanes."""
    if from_bytes is None or content.size_bytes < from_bytes or sys.platform != "linux":
        return None
    if not is_plain(content.dialect):
        return None
    lines = first_lines(content)
    header = header_lines(lines, content.dialect)
    if header is None:
        return None
    skipped = content.dialect.skip_lines
    return Lane(
        file=content.file,
        dialect=content.dialect,
        skip_lines=skipped + header,
        width=width_of(lines[skipped:], content.dialect),
    )


def is_plain(dialect: Dialect) -> bool:
    usual, asked = Dialect().to_dict(), dialect.to_dict()
    differs = {name for name in usual if usual[name] != asked[name]}
    is_told = differs <= READ_AS_TOLD and dialect.format == TEXT
    return is_told and dialect.delimiter in tuple(DELIMITERS) and dialect.quote.isascii()


def first_lines(content: Opened) -> list[str]:
    content.file.seek(0)
    text = next(iter(TextBlocks(content.file, content.dialect.encoding)), "")
    content.file.seek(0)
    return lines_of(text)


def header_lines(lines: Sequence[str], dialect: Dialect) -> int | None:
    """How many lines the header has; None where that is not plain to see."""
    count = dialect.header_rows if dialect.has_header else 0
    skipped, header = lines[: dialect.skip_lines], lines[dialect.skip_lines :][:count]
    is_whole = len(skipped) == dialect.skip_lines and len(header) == count
    is_plain = all(line.strip(BLANK) and not is_open(line, dialect.quote) for line in header)
    ends_plainly = all(line.endswith("\n") for line in (*skipped, *header))
    return count if is_whole and is_plain and ends_plainly else None


def width_of(lines: Sequence[str], dialect: Dialect) -> int:
    """How many cells readers.py takes for usual."""
    parser = BlockParser(dialect)
    parser.parse([*lines[:FIRST_LINES]], is_last=False)
    return parser.width


def is_open(line: str, quote: str) -> bool:
    return bool(quote) and line.count(quote) % 2 == 1


# --- the rows that are left -------------------------------------------------------------------------
def require_sure(cells: list[str], parser: BlockParser) -> None:
    """Raises LaneLeft for a row that Python may read otherwise, or not count."""
    if len(cells) == 1 and not cells[0].strip(BLANK):
        raise LaneLeft("a blank line")
    if len(max(cells, key=len)) >= CELL_LIMIT_CHARS or parser.is_suspect(cells):
        raise LaneLeft("a row that may be several")


def checked(rows: Sequence[tuple[int, list[str]]], columns: Sequence[ColumnSpec]) -> Batch:
    """What check.py says of rows that are not next to each other."""
    numbers = [number for number, _ in rows]
    batch = check(Records(0, [cells for _, cells in rows]), columns)
    refusals = [replace(each, row_number=numbers[each.row_number]) for each in batch.refusals]
    row_numbers = [numbers[index] for index in batch.row_numbers]
    return replace(batch, row_numbers=row_numbers, refusals=refusals)


# --- the process --------------------------------------------------------------------------------------
def database() -> str:
    """The path of the database, or how PostgreSQL is connected to; that may hold a password."""
    connection = connections[DATASETS]
    if connection.vendor == "sqlite":
        return str(connection.settings_dict["NAME"])
    known = connection.get_connection_params()
    plain = {name: str(value) for name, value in known.items() if isinstance(value, str | int)}
    return make_conninfo(**plain)


def answer_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """What the process says next.  Raises LaneLeft and DatabaseFull."""
    assert process.stdout
    line = process.stdout.readline()
    if not line.endswith("\n"):
        raise LaneLeft(f"its process ended with code {process.wait()}")
    told: dict[str, Any] = json.loads(line)
    if "doubt" in told:
        raise LaneLeft(told["doubt"])
    if "error" in told:
        if told.get("is_full") or SQLITE_FULL in told["error"]:
            raise DatabaseFull
        raise LaneLeft(told["error"])
    return told


def go_on(process: "subprocess.Popen[str]") -> None:
    write(process, "")


def write(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin
    with suppress(BrokenPipeError):  # why, says its answer, or its end
        process.stdin.write(line + "\n")
        process.stdin.flush()
