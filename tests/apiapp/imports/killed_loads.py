"""Loads that are killed at chosen moments, each in a child of one process; told as JSON lines.

To be run by `manage.py shell` on a home of its own: see test_crashes.py.
"""

import itertools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from apiapp.imports import history, tables, undoing
from apiapp.imports.models import Dataset, Import
from apiapp.imports.retyping import services as retyping
from apiapp.jobs.models import Job
from apiapp.keys.callers import person
from tests.apiapp.imports.loading import cells, no_progress, planned, run

OLD = "code,price\na,1\nb,2\nc,3\n"
NEW = "code,price\nb,2\nc,7\nd,4\n"
# What is called at that moment.  All but the last two are inside the transaction.
MOMENTS = {
    "rows staged": "apiapp.imports.publishing.publish",
    "rows of before kept": "apiapp.imports.publishing.insert",
    "table swapped": "apiapp.imports.publishing.write_down",
    "not logged yet": "apiapp.imports.events.tell",
    "not said yet": "apiapp.imports.loads.conclude",
}
IN_MODE = {
    "append": ["rows staged", "table swapped", "not said yet"],
    "replace": ["rows staged", "table swapped", "not logged yet", "not said yet"],
    "upsert": ["rows staged", "rows of before kept", "not logged yet", "not said yet"],
}


def killing(moment: str, times: int) -> Callable[..., Any]:
    """What is called at that moment, until it is called so many times: that ends the process."""
    called = resolve_name(moment)
    left = itertools.count(times - 1, -1)

    def call(*args: Any, **kwargs: Any) -> Any:
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)
        return called(*args, **kwargs)

    return call


def in_killed_child(act: Callable[[], Any], moment: str, *, times: int = 1) -> None:
    connections.close_all()
    if not (child := os.fork()):
        with patch(moment, killing(moment, times)):
            act()
        os._exit(1)  # it was not killed
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{moment} did not come"


# The same for a change of type.
RETYPE_MOMENTS = {
    "rows copied": "apiapp.imports.retyping.copying.finish",
    "table swapped": "apiapp.imports.retyping.services.tell",
    "not said yet": "apiapp.imports.loads.conclude",
}


def seen() -> dict[str, Any]:
    dataset = Dataset.objects.get(slug="stock")
    return {
        "rows": [f"{code}{price}" for code, price in cells(dataset)],
        "row_count": dataset.row_count,
        "types": [
            next(iter({type(price).__name__ for _, price in cells(dataset)})),
            dataset.columns.get(name="price").type,
        ],
        "kept": len(history.kept()),
    }


@contextmanager
def dataset_of(owner: User, folder: Path) -> Iterator[Path]:
    """One with the old rows; gone afterwards."""
    path = folder / "stock.csv"
    path.write_text(OLD)
    row = planned(owner, path, dataset="Stock", key=["code"])
    run(row, path)
    Job.objects.update(state=Job.State.SUCCEEDED)
    path.write_text(NEW)
    yield path
    dataset = Dataset.objects.get(slug="stock")
    history.drop_of(list(history.kept().values()))
    tables.drop(dataset.table_name)
    dataset.delete()


def killed_load(owner: User, folder: Path, mode: str, moment: str) -> dict[str, Any]:
    """What is seen after the kill, after the next attempt, and after the undoing of it."""
    with dataset_of(owner, folder) as path:
        row = planned(owner, path, mode=mode, dataset="Stock")
        in_killed_child(lambda: run(row, path), MOMENTS[moment])
        told: dict[str, Any] = {"mode": mode, "moment": moment, "killed": seen()}
        run(row, path)
        told["again"] = seen()
        told["staging"] = len(tables.left_staging())
        Job.objects.update(state=Job.State.SUCCEEDED)
        told["undone"] = killed_undoing(owner, row)
    return told


def killed_undoing(owner: User, row: Import) -> dict[str, Any]:
    fresh = Import.objects.get(pk=row.pk)
    in_killed_child(
        lambda: undoing.undo(row=fresh, by=owner, now=timezone.now()), "apiapp.imports.events.tell"
    )
    for half in undoing.half_undone():
        undoing.finish(row=half, now=timezone.now())
    return seen()


def killed_retype(owner: User, folder: Path, moment: str) -> dict[str, Any]:
    with dataset_of(owner, folder):
        dataset = Dataset.objects.get(slug="stock")
        wanted = retyping.Retype("text")
        facts: dict[str, Any] = {"caller": person(owner), "dataset": dataset, "now": timezone.now()}
        row = retyping.start(name="price", wanted=wanted, **facts)
        in_killed_child(lambda: convert(row), RETYPE_MOMENTS[moment])
        told: dict[str, Any] = {"moment": moment, "killed": seen()}
        convert(row)
        told["again"] = seen()
        told["staging"] = len(tables.left_staging())
        Job.objects.update(state=Job.State.SUCCEEDED)
        told["undone"] = killed_undoing(owner, row)
    return {"retype": told}


def convert(row: Import) -> None:
    kwargs = Job.objects.get(pk=row.job_id).kwargs
    retyping.retype(**kwargs, on_progress=no_progress, clock=timezone.now)


def main() -> None:
    owner = User.objects.create_user("owner")
    with TemporaryDirectory() as folder:
        for mode, moments in IN_MODE.items():
            for moment in moments:
                told = killed_load(owner, Path(folder), mode, moment)
                sys.stdout.write(json.dumps(told) + "\n")
        for moment in RETYPE_MOMENTS:
            told = killed_retype(owner, Path(folder), moment)
            sys.stdout.write(json.dumps(told) + "\n")
