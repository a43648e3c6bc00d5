"""From a file to blocks that are read, one after the other, in a thread of their own."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from apiapp.imports.pipeline import dialect as dialects
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.framing import BLOCK_BYTES, Block, blocks_of
from apiapp.imports.pipeline.lanes.records import BadRow

# Where so many rows are not canonical, DuckDB's work comes on top of Python's.
BAD_RATIO_LIMIT = 0.3

Tell = Callable[[dict[str, Any]], bool]


class Read(Protocol):
    """What came of a block: how many rows it has, and those that Python has to judge."""

    @property
    def rows(self) -> int: ...
    @property
    def bad(self) -> list[BadRow]: ...


AnyRead = TypeVar("AnyRead", bound=Read)
AnyReadOut = TypeVar("AnyReadOut", bound=Read, covariant=True)


class BlockScanner(Protocol[AnyReadOut]):
    def scan(self, block: Block, *, rows_before: int) -> AnyReadOut:
        """Raises Doubtful."""


def steps(
    job: Mapping[str, Any], scanner: BlockScanner[AnyRead], *, block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[AnyRead, int]]:
    """Each block, read, and how far in the file it ends.  Raises Doubtful."""
    dialect = dialects.from_dict(job["dialect"])
    rows = 0
    # Opened anew: a descriptor that is handed on shares its position with whoever has it too.
    with Path(f"/proc/self/fd/{job['file']}").open("rb") as file:
        blocks = blocks_of(
            file,
            encoding=dialect.encoding,
            quote=dialect.quote,
            skip_lines=job["skip_lines"],
            block_bytes=block_bytes,
        )
        for block in blocks:
            scanned = scanner.scan(block, rows_before=rows)
            if len(scanned.bad) > BAD_RATIO_LIMIT * scanned.rows:
                raise Doubtful(f"{len(scanned.bad):,} of {scanned.rows:,} rows are not canonical")
            rows += scanned.rows
            yield scanned, block.done_bytes


def read_ahead(source: Iterator[tuple[AnyRead, int]]) -> Iterator[tuple[AnyRead, int]]:
    """The items of `source`, each fetched by a thread while the one before is dealt with."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as thread:
        coming = thread.submit(next, source, None)
        while (step := coming.result()) is not None:
            coming = thread.submit(next, source, None)
            yield step
