"""Any readable file as plain CSV: RFC 4180 in UTF-8, separated by commas, lines ending in CRLF.

The header comes first if the file has one; none is invented.  Each cell is its original text, and a
row keeps all the cells it has.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from apiapp.imports.errors import EmptyFile, ImportFailed
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.opening import Opened, opened
from apiapp.imports.pipeline.readers import RecordSource
from apiapp.imports.pipeline.sniff import sniff_file

PART = ".part"  # of the name a target has until it is whole
ERROR = ".error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: the rows below the header that were written, or a reason."""

    source: Path
    rows: int = 0
    error: str = ""


def convert_file(source: Path, target: Path, *, asked: Mapping[str, Any] | None = None) -> int:
    """Write `source` as CSV; `asked` overrides parts of its dialect.  Returns the count of rows.

    `target` is there when it is whole, and left as it was where it cannot be.  Raises
    UnreadableFile, BadDialect and OSError.
    """
    part = target.with_name(target.name + PART)
    try:
        with part.open("w", **CSV_TEXT) as written:
            rows = write_file(written, source, asked, folder=target.parent)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return rows


STRAY = "sluice.stray_bytes"


def stray_bytes(error: UnicodeError) -> tuple[bytes, int]:
    """A byte that is no text in the file's encoding as the letter it is in Windows' own."""
    assert isinstance(error, UnicodeEncodeError)
    kept = error.object[error.start : error.end]
    raw = bytes(ord(letter) & 0xFF for letter in kept)
    return raw.decode("cp1252", "replace").encode(), error.end


codecs.register_error(STRAY, stray_bytes)
CSV_TEXT: Any = {"encoding": "utf-8", "errors": STRAY, "newline": ""}


def write_file(written: Any, source: Path, asked: Mapping[str, Any] | None, *, folder: Path) -> int:
    """As `write`; of an empty file nothing.  What is unpacked is meanwhile in `folder`."""
    limits = Limits(folder=folder)
    try:
        with opened(source, asked=asked, limits=limits, keys_from_bytes=None) as content:
            return write(written, source_of(content, asked))
    except EmptyFile:
        return 0


def source_of(content: Opened, asked: Mapping[str, Any] | None) -> RecordSource:
    if content.make is None:
        known = {**(asked or {}), **content.packing}
        sniffed = sniff_file(content.file, size_bytes=content.size_bytes, asked=known)
        content.dialect = sniffed.dialect
    return content.source()


def write(written: Any, source: RecordSource) -> int:
    """The records of `source` to an open text file; the count of rows below the header."""
    writer = csv.writer(written, lineterminator="\r\n")
    if header := source.header():
        writer.writerow(header)
    count = 0
    for records in source.batches():
        writer.writerows(records.rows)
        count += len(records.rows)
    return count


def convert_folder(
    source: Path, target: Path, *, jobs: int = 1, asked: Mapping[str, Any] | None = None
) -> Iterator[Outcome]:
    """Convert every file of a folder, in the order of their names, `jobs` at a time.

    A file that cannot be read leaves NAME.error with the reason in `target`, and the rest goes on.
    """
    target.mkdir(parents=True, exist_ok=True)
    sources = sorted(path for path in source.iterdir() if path.is_file())
    targets = [target / name for name in target_names([path.name for path in sources])]
    if jobs == 1:
        yield from map(convert_one, sources, targets, repeat(asked))
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(convert_one, sources, targets, repeat(asked))


def target_names(names: Sequence[str]) -> list[str]:
    """x.csv for x.csv, x.tsv or x; the whole name and .csv where two would have the same."""
    stems = [Path(name).stem + ".csv" for name in names]
    count = Counter(stems)
    return [
        stem if count[stem] == 1 or stem == name else f"{name}.csv"
        for name, stem in zip(names, stems, strict=True)
    ]


def convert_one(source: Path, target: Path, asked: Mapping[str, Any] | None) -> Outcome:
    """Convert a file of a folder, and leave word where it cannot be read."""
    told = target.with_name(source.name + ERROR)
    try:
        outcome = Outcome(source, rows=convert_file(source, target, asked=asked))
    except Exception as error:  # noqa: BLE001  whatever one file does, the others are converted
        reason = str(error) if isinstance(error, ImportFailed | OSError) else repr(error)
        told.write_text(f"{reason}\n", encoding="utf-8")
        return Outcome(source, error=reason)
    told.unlink(missing_ok=True)
    return outcome
