"""What resumable.js (1.x) and flow.js (2.x) say of a chunk, in the query or in a form.

The two name their parameters differently (`resumableChunkNumber`, `flowChunkNumber`, ...) and mean
the same.  Chunks are numbered from 1.  The last is as long as what is left: up to twice the chunk
size; with `forceChunkSize` it is at most as long as the others.  An empty file has one chunk.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from apiapp.http.errors import BadParameter
from apiapp.uploads.digests import md5_from_hex, sha256_from_hex

PREFIXES = ("resumable", "flow")
FILE_FIELD = "file"
NUMBER = re.compile(r"[0-9]{1,15}")
TEXT_CHARS = 4096


@dataclass(frozen=True, slots=True)
class ToldChunk:
    """One chunk, and the file that it is of.

    length_bytes: of this chunk; None: it was not told.  md5, sha256: of the whole file, in
    hexadecimal; empty: any.
    """

    identifier: str
    filename: str
    relative_path: str
    size: int
    chunk_size: int
    total_chunks: int
    number: int
    length_bytes: int | None
    md5: str
    sha256: str

    @property
    def index(self) -> int:
        """Of the chunk, from 0."""
        return self.number - 1

    @property
    def file_key(self) -> str:
        """The same for all chunks of one file, cut in one way.

        The clients make identifiers of a size and the ASCII letters of a name: two files with
        names in other letters have the same one, so that alone it tells too little.
        """
        said = (
            self.identifier, self.filename, self.relative_path, self.size, self.chunk_size,
            self.total_chunks, self.md5, self.sha256,
        )  # fmt: skip
        return hashlib.sha256(repr(said).encode()).hexdigest()


def parse_chunk(fields: Mapping[str, str]) -> ToldChunk:
    """Raises BadParameter, BadChecksum."""
    prefix = next((each for each in PREFIXES if f"{each}Identifier" in fields), "")
    if not prefix:
        wanted = " or ".join(f"{each}Identifier" for each in PREFIXES)
        raise BadParameter(parameter=wanted, reason="it is missing")
    size = number_in(fields, f"{prefix}TotalSize", least=0)
    chunk_size = number_in(fields, f"{prefix}ChunkSize", least=1)
    total_chunks = total_in(fields, f"{prefix}TotalChunks", size=size, chunk_size=chunk_size)
    number = number_in(fields, f"{prefix}ChunkNumber", least=1)
    if number > total_chunks:
        reason = f"the file has {total_chunks} chunks, so there is no chunk {number}"
        raise BadParameter(parameter=f"{prefix}ChunkNumber", reason=reason)
    length_name = f"{prefix}CurrentChunkSize"
    filename = text_in(fields, f"{prefix}Filename")
    return ToldChunk(
        identifier=text_in(fields, f"{prefix}Identifier"),
        filename=filename,
        relative_path=fields.get(f"{prefix}RelativePath") or filename,
        size=size,
        chunk_size=chunk_size,
        total_chunks=total_chunks,
        number=number,
        length_bytes=number_in(fields, length_name, least=0) if length_name in fields else None,
        md5=md5_from_hex(fields["md5"]) if fields.get("md5") else "",
        sha256=sha256_from_hex(fields["sha256"]) if fields.get("sha256") else "",
    )


def total_in(fields: Mapping[str, str], name: str, *, size: int, chunk_size: int) -> int:
    """How many chunks the file has; not told: as without `forceChunkSize`.  Raises BadParameter."""
    usual, forced = max(size // chunk_size, 1), max(-(-size // chunk_size), 1)
    if name not in fields:
        return usual
    total = number_in(fields, name, least=1)
    if total not in (usual, forced):
        reason = f"{size} bytes in chunks of {chunk_size} are {usual} chunks, not {total}"
        raise BadParameter(parameter=name, reason=reason)
    return total


def number_in(fields: Mapping[str, str], name: str, *, least: int) -> int:
    """Raises BadParameter."""
    text = fields.get(name, "")
    if not NUMBER.fullmatch(text) or int(text) < least:
        raise BadParameter(parameter=name, reason=f"a whole number from {least} on is wanted")
    return int(text)


def text_in(fields: Mapping[str, str], name: str) -> str:
    """Raises BadParameter."""
    text = fields.get(name, "")
    if not 0 < len(text) <= TEXT_CHARS:
        raise BadParameter(parameter=name, reason=f"1 to {TEXT_CHARS} characters are wanted")
    return text
