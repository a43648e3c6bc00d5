"""What files of uploads are called: names made here, never those that clients gave."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

FILE_ID = re.compile(r"[0-9a-f]{32}")
PART_NAME = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{16}")
PART_TOKEN_BYTES = 8


def new_part_name(file_id: str) -> str:
    return f"{file_id}.{secrets.token_hex(PART_TOKEN_BYTES)}"


def file_id_of(part_name: str) -> str:
    return part_name.partition(".")[0]


def named(folder: Path, pattern: re.Pattern[str], name: str) -> Path:
    """The file `name` in `folder`.  Raises ValueError for a name that was not generated here."""
    if not pattern.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return folder / name


def old_names(folder: Path, pattern: re.Pattern[str], *, before: datetime) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                is_old = entry.stat().st_mtime < before.timestamp()
                if is_old and pattern.fullmatch(entry.name):
                    yield entry.name
