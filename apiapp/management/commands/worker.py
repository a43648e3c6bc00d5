"""`manage.py worker`: a Celery worker with its dispatcher."""

import os
import sys
import warnings
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from celery import current_app
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.management.base import BaseCommand

PATIENCE = 5  # nice(2): what a person waits for goes first


class Command(BaseCommand):
    help = "Start a worker: it takes due jobs from the database and carries them out."
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=settings.CELERY_WORKER_CONCURRENCY)

    def handle(self, *args: Any, **options: Any) -> None:
        with suppress(AttributeError, OSError):  # not on Windows, nor everywhere else
            os.nice(PATIENCE)
        # In a container root is usual; messages are JSON, so what the warning fears cannot happen.
        warnings.simplefilter("ignore", SecurityWarning)
        # The settings were looked at before; Celery would look at the URLs too.
        os.environ["CELERY_SKIP_CHECKS"] = "1"  # noqa: TID251 # it has no other switch
        # Workers know of one another by their rows: what Celery does for that is switched off.
        current_app.worker_main(
            [
                "--quiet",
                "worker",
                f"--concurrency={options['concurrency']}",
                f"--pool={'threads' if sys.platform == 'win32' else 'prefork'}",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
