import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from apiapp.imports.models import Dataset, Import
from apiapp.jobs.models import Job
from tests.apiapp.conftest import drop_tables
from tests.apiapp.imports.loading import cells, planned
from tests.serving import ROOT

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)
CSV = "name,price\nvolvo,12\nsaab,9\nfiat,8\n"


@pytest.fixture(autouse=True)
def _no_table_is_left(transactional_db: None) -> Iterator[None]:
    yield
    drop_tables()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cars.csv"
    path.write_text(CSV)
    return path


def import_file(path: Path, *arguments: str, dataset: str = "Cars") -> str:
    out = StringIO()
    call_command("import_file", str(path), "--dataset", dataset, *arguments, stdout=out)
    return out.getvalue()


def test_a_file_becomes_a_table_of_the_first_superuser_without_a_worker(path: Path) -> None:
    said = json.loads(import_file(path, "--json").splitlines()[-1])

    assert said.pop("seconds") > 0
    assert said == {"dataset": "cars", "rows_loaded": 3, "rows_refused": 0}
    dataset = Dataset.objects.get()
    assert cells(dataset) == [("volvo", 12), ("saab", 9), ("fiat", 8)]
    assert dataset.owner.username == "admin"
    row = Import.objects.get()
    assert (row.state, row.upload, row.source_name) == ("succeeded", None, "cars.csv")
    assert (row.job.state, row.job.done, row.job.unit) == ("succeeded", len(CSV), "bytes")


def test_a_file_is_appended_and_what_is_refused_is_told_and_no_failure(
    path: Path, user: User
) -> None:
    import_file(path, "--user", "alice")
    path.write_text("name,price\nopel,cheap\nlada,3\n")

    said = import_file(path, "--user", "alice", "--mode", "append")
    with pytest.raises(CommandError, match="the same file"):
        import_file(path, "--user", "alice", "--mode", "append")

    assert said.startswith("cars: 1 rows loaded, 1 refused, in ")
    assert "row 1, price: The cell is not an integer. It says 'cheap'." in said
    assert f"/api/imports/{Import.objects.latest('pk').pk}/errors.csv" in said
    assert Dataset.objects.get().row_count == 4
    assert Dataset.objects.get().owner == user


def test_a_table_is_updated_by_its_key_and_a_dry_run_says_so_before(path: Path) -> None:
    import_file(path, "--key", "name")
    path.write_text("name,price\nvolvo,13\nfiat,8\n")
    upsert = ("--mode", "upsert", "--delete-missing")

    tried = import_file(path, *upsert, "--dry-run")
    same = Dataset.objects.get().row_count
    said = json.loads(import_file(path, *upsert, "--json").splitlines()[-1])

    assert "1 rows would be loaded" in tried
    assert "  1 updated, 1 unchanged, 1 deleted" in tried
    assert same == 3
    counts = {"rows_updated": 1, "rows_unchanged": 1, "rows_deleted": 1}
    assert said.items() >= {"rows_loaded": 1, **counts}.items()
    assert cells(Dataset.objects.get()) == [("volvo", 13), ("fiat", 8)]


@pytest.mark.parametrize(
    ("content", "arguments", "reason"),
    [
        ("", (), "the file is empty"),
        ("name,price\n", (), "no rows"),
        (CSV, ("--mode", "append"), "no dataset 'Cars'"),
        (CSV, ("--user", "nobody"), "no user 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_left(
    path: Path, content: str, arguments: tuple[str, ...], reason: str
) -> None:
    path.write_text(content)

    with pytest.raises(CommandError, match=reason):
        import_file(path, *arguments)

    assert not Dataset.objects.exists()
    assert not Import.objects.exists()


def test_a_dataset_that_exists_and_a_file_that_does_not_are_told(path: Path) -> None:
    import_file(path)

    with pytest.raises(CommandError, match="'cars' exists"):
        import_file(path)
    with pytest.raises(CommandError, match="no file"):
        import_file(path.with_name("boats.csv"))


def test_columns_that_the_table_lacks_are_refused_skipped_or_added(path: Path) -> None:
    import_file(path)
    path.write_text("name,price,year\nopel,7,1999\n")

    with pytest.raises(CommandError, match="year"):
        import_file(path, "--mode", "append")
    import_file(path, "--mode", "append", "--extra", "skip")
    assert cells(Dataset.objects.get())[-1] == ("opel", 7)
    import_file(path, "--mode", "append", "--extra", "add", "--again")
    assert cells(Dataset.objects.get())[-1] == ("opel", 7, 1999)


def test_a_name_that_a_killed_import_has_is_waited_for(path: Path, user: User) -> None:
    dead = planned(user, path, dataset="Cars")
    until = timezone.now() + timedelta(seconds=0.7)
    Job.objects.filter(pk=dead.job_id).update(
        state="running", attempts=1, max_attempts=1, lease_until=until
    )

    import_file(path, "--user", "alice")

    assert timezone.now() > until
    assert Dataset.objects.get().row_count == 3


def test_a_name_that_a_living_import_has_is_not_waited_for_for_ever(
    path: Path, user: User, settings: Any
) -> None:
    settings.JOB_LEASE_S = 0.2
    planned(user, path, dataset="Cars")

    with pytest.raises(CommandError, match="is importing into 'cars'"):
        import_file(path, "--user", "alice")


def test_a_load_that_fails_in_any_way_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the cable was pulled")

    monkeypatch.setattr("apiapp.imports.publishing.publish", broken)

    with pytest.raises(RuntimeError):
        import_file(path)

    assert not Dataset.objects.exists()
    assert Import.objects.get().state == "failed"


def test_ctrl_c_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("apiapp.imports.publishing.publish", pressed)

    with pytest.raises(CommandError, match="nothing of the file was kept") as stopped:
        import_file(path)

    assert stopped.value.returncode == 130
    assert not Dataset.objects.exists()
    assert Import.objects.get().state == "cancelled"


def manage(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    own: Callable[[str], bool] = {"DATABASE_URL", "DATASETS_DATABASE_URL"}.__contains__
    inherited = {name: value for name, value in os.environ.items() if not own(name)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=inherited | {"SLUICE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_that_is_not_migrated_is_told_with_what_to_do(home: Path, path: Path) -> None:
    ended = manage(home, "import_file", str(path), "--dataset", "Cars", "--json")

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "run manage.py migrate" in ended.stderr
