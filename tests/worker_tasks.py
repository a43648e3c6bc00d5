"""Tasks for the tests that run a real worker: started with `-I tests.worker_tasks`."""

import os
import signal
import time
import uuid
from pathlib import Path

from celery import shared_task
from django.contrib.auth.models import Group
from django.db import transaction

from apiapp.jobs import leases
from apiapp.jobs.errors import LeaseLost
from apiapp.jobs.models import Job

PACE_S = 0.01


@shared_task(name="tests.work")
def work(*, job_id: int, lease: str, seconds: float = 0.0, die: str = "") -> None:
    """Take `seconds`, then have an effect, once.

    `die`: in the first attempt, end the whole process "before" or "after" the effect.
    """
    with leases.leased(job_id=job_id, token=lease) as run:
        is_to_die = Job.objects.get(pk=job_id).attempts == 1
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            run.report(1, total=2, unit="steps")
            time.sleep(PACE_S)
        if die == "before" and is_to_die:
            die_at_once()
        have_effect(run)
        if die == "after" and is_to_die:
            die_at_once()
        run.result = {"pid": os.getpid()}


def have_effect(run: leases.LeasedJob) -> None:
    """Leave a trace that counts how often this was done: as tasks are to do it.

    In one transaction: is the job still this run's, was it done before, do it.
    """
    with transaction.atomic():
        if not run.row().select_for_update().exists():
            raise LeaseLost
        if not Group.objects.filter(name__startswith=f"{run.id}:").exists():
            Group.objects.create(name=f"{run.id}:{uuid.uuid4()}")


def die_at_once() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="tests.open_files")
def open_files(*, job_id: int, lease: str) -> None:
    """Result: the database files that this process had open before it asked for any."""
    inherited = database_files()
    with leases.leased(job_id=job_id, token=lease) as run:
        run.result = {"inherited": inherited, "pid": os.getpid()}


def database_files() -> list[str]:
    links = []
    for descriptor in Path(f"/proc/{os.getpid()}/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:  # the one that listed the folder
            continue
    return [link for link in links if ".sqlite3" in link]
