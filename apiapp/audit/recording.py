"""Blocking: tells of a change, or who came and went, in the log, and in a row.

It happened before: if the row cannot be written, the line of the log is what is left.
"""

import logging
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from apiapp.audit.changes import is_change, names_sent
from apiapp.audit.models import Change
from apiapp.http.known import KEY, Known
from apiapp.logs.redacting import redacted, shortened

log = structlog.get_logger("audit")
logger = logging.getLogger(__name__)

Kind = Change.Kind
CATEGORIES = {
    Kind.CHANGE: "configuration",
    Kind.COMMAND: "configuration",
    Kind.LOGIN: "authentication",
    Kind.LOGOUT: "authentication",
    Kind.FAILED_LOGIN: "authentication",
}
TYPES = {Kind.CHANGE: "change", Kind.COMMAND: "change", Kind.LOGIN: "start", Kind.LOGOUT: "end"}


def told(request: HttpRequest, response: HttpResponseBase) -> None:
    """To be called with each answer of Django's, still within its thread."""
    if not is_change(request, response):
        return
    known: Known = request.META[KEY]
    write(
        Change(
            actor=known.user_name[:150],
            caller=known.caller[:100],
            route=known.route[:200],
            fields=[name.replace("\0", "") for name in names_sent(request, response)],
            **of_request(request),
        )
    )


def told_of_person(kind: Kind, request: Any, user: User) -> None:
    """That `user` has signed in or out by this request."""
    if KEY in request.META:  # or nobody asked for it: a program signed them in
        caller = f"user:{user.pk}"
        write(Change(kind=kind, actor=user.get_username(), caller=caller, **of_request(request)))


def told_of_failed_login(request: Any, *, name: str) -> None:
    """name: what was given for one, which is kept only if it is one."""
    is_known = "\0" not in name and User.objects.filter(username=name).exists()
    actor = name if is_known else ""
    write(Change(kind=Kind.FAILED_LOGIN, actor=actor, **of_request(request)))


def of_request(request: Any) -> dict[str, Any]:
    """What every row of a request has."""
    known: Known | None = request.META.get(KEY)
    return {
        "method": (request.method or "")[:10],
        "path": redacted(shortened(request.path)).replace("\0", "")[:500],
        "address": request.META.get("REMOTE_ADDR", "")[:64],
        "request_id": known.request_id if known else "",
    }


def write(change: Change) -> None:
    change.at = timezone.now()
    say(change)
    try:
        change.save(force_insert=True)
    except DatabaseError:
        logger.exception("the audit trail lacks a change, which is in the log alone")


def forget(*, before: datetime) -> int:
    """Delete what happened before that; return how many rows it was."""
    return Change.objects.filter(at__lt=before).delete()[0]


def say(change: Change) -> None:
    log.info(
        str(change),
        **{
            "event.action": f"{change.method} {change.route or change.path}",
            "event.category": [CATEGORIES[Kind(change.kind)]],
            "event.type": [TYPES.get(Kind(change.kind), "info")],
            "event.outcome": "failure" if change.kind == Kind.FAILED_LOGIN else "success",
            "labels.kind": str(change.kind),
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
