"""Blocking: tells of a change in the log, and in a row.

The change was made before: if the row cannot be written, the line of the log is what is left.
"""

import logging

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from apiapp.audit.changes import is_change, names_sent
from apiapp.audit.models import Change
from apiapp.http.known import KEY, Known
from apiapp.logs.redacting import redacted, shortened

log = structlog.get_logger("audit")
logger = logging.getLogger(__name__)


def told(request: HttpRequest, response: HttpResponseBase) -> None:
    """To be called with each answer of Django's, still within its thread."""
    if not is_change(request, response):
        return
    known: Known = request.META[KEY]
    change = Change(
        at=timezone.now(),
        actor=known.user_name[:150],
        caller=known.caller[:100],
        method=request.method or "",
        route=known.route[:200],
        path=redacted(shortened(request.path)).replace("\0", "")[:500],
        fields=[name.replace("\0", "") for name in names_sent(request, response)],
        address=request.META.get("REMOTE_ADDR", "")[:64],
        request_id=known.request_id,
    )
    say(change)
    try:
        change.save(force_insert=True)
    except DatabaseError:
        logger.exception("the audit trail lacks a change, which is in the log alone")


def say(change: Change) -> None:
    log.info(
        str(change),
        **{
            "event.action": f"{change.method} {change.route}",
            "event.category": ["configuration"],
            "event.type": ["change"],
            "http.request.id": change.request_id,
            "http.request.method": change.method,
            "url.path": change.path,
            "labels.route": change.route,
            "labels.fields": ",".join(change.fields),
            "labels.caller": change.caller,
            "user.name": change.actor,
            "client.address": change.address,
        },
    )
