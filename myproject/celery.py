"""The Celery application; the dispatcher that feeds it is a step of its worker."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

import logging
from typing import Any

from celery import Celery, Task, signals
from django.utils.module_loading import import_string

from apiapp.http import request_ids
from apiapp.http.known import Known
from apiapp.jobs.errors import LeaseLost


class JobTask(Task):
    """A task that finds its job given to another run ends without a fuss; its log lines name the job."""

    throws = (LeaseLost,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        known = Known()
        known.job = kwargs.get("job_id", 0)
        with request_ids.named(request_ids.NONE, known):
            return super().__call__(*args, **kwargs)


def count_here(**_facts: Any) -> None:
    """What is counted in a worker, and in each child of its pool, is written by it."""
    import_string("apiapp.monitoring.recording.start_counting")()  # models are not there before


def end_here(**_facts: Any) -> None:
    """Children of the pool end without what Python does at its end."""
    import_string("apiapp.monitoring.recording.recorder").write_last()
    logging.shutdown()


signals.worker_ready.connect(count_here)
signals.worker_process_init.connect(count_here)
signals.worker_process_shutdown.connect(end_here)


app = Celery("sluice", task_cls=JobTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("apiapp.jobs.worker:DispatcherStep")
