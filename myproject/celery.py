"""The Celery application; the dispatcher that feeds it is a step of its worker."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from celery import Celery

app = Celery("sluice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
