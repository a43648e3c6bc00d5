"""The shared strings of an xlsx workbook, on disk, however many there are.

Of a sheet's rows only the strings that they name are in memory.
Source: ECMA-376, part 1, 18.4.9 (sst), 18.4.8 (si).
"""

import re
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from apiapp.imports.errors import UnreadableFile
from apiapp.imports.pipeline.formats.sheet_xml import NotPlain

BLOCK_BYTES = 1 << 20
OFFSET_BYTES = 8
NEAR = 32  # strings between two that are named are read along rather than skipped
sst = re.compile(rb"<((?:\w+:)?)sst\b[^>]*>")
# Cells whose value is the number of a string: written as usual, or with whatever else is in them.
usual_cell = re.compile(rb'( t="s"[^>/]*><(?:\w+:)?v>)([0-9]+)(?=</)')
any_cell = re.compile(
    rb"""(<(?:\w+:)?c\s[^>]*?\bt=["']s["'][^>]*(?<!/)>(?:(?!</(?:\w+:)?c\s*>).)*?<(?:\w+:)?v[^>]*>)"""
    rb"""\s*([0-9]+)\s*(?=</)""",
    re.DOTALL,
)


class SharedStrings:
    """Offsets of the strings in `file`, which holds the part; both are files without a name."""

    def __init__(self, file: BinaryIO, folder: Path | None) -> None:
        """Raises NotPlain."""
        self._file = file
        self._offsets: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 # closed by close
        self.count = 0
        file.seek(0)
        found = sst.search(file.read(BLOCK_BYTES))
        if not found:
            raise NotPlain
        self._start_tag, self._end_tag = found[0], b"</%ssst>" % found[1]
        self._item_start = re.compile(rb"<%ssi(?=[\s/>])" % found[1])
        for offsets in self._found():
            self._offsets.write(offsets.tobytes())
            self.count += len(offsets)
        self.count -= 1  # the last is where they end

    def close(self) -> None:
        self._file.close()
        self._offsets.close()

    def _found(self) -> Iterator["array[int]"]:
        """Where each string begins, by block, and at last where the last one ends."""
        self._file.seek(0)
        base, text = 0, b""
        end_at = None
        while block := self._file.read(BLOCK_BYTES):
            text += block
            if b"<!" in text:
                raise NotPlain
            if (end := text.find(self._end_tag)) >= 0:
                end_at, text = base + end, text[:end]
            starts = [each.start() for each in self._item_start.finditer(text)]
            yield array("Q", (base + start for start in starts))
            if end_at is not None:
                yield array("Q", [end_at])
                return
            # What may be the beginning of a tag, or is the tag that was just counted, less its "<".
            kept = max(len(text) - 16, starts[-1] + 1 if starts else 0)
            base, text = base + kept, text[kept:]
        raise UnreadableFile("the workbook is damaged: its shared strings end in the middle")

    def of_rows(self, rows: bytes) -> tuple[bytes, bytes]:
        """The rows with their strings numbered anew, and the part with those strings alone."""
        pieces = usual_cell.split(rows)
        if (rows.count(b't="s"') + rows.count(b"t='s'")) * 3 + 1 != len(pieces):
            pieces = any_cell.split(rows)
        named = list(map(int, pieces[2::3]))
        if not named:
            return rows, b""
        numbers = sorted(set(named))
        runs = runs_of(numbers, self.count)
        renumbered = numbered_anew(numbers, runs)
        pieces[2::3] = [renumbered[number] for number in named]
        strings = b"".join([self._start_tag, *map(self._read, runs), self._end_tag])
        return b"".join(pieces), strings

    def _read(self, run: tuple[int, int]) -> bytes:
        first, last = run
        self._offsets.seek(first * OFFSET_BYTES)
        offsets = array("Q", self._offsets.read((last - first + 2) * OFFSET_BYTES))
        self._file.seek(offsets[0])
        return self._file.read(offsets[-1] - offsets[0])


def runs_of(numbers: list[int], count: int) -> list[tuple[int, int]]:
    """First and last of each run of numbers that are near one another.  Raises UnreadableFile."""
    if numbers[-1] >= count:
        raise UnreadableFile(f"the workbook is damaged: it has no shared string {numbers[-1]}")
    runs = [(numbers[0], numbers[0])]
    for number in numbers[1:]:
        first, last = runs[-1]
        if number - last <= NEAR:
            runs[-1] = (first, number)
        else:
            runs.append((number, number))
    return runs


def numbered_anew(numbers: list[int], runs: list[tuple[int, int]]) -> dict[int, bytes]:
    """Where each of the numbers, in order, is when the runs stand one behind the other."""
    found: dict[int, bytes] = {}
    remaining = iter(runs)
    first, last = next(remaining)
    base = 0
    for number in numbers:
        if number > last:
            base += last - first + 1
            first, last = next(remaining)
        found[number] = b"%d" % (base + number - first)
    return found
