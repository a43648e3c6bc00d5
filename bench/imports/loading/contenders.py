"""What loads a CSV into a database: each run makes a new table and tells what is in it."""

import json
import os
import shutil
import sqlite3
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from bench.api._servers import ROOT, manage, sluice_environment
from bench.imports.loading.measuring import Measured, measured
from bench.imports.loading.tables import COLUMNS, POSTGRES_FACTS, SQLITE_FACTS, Table

DJANGO_PEERS = Path(__file__).resolve().parent / "peers" / "load_django.py"
SQLITE_URL = "sqlite:///{}"
# For psycopg and psql alike: cells without a zone are in UTC.
IN_UTC = {**os.environ, "PGTZ": "UTC"}
TYPED = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())
AS_TEXT = ", ".join(f'"{name}" text' for name in COLUMNS)
# How SQL makes numbers and dates of a German file's text.
NUMBER = "cast(nullif(replace(replace({c}, '.', ''), ',', '.'), '') as numeric)"
SQLITE_DAY = "substr({c}, 7, 4) || '-' || substr({c}, 4, 2) || '-' || substr({c}, 1, 2)"
SQLITE_CONVERTED = {
    "price": NUMBER,
    "score": NUMBER,
    "born": SQLITE_DAY,
    "seen_at": f"{SQLITE_DAY} || substr({{c}}, 11)",
}
POSTGRES_CONVERTED = {
    "price": NUMBER,
    "score": NUMBER,
    "born": "to_date({c}, 'DD.MM.YYYY')",
    "seen_at": "to_timestamp({c}, 'DD.MM.YYYY HH24:MI:SS')",
}


@dataclass(frozen=True)
class Run:
    """seconds: the load.  started_s: the start of Python beside it, where that is known.

    facts: of what is in the table; empty where it has other types than the file's.
    """

    seconds: float
    started_s: float
    cpu_s: float
    peak_mib: float
    facts: dict[str, object]
    rows_refused: int = 0

    def differing(self, table: Table) -> list[str]:
        """The facts that are not those of the file."""
        right = asdict(table.facts)
        return [name for name, found in self.facts.items() if found != right[name]]


# Loads a file.  Raises LoadFailed.
Contender = Callable[[Table], Run]


def run_of(found: Measured, facts: dict[str, object], *, seconds: float | None = None) -> Run:
    """seconds: as the loader told them; else its process is the load."""
    took_s = found.wall_s if seconds is None else seconds
    return Run(took_s, found.wall_s - took_s, found.cpu_s, found.peak_mib, facts)


# --- Sluice ----------------------------------------------------------------------------------------
def sluice(home: Path, database_url: str = "") -> Contender:
    """`manage.py import_file`: what looks at the file and checks every cell is in its time."""
    environment = sluice_environment(home, DATABASE_URL=database_url)
    manage(environment, "migrate", "-v0")

    def load(table: Table) -> Run:
        name = f"run {uuid.uuid4().hex}"
        command = [sys.executable, "manage.py", "import_file", str(table.path), "--dataset", name]
        found = measured([*command, "--json"], os.environ | environment, cwd=ROOT)
        said = json.loads(found.output.splitlines()[-1])
        begins = name.replace(" ", "_")
        if database_url:
            facts = postgres_facts(database_url, postgres_table(database_url, begins))
        else:
            path = home / "datasets.sqlite3"
            facts = sqlite_facts(path, sqlite_table(path, begins))
        run = run_of(found, facts, seconds=said["seconds"])
        return replace(run, rows_refused=said["rows_refused"])

    return load


# --- the databases' own loaders --------------------------------------------------------------------
def sqlite3_import(folder: Path, *, converts: bool = False) -> Contender:
    """`.import` into columns of the right types; it checks nothing.

    converts: into columns of text first, and from there by SQL.
    """

    def load(table: Table) -> Run:
        path = new_path(folder)
        script = [".mode csv", f".separator {separator(table)}"]
        if converts:
            script += [f"CREATE TABLE texts ({AS_TEXT});", f".import --skip 1 {table.path} texts"]
            script += [f"CREATE TABLE t ({TYPED});", f"{copied('t', SQLITE_CONVERTED)};"]
            script += ["DROP TABLE texts;"]
        else:
            script += [f"CREATE TABLE t ({TYPED});", f".import --skip 1 {table.path} t"]
        try:
            found = measured(["sqlite3", str(path), *script], os.environ, cwd=folder)
            return run_of(found, sqlite_facts(path, "t"))
        finally:
            path.unlink(missing_ok=True)

    return load


