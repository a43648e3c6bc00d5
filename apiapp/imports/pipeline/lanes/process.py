"""Loads a file in a lane: run as a program, by apiapp/imports/lanes.py.

It is a process of its own for SQLite's locks (see sqlite_sink.py), and because what reads and
loads here keeps what memory it likes.  The first line of its input is the job, as JSON: {"file",
"columns", "dialect", "skip_lines", "import_id", "database", "table"}, `file` being a
descriptor, `database` a path or how to connect.  For each block that was stored a line of JSON
comes out: {"done", "rows", "bad": [[number, cells]...]}; a line is to be read before the next.
Then {"end": true}; or else {"doubt": why} or {"error": what the database said, and "is_full":
true where it has no more room}.
"""

import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

LOADING = {
    "sqlite": "apiapp.imports.pipeline.lanes.sqlite_loading",
    "postgresql": "apiapp.imports.pipeline.lanes.postgres_loading",
}


PATIENCE = 5  # nice(2): what a person waits for goes first


def main() -> None:
    os.nice(PATIENCE)
    loading = import_module(LOADING[sys.argv[1]])  # it takes long: a job may come later
    if asked := sys.stdin.readline():
        with suppress(BrokenPipeError):  # whoever asked for it is gone
            loading.load(json.loads(asked), tell=tell)


def tell(message: dict[str, Any]) -> bool:
    """Say how it goes; False if there is nobody to go on for."""
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    return bool(sys.stdin.readline())


if __name__ == "__main__":
    main()
