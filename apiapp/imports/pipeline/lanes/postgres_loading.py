"""From a file to a table of PostgreSQL: one thread reads and checks, others store."""

from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg

from apiapp.imports.pipeline import dialect as dialects
from apiapp.imports.pipeline.lanes.doubt import Doubtful
from apiapp.imports.pipeline.lanes.loading import Tell, read_ahead, steps
from apiapp.imports.pipeline.lanes.postgres_sink import CONNECTIONS, PostgresSink
from apiapp.imports.pipeline.lanes.verbatim import Checked, VerbatimScanner
from apiapp.imports.pipeline.schema import from_dicts

# Small, as several are in memory at a time: one that is read, one that waits, two that are stored.
BLOCK_BYTES = 4 << 20

Step = tuple[Checked, int]


def load(job: Mapping[str, Any], *, tell: Tell) -> None:
    columns, dialect = from_dicts(job["columns"]), dialects.from_dict(job["dialect"])
    scanner = VerbatimScanner(columns, dialect)
    try:
        sink = PostgresSink(
            conninfo=job["database"], table=job["table"], columns=columns, dialect=dialect
        )
        coming = read_ahead(steps(job, scanner, block_bytes=BLOCK_BYTES))
        with closing(sink), closing(stored(coming, sink)) as done:
            rows = 0
            for checked, done_bytes in done:
                rows += checked.rows
                if not tell({"done": done_bytes, "rows": rows, "bad": checked.bad}):
                    return
        tell({"end": True})
    except Doubtful as error:
        tell({"doubt": str(error)})
    except psycopg.errors.DiskFull as error:
        tell({"error": str(error), "is_full": True})
    except psycopg.Error as error:
        tell({"error": str(error)})


def stored(source: Iterable[Step], sink: PostgresSink) -> Generator[Step, None, None]:
    """The items of `source` in their order, each once it is stored, and the next being stored.

    Raises Doubtful and psycopg.Error.
    """
    waiting: deque[tuple[Future[None], Step]] = deque()
    with ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="store") as threads:
        for step in source:
            waiting.append((threads.submit(sink.store, step[0]), step))
            if len(waiting) == CONNECTIONS:
                yield next_of(waiting)
        while waiting:
            yield next_of(waiting)


def next_of(waiting: deque[tuple[Future[None], Step]]) -> Step:
    future, step = waiting.popleft()
    future.result()
    return step
