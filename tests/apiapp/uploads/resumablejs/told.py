"""What resumable.js 1.1 and flow.js 2.14 say of each chunk, made as they make it."""

import re
from collections.abc import Iterator
from typing import Any

NAMES = (
    "ChunkNumber", "ChunkSize", "CurrentChunkSize", "TotalSize", "Identifier", "Filename",
    "RelativePath", "TotalChunks",
)  # fmt: skip


def identifier_of(name: str, size: int) -> str:
    return f"{size}-{re.sub(r'[^0-9a-zA-Z_-]', '', name)}"


def chunks_of(
    content: bytes, *, chunk_size: int, name: str = "cars.csv", force: bool = False, **facts: Any
) -> Iterator[tuple[dict[str, str], bytes]]:
    """(parameters, bytes) of every chunk; `force`: forceChunkSize."""
    size, prefix = len(content), facts.pop("prefix", "resumable")
    total = max(-(-size // chunk_size) if force else size // chunk_size, 1)
    for index in range(total):
        end = size if index == total - 1 else (index + 1) * chunk_size
        piece = content[index * chunk_size : end]
        values = (
            index + 1, chunk_size, len(piece), size, identifier_of(name, size), name, name, total,
        )  # fmt: skip
        said = {f"{prefix}{key}": str(value) for key, value in zip(NAMES, values, strict=True)}
        yield {**said, **facts}, piece