def psql_copy(url: str, *, types: str = TYPED, converts: bool = False) -> Contender:
    """`\\copy`.  converts: into columns of text first, and from there by SQL."""

    def load(table: Table) -> Run:
        name = f"t_{uuid.uuid4().hex}"
        texts = f"{name[:-1]}_" if converts else name
        execute(url, f"CREATE TABLE {texts} ({AS_TEXT if converts else types})")
        copy = f"\\copy {texts} from '{table.path}' csv header delimiter '{separator(table)}'"
        commands = ["-c", copy]
        if converts:
            execute(url, f"CREATE TABLE {name} ({TYPED})")
            commands += ["-c", copied(name, POSTGRES_CONVERTED, texts)]
        try:
            command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", url, *commands]
            found = measured(command, IN_UTC, cwd=ROOT)
            return run_of(found, postgres_facts(url, name) if types == TYPED else {})
        finally:
            execute(url, f"DROP TABLE IF EXISTS {name}, {texts}")

    return load


def copied(target: str, converted: dict[str, str], source: str = "texts") -> str:
    """SQL that fills a typed table from one of text."""
    others = {name: "cast({c} as " + type_ + ")" for name, type_ in COLUMNS.items()}
    # SQLite has no booleans and no dates: what it casts to one becomes a number.
    others["is_active"] = "{c}" if converted is SQLITE_CONVERTED else others["is_active"]
    columns = ((others | converted)[name].format(c=f'"{name}"') for name in COLUMNS)
    return f"INSERT INTO {target} SELECT {', '.join(columns)} FROM {source}"


# --- Python's loaders ------------------------------------------------------------------------------
def sqlite_utils(folder: Path, python: Path) -> Contender:
    """Its command, start and all; it looks for numbers, and leaves all else text."""
    command = [str(python.with_name("sqlite-utils")), "insert"]

    def load(table: Table) -> Run:
        path = new_path(folder)
        file = [str(path), "t", str(table.path), "--csv"]
        options = ["--delimiter", separator(table)] if table.is_local else []
        try:
            found = measured([*command, *file, *options], os.environ, cwd=folder)
            return run_of(found, sqlite_facts(path, "t"))
        finally:
            path.unlink(missing_ok=True)

    return load


def django_on_sqlite(how: str, folder: Path, python: Path) -> Contender:
    """how: see peers/load_django.py."""

    def load(table: Table) -> Run:
        path = new_path(folder)
        try:
            found = django_loaded(how, python, SQLITE_URL.format(path), "t", table)
            return run_of(found, sqlite_facts(path, "t"), seconds=float(found.output))
        finally:
            path.unlink(missing_ok=True)

    return load


def django_on_postgres(how: str, url: str, python: Path) -> Contender:
    def load(table: Table) -> Run:
        name = f"t_{uuid.uuid4().hex}"
        try:
            found = django_loaded(how, python, url, name, table)
            return run_of(found, postgres_facts(url, name), seconds=float(found.output))
        finally:
            execute(url, f"DROP TABLE IF EXISTS {name}")

    return load


def django_loaded(how: str, python: Path, url: str, name: str, table: Table) -> Measured:
    form = "local" if table.is_local else "plain"
    command = [str(python), str(DJANGO_PEERS), how, url, name, str(table.path), form]
    return measured(command, IN_UTC, cwd=DJANGO_PEERS.parent)


# --- what is in a table ----------------------------------------------------------------------------
def sqlite_facts(path: Path, table: str) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as connection:
        sql = f"SELECT {', '.join(SQLITE_FACTS.values())} FROM {table}"
        return dict(zip(SQLITE_FACTS, connection.execute(sql).fetchone(), strict=True))


def postgres_facts(url: str, table: str) -> dict[str, object]:
    sql = f"SELECT {', '.join(POSTGRES_FACTS.values())} FROM {table}"
    return dict(zip(POSTGRES_FACTS, execute(url, sql)[0], strict=True))


def sqlite_table(path: Path, begins: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?"
        return str(connection.execute(sql, [f"{begins}%"]).fetchone()[0])


def postgres_table(url: str, begins: str) -> str:
    sql = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename LIKE %s"
    return str(execute(url, sql, [f"{begins}%"])[0][0])


def execute(url: str, sql: str, values: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
    """Rows, if it gives any."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        cursor = connection.execute(sql.encode(), values)
        return cursor.fetchall() if cursor.description else []


def separator(table: Table) -> str:
    return ";" if table.is_local else ","


def new_path(folder: Path) -> Path:
    return folder / f"{uuid.uuid4().hex}.sqlite3"


def is_installed(program: str) -> bool:
    return shutil.which(program) is not None
