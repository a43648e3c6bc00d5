"""Each request that was measured leaves a line in the log."""

import logging
import time
from typing import Any

from django.conf import settings

from apiapp.http.known import known_of
from apiapp.logs import access
from apiapp.monitoring.measuring import Observer
from apiapp.monitoring.measuring import Request as MeasuredRequest

lines = access.AccessLog()


def access_observers() -> list[Observer]:
    """None, where no such lines are wanted."""
    is_wanted = settings.LOGS.has_access and access.logger.isEnabledFor(logging.INFO)
    return [note] if is_wanted else []


def note(scope: dict[str, Any], measured: MeasuredRequest) -> None:
    known, client = known_of(scope), scope.get("client")
    lines.note(
        access.Request(
            time.time(),
            measured.method,
            scope["path"],
            measured.route,
            measured.status,
            measured.duration_us * 1000,
            client[0] if client else "",
            known.request_id,
            known.caller,
            known.user_name,
            measured.sent_bytes,
            measured.received_bytes,
        )
    )
