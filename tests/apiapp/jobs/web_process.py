"""A process that enqueues and looks, as the web server does: to be asked, and to be killed.

Reads one JSON request `[function, arguments]` a line, answers one JSON line.
"""

import json
import os
import signal
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402 - after Django is set up
from django.db import connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from apiapp.jobs import services  # noqa: E402
from apiapp.jobs.models import Job, Worker  # noqa: E402


def enqueue(count: int, task: str = "tests.work", **kwargs: Any) -> list[int]:
    now = timezone.now()
    with transaction.atomic():
        return [
            services.enqueue(task=task, kwargs=kwargs, owner=None, now=now).pk for _ in range(count)
        ]


def enqueue_and_die(when: str) -> None:
    with transaction.atomic():
        enqueue(1)
        if when == "before commit":
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def jobs() -> dict[int, dict[str, Any]]:
    columns = ("state", "attempts", "error", "result", "lease_token", "done", "pk")
    rows = Job.objects.filter(task__startswith="tests.").values(*columns)
    return {row["pk"]: row for row in rows}


def effects() -> list[str]:
    return [name.partition(":")[0] for name in Group.objects.values_list("name", flat=True)]


def workers() -> list[str]:
    return list(Worker.objects.values_list("name", flat=True))


def cancel(job_id: int) -> None:
    services.cancel(job=Job.objects.get(pk=job_id), now=timezone.now())


def forget_all() -> None:
    Job.objects.all().delete()
    Group.objects.all().delete()


def cut_all_connections() -> None:
    """What a restart of PostgreSQL does to its clients."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


FUNCTIONS = {
    each.__name__: each
    for each in (
        enqueue, enqueue_and_die, jobs, effects, workers, cancel, forget_all, cut_all_connections
    )
}  # fmt: skip

if __name__ == "__main__":
    for line in sys.stdin:
        name, arguments = json.loads(line)
        answer = FUNCTIONS[name](**arguments)
        connections.close_all()
        print(json.dumps(answer), flush=True)
