"""What SQLite's log is while a lane fills a table: copied beside the load, and bounded."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings

from apiapp.imports.pipeline.lanes import sqlite_log
from apiapp.imports.pipeline.lanes.scanned import ROW, Scanned
from apiapp.imports.pipeline.lanes.sqlite_log import LogCopier
from apiapp.imports.pipeline.lanes.sqlite_sink import SqliteSink

PAGE_BYTES = 4096
FRAME_BYTES = 24 + PAGE_BYTES  # https://www.sqlite.org/fileformat2.html#the_write_ahead_log
COPIED_PAGES, LIMIT_PAGES = 20, 100
BLOCK_ROWS, BLOCKS = 100, 80  # ten pages each
WAIT_S = 90


@pytest.fixture
def _short_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "COPIED_PAGES", COPIED_PAGES)
    monkeypatch.setattr(sqlite_log, "LIMIT_PAGES", LIMIT_PAGES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE t ({ROW} INTEGER PRIMARY KEY, _import, note text)")
    return path


def block(number: int) -> Scanned:
    first = number * BLOCK_ROWS
    rows = pa.record_batch(
        {ROW: pa.arange(first, first + BLOCK_ROWS), "note": pa.array(["x" * 400] * BLOCK_ROWS)}
    )
    return Scanned(rows=BLOCK_ROWS, good=[rows])


@pytest.mark.usefixtures("_short_log")
def test_the_log_of_a_long_load_begins_anew_and_every_row_is_in_the_table(path: Path) -> None:
    sink = SqliteSink(path=str(path), table="t", import_id=1, columns=["note"])
    with closing(sink):
        for number in range(BLOCKS):
            sink.store(block(number))
        log_bytes = path.with_name(f"{path.name}-wal").stat().st_size

    with closing(sqlite3.connect(path)) as connection:
        count, ids = connection.execute(f"SELECT count(*), count(DISTINCT {ROW}) FROM t").fetchone()
        checked = connection.execute("PRAGMA integrity_check").fetchone()[0]
    assert (count, ids, checked) == (BLOCKS * BLOCK_ROWS, BLOCKS * BLOCK_ROWS, "ok")
    assert COPIED_PAGES * FRAME_BYTES < log_bytes < 2 * LIMIT_PAGES * FRAME_BYTES


@pytest.mark.usefixtures("_short_log")
def test_a_load_goes_on_while_the_log_is_copied_and_waits_where_that_is_slower() -> None:
    is_copied, begun = threading.Event(), threading.Event()
    threads = []

    def checkpoint() -> int:
        threads.append(threading.current_thread())
        begun.set()
        assert is_copied.wait(WAIT_S)
        return COPIED_PAGES

    with closing(LogCopier(checkpoint)) as log:
        log.wrote(COPIED_PAGES)
        assert begun.wait(WAIT_S)
        log.wrote(COPIED_PAGES - 1)
        is_copied.set()
        log.wrote(1)

    assert len(threads) == 2
    assert threading.current_thread() not in threads


@pytest.mark.usefixtures("_short_log")
def test_what_copying_fails_with_is_told_to_the_load() -> None:
    def checkpoint() -> int:
        raise OSError("no room")

    with closing(LogCopier(checkpoint)) as log:
        log.wrote(COPIED_PAGES)
        with pytest.raises(OSError, match="no room"):
            log.wrote(COPIED_PAGES)


def test_a_new_file_of_tables_has_pages_for_rows_by_the_thousand(tmp_path: Path) -> None:
    options = settings.DATABASES["datasets"]["OPTIONS"]
    if "init_command" not in options:
        pytest.skip("the tables are on PostgreSQL")

    with closing(sqlite3.connect(tmp_path / "new.sqlite3")) as connection:
        connection.executescript(options["init_command"])
        connection.execute("CREATE TABLE t (a)")
        assert connection.execute("PRAGMA page_size").fetchone() == (16_384,)
