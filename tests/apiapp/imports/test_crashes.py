"""kill -9 in the middle of a load: nothing is half visible, and the next attempt doubles no row."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.serving import ROOT, PostgresDatabase, Server, prepared_home

PATIENCE_S = 240.0
LEASE_S = 1.0
ROWS = 150_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crashes") / "many.csv"
    lines = (f"{number},name {number},{number / 8}\n" for number in range(ROWS))
    path.write_text("n,name,part\n" + "".join(lines))
    return path


def wait_until(is_so: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := is_so():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


class Home:
    """A SLUICE_HOME, its databases as another program sees them, and commands on it."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.database_url = database_url
        own = {"DATABASE_URL", "DATASETS_DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        self.environment = inherited | {
            "SLUICE_HOME": str(folder),
            "JOB_LEASE_S": str(LEASE_S),
            "IMPORT_LANES": "false",  # too fast to be caught; test_lanes.py kills them
            **({"DATABASE_URL": database_url} if database_url else {}),
        }

    def command(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def import_file(self, path: Path) -> "subprocess.Popen[str]":
        return self.command("import_file", str(path), "--dataset", "Many", "--json")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """In the database of the datasets."""
        if self.database_url:
            options = "-c search_path=datasets,public"
            with psycopg.connect(self.database_url, options=options) as connection:
                return connection.execute(query.encode()).fetchall()
        file = f"file:{self.folder / 'datasets.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as connection:
            return connection.execute(query).fetchall()

    def published(self) -> int:
        if self.database_url:
            return int(self.ask("SELECT count(published_at) FROM imports_dataset")[0][0])
        with closing(sqlite3.connect(self.folder / "sluice.sqlite3")) as connection:
            return int(
                connection.execute("SELECT count(published_at) FROM imports_dataset").fetchone()[0]
            )

    def tables(self, start: str) -> list[str]:
        names = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'datasets'"
            if self.database_url
            else "SELECT name FROM sqlite_schema WHERE type = 'table'"
        )
        return [name for (name,) in self.ask(names) if name.startswith(start)]

    def staged_rows(self) -> int:
        try:
            return sum(
                self.ask(f'SELECT count(*) FROM "{name}"')[0][0] for name in self.tables("_load_")
            )
        except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):
            return 0  # it went between the two questions


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], scope="module"
)
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home")
    if request.param == "sqlite":
        prepared_home.copy_to(folder)
        yield Home(folder)
        return
    with PostgresDatabase(is_migrated=True) as database:
        yield Home(folder, database.url)


def test_a_killed_command_leaves_nothing_to_see_and_runs_again_without_doubling_a_row(
    home: Home, path: Path
) -> None:
    process = home.import_file(path)
    wait_until(lambda: home.staged_rows() > ROWS // 10, "rows staged")
    process.kill()
    process.communicate()
    assert home.published() == 0
    assert home.tables("many") == []

    last = home.import_file(path)
    output, _ = last.communicate(timeout=PATIENCE_S)

    assert last.returncode == 0, output
    said = json.loads(output.splitlines()[-1])
    assert (said["dataset"], said["rows_loaded"], said["rows_refused"]) == ("many", ROWS, 0)
    (table,) = home.tables("many")
    counted = home.ask(f'SELECT count(*), count(DISTINCT n), sum(part) FROM "{table}"')
    assert [tuple(map(float, row)) for row in counted] == [
        (ROWS, ROWS, sum(number / 8 for number in range(ROWS)))
    ]
    assert home.tables("_load_") == []


OLD, BOTH = ["a1", "b2", "c3"], ["b2", "c7", "d4"]
NEW = {"append": ["a1", "b2", "c3", "d4"], "replace": BOTH, "upsert": ["a1", "b2", "c7", "d4"]}


def test_killed_at_any_moment_a_load_leaves_old_rows_or_new_ones_and_both_once(home: Home) -> None:
    script = "from tests.apiapp.imports import killed_loads; killed_loads.main()"
    process = home.command("shell", "--no-imports", "-c", script)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output

    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    told = [line for line in lines if "retype" not in line]
    for each in (line["retype"] for line in lines if "retype" in line):
        is_text = each["moment"] == "not said yet"  # the table is: the dataset is told next
        assert each["killed"]["types"] == ["str" if is_text else "int", "integer"], each
        assert (each["again"]["types"], each["staging"]) == (["str", "text"], 0), each
        assert (each["undone"]["types"], each["undone"]["rows"]) == (["int", "integer"], OLD), each

    assert {each["mode"] for each in told} == set(NEW)
    for each in told:
        new, is_in = NEW[each["mode"]], each["moment"] == "not said yet"
        assert each["killed"]["rows"] == (new if is_in else OLD), each
        assert each["killed"]["kept"] == (is_in and each["mode"] != "append"), each
        assert (each["again"]["rows"], each["again"]["row_count"]) == (new, len(new)), each
        assert each["staging"] == 0, each
        undone = {"rows": OLD, "row_count": len(OLD), "kept": 0, "types": ["int", "integer"]}
        assert each["undone"] == undone, each


def test_a_killed_server_goes_on_with_the_import_when_it_is_started_again(
    tmp_path: Path, path: Path
) -> None:
    home = Home(tmp_path / "home")
    with Server(home.folder, {"JOB_LEASE_S": str(LEASE_S), "IMPORT_LANES": "false"}) as server:
        import_id = begun(server, path)
        wait_until(lambda: home.staged_rows() > 0, "rows staged")

        server.kill()
        assert home.published() == 0
        server.start()

        body = wait_until(lambda: ended(server, import_id), "the import's end")
        assert (body["state"], body["rows_loaded"]) == ("succeeded", ROWS)
        (table,) = home.tables("many")
        assert home.ask(f'SELECT count(*), count(DISTINCT n) FROM "{table}"') == [(ROWS, ROWS)]
        assert home.tables("_load_") == []


def begun(server: Server, path: Path) -> int:
    with path.open("rb") as file:
        upload = requests.post(
            f"{server.url}/api/upload", files={"file": file}, headers=server.headers, timeout=60
        ).json()
    with closing(sqlite3.connect(server.home / "sluice.sqlite3")) as connection:
        user = "SELECT id FROM auth_user WHERE username = 'tester'"
        ((user_id,),) = connection.execute(user).fetchall()
    body = {"file_id": upload["file_id"], "user_id": user_id}
    answer = requests.post(
        f"{server.url}/api/import", json=body, headers=server.headers, timeout=60
    )
    assert answer.status_code == 202, answer.text
    return int(answer.json()["import_id"])


def ended(server: Server, import_id: int) -> dict[str, Any] | None:
    answer = requests.get(
        f"{server.url}/api/imports/{import_id}/", headers=server.headers, timeout=60
    )
    body: dict[str, Any] = answer.json()
    return body if body["state"] not in ("queued", "running") else None
