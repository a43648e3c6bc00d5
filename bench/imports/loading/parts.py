"""Who loads which file in each part of the comparison."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.imports.loading.contenders import (
    AS_TEXT,
    Contender,
    django_on_postgres,
    django_on_sqlite,
    psql_copy,
    sluice,
    sqlite3_import,
    sqlite_utils,
)
from bench.imports.loading.report import Turn
from bench.imports.loading.tables import Table, write_table

CLEAN, BAD, LOCAL = PARTS = ("clean", "bad", "local")
OURS, OURS_CLEAN = "Sluice", "Sluice, the clean file"
BULK_CREATE = "bulk_create"
SLOW = {
    "django-import-export": "import_export",
    "django-import-export, bulk": "import_export_bulk",
}


class Files:
    """The file of each part, and a short one for the slow; each is made once.

    bad_ratio: of the rows of the part that has bad ones.
    """

    def __init__(self, folder: Path, *, rows: int, slow_rows: int, bad_ratio: float) -> None:
        self._folder = folder
        self._rows, self._slow_rows = rows, min(rows, slow_rows)
        self._bad_ratio = bad_ratio
        self._made: dict[str, Table] = {}

    def whole(self, part: str) -> Table:
        return self._table(part, f"{part}.csv", self._rows)

    def short(self, part: str) -> Table:
        return self._table(part, f"{part}-short.csv", self._slow_rows)

    def _table(self, part: str, name: str, rows: int) -> Table:
        if name not in self._made:
            self._made[name] = write_table(
                self._folder / name,
                rows=rows,
                bad_ratio=self._bad_ratio if part == BAD else 0.0,
                is_local=part == LOCAL,
            )
        return self._made[name]


def sqlite_turns(part: str, files: Files, *, folder: Path, python: Path) -> list[Turn]:
    """folder: for databases.  python: the peers'."""
    peers = {"sqlite3 .import": sqlite3_import(folder)}
    if part == LOCAL:
        peers["sqlite3 .import, then SQL"] = sqlite3_import(folder, converts=True)
    peers["sqlite-utils"] = sqlite_utils(folder, python)
    return turns(
        part,
        files,
        ours=sluice(folder / f"{part}-sqlite"),
        peers=peers,
        django=lambda how: django_on_sqlite(how, folder, python),
    )


def postgres_turns(part: str, files: Files, *, folder: Path, python: Path, url: str) -> list[Turn]:
    peers = {"psql \\copy": psql_copy(url)}
    if part == LOCAL:
        peers["psql \\copy, all as text"] = psql_copy(url, types=AS_TEXT)
        peers["psql \\copy, then SQL"] = psql_copy(url, converts=True)
    return turns(
        part,
        files,
        ours=sluice(folder / f"{part}-postgres", url),
        peers=peers,
        django=lambda how: django_on_postgres(how, url, python),
    )


def turns(
    part: str,
    files: Files,
    *,
    ours: Contender,
    peers: Mapping[str, Contender],
    django: Callable[[str], Contender],
) -> list[Turn]:
    table, short = files.whole(part), files.short(part)
    found = [Turn(OURS, ours, table)]
    if part != CLEAN:
        found.append(Turn(OURS_CLEAN, ours, files.whole(CLEAN)))
    found += [Turn(name, load, table) for name, load in peers.items()]
    found.append(Turn(BULK_CREATE, django(BULK_CREATE), table))
    return [*found, *(Turn(name, django(how), short) for name, how in SLOW.items())]
