"""A delimited file as blocks of whole records, in UTF-8."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lines import BOM, TextBlocks

BLOCK_BYTES = 6 << 20
CHUNK_BYTES = 1 << 20
UTF8 = "utf-8"


@dataclass(frozen=True, slots=True)
class Block:
    """data: records, each with its line end.  done_bytes: how far the file was read for it.

    quotes: in `data`.  line_end_bytes: of each record's end.
    """

    data: bytes
    done_bytes: int
    quotes: int
    line_end_bytes: int


def chunks_of(file: BinaryIO, encoding: str, chunk_bytes: int) -> Iterator[tuple[bytes, int]]:
    """The file's text in UTF-8 without its byte order mark, and how far it was read."""
    file.seek(0)
    if encoding != UTF8:
        blocks = TextBlocks(file, encoding)
        for text in blocks:
            yield encoded(text), blocks.bytes_read
        return
    done_bytes = 0
    while chunk := file.read(chunk_bytes):
        whole = chunk.removeprefix(BOM) if not done_bytes else chunk
        done_bytes += len(chunk)
        yield whole, done_bytes


def encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Doubtful("bytes that are no text") from error


def blocks_of(
    file: BinaryIO, *, encoding: str, quote: str, skip_lines: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Blocks that end where a record does, if quotes are used as RFC 4180 says.

    Where they are not, whoever reads the block finds it cut within a cell.  Raises Doubtful where
    no record ends.
    """
    mark = quote.encode()
    parts: list[bytes | memoryview] = []
    held_bytes = quotes = done_bytes = 0
    to_skip = skip_lines
    for chunk, done_bytes in chunks_of(file, encoding, min(block_bytes, CHUNK_BYTES)):
        if to_skip:
            chunk, to_skip = without_lines(chunk, to_skip)
        quotes += count_of(mark, chunk)
        held_bytes += len(chunk)
        parts.append(chunk)
        if held_bytes < block_bytes:
            continue
        end, quotes_behind = end_of_records(chunk, mark, quotes=quotes)
        if end:
            parts[-1] = memoryview(chunk)[:end]
            data = b"".join(parts)
            quotes -= quotes_behind
            parts, held_bytes = [chunk[end:]], len(chunk) - end  # whoever reads it has the room
            yield Block(data, done_bytes, quotes, line_end_bytes(data))
            quotes = quotes_behind
        elif held_bytes >= 2 * block_bytes:
            raise Doubtful(f"no record ends within {held_bytes:,} bytes")
    last = b"".join(parts)
    if data := last.rstrip(b"\r\n"):
        data += b"\r\n" if b"\r\n" in last else b"\n"
        yield Block(data, done_bytes, quotes, line_end_bytes(data))


def count_of(mark: bytes, chunk: bytes) -> int:
    """Where a byte is frequent, twice as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord(mark))) if mark else 0


def without_lines(chunk: bytes, count: int) -> tuple[bytes, int]:
    """`chunk` without its first lines, and how many of them the next chunk still has."""
    at = 0
    while count and (end := chunk.find(b"\n", at) + 1):
        at = end
        count -= 1
    return (b"" if count else chunk[at:]), count


def end_of_records(chunk: bytes, mark: bytes, *, quotes: int) -> tuple[int, int]:
    """Behind the last line end of `chunk` that is outside of quotes, or 0; and the quotes behind it.

    quotes: in all there is of the block, `chunk` included.
    """
    end = chunk.rfind(b"\n") + 1
    behind = chunk.count(mark, end) if mark else 0
    while end and (quotes - behind) % 2:
        before = chunk.rfind(b"\n", 0, end - 1) + 1
        behind += chunk.count(mark, before, end)
        end = before
    return end, behind


def line_end_bytes(data: bytes) -> int:
    r"""2 where every line, also one within quotes, ends with CRLF; 1 where each ends with LF.

    Raises Doubtful for what is in between, and for what may stand for nothing in text.
    """
    # One byte is found many times faster than three.
    if b"\0" in data or (BOM[:1] in data and BOM in data):
        raise Doubtful("a NUL byte, or a mark of byte order within the file")
    if b"\r" not in data:
        return 1
    pairs = data.count(b"\r\n")
    if pairs == data.count(b"\r") == data.count(b"\n"):
        return 2
    raise Doubtful("lines that end in different ways")
