"""What this server needs to do its work, and whether it is there."""

from datetime import datetime, timedelta

from django.db import DatabaseError, connections

from apiapp.jobs.models import Worker

WORKER_SILENT_S = 10.0  # a worker says every 2 s that it is there


def missing_parts(*, now: datetime) -> dict[str, str]:
    """Part -> what is wrong with it; empty when everything is ready."""
    missing = {}
    for alias in connections:
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            missing[f"database:{alias}"] = "does not answer"
    if "database:default" not in missing and not has_worker(now=now):
        missing["worker"] = f"none has been heard of for {WORKER_SILENT_S:g} s"
    return missing


def has_worker(*, now: datetime) -> bool:
    try:
        return Worker.objects.filter(seen_at__gt=now - timedelta(seconds=WORKER_SILENT_S)).exists()
    except DatabaseError:  # not migrated yet
        return False
