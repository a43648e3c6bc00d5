"""The Celery application; the dispatcher that feeds it is a step of its worker."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from celery import Celery, Task

from apiapp.jobs.errors import LeaseLost


class JobTask(Task):
    """A task that finds its job given to another run ends without a fuss."""

    throws = (LeaseLost,)


app = Celery("sluice", task_cls=JobTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("apiapp.jobs.worker:DispatcherStep")
