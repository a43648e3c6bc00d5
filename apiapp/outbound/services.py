"""Connections and records of calls: find, make, change, forget.  The calls are in calling.py."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from apiapp.keys.callers import Caller
from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import NameTaken, UnknownCall, UnknownConnection
from apiapp.outbound.models import CallRecord, Connection
from apiapp.outbound.sealing import Sealer

SEALED = "sealed_"


def connections_of(caller: Caller) -> QuerySet[Connection]:
    """The connections that `caller` may see."""
    return caller.visible(Connection.objects.select_related("owner"))


def get_connection(caller: Caller, connection_id: int) -> Connection:
    """Raises UnknownConnection, also for another user's."""
    row = connections_of(caller).filter(pk=connection_id).first()
    if row is None:
        raise UnknownConnection
    return row


def create_connection(
    *, owner: User, sealer: Sealer, secret: str = "", **values: Any
) -> Connection:
    """Raises NameTaken."""
    row = Connection(owner=owner, **values, sealed_secret=sealer.seal(secret) if secret else "")
    save(row)
    return row


def change_connection(
    *,
    row: Connection,
    sealer: Sealer,
    by_staff: bool,
    values: dict[str, Any],
    secret: str | None = None,
) -> Connection:
    """Raises NameTaken.  secret: None leaves it as it is, empty takes it away.

    A secret, and the leave to be on a private network, were for the origin that was there: whoever
    leads the connection elsewhere has to give them again.
    """
    moves = origin_of(values.get("base_url", row.base_url)) != origin_of(row.base_url)
    for name, value in values.items():
        setattr(row, name, value)
    if moves and not by_staff:
        row.allow_private = False
    if secret is not None or moves:
        row.sealed_secret = sealer.seal(secret) if secret else ""
    save(row)
    return row


def origin_of(url: str) -> tuple[str, str, int]:
    return target_of(url).origin


def save(row: Connection) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NameTaken(name=row.name) from error


def calls_of(
    caller: Caller, *, states: Collection[str] = (), connection_id: int | None = None
) -> QuerySet[CallRecord]:
    """The calls that `caller` may see, those of one connection or in some states if asked for."""
    rows = caller.visible(CallRecord.objects.select_related("owner", "connection"))
    rows = rows.defer("answer_content", "sealed_ask")
    if connection_id is not None:
        rows = rows.filter(connection_id=connection_id)
    return rows.filter(state__in=states) if states else rows


def get_call(caller: Caller, call_id: int) -> CallRecord:
    """Raises UnknownCall, also for another user's."""
    row = caller.visible(CallRecord.objects.select_related("owner")).filter(pk=call_id).first()
    if row is None:
        raise UnknownCall
    return row


def prune(*, before: datetime) -> int:
    """Forget calls that were made before that; return how many."""
    rows = CallRecord.objects.filter(created_at__lt=before)
    return rows.exclude(state=CallRecord.State.QUEUED).delete()[0]


def sealed_columns() -> list[tuple[type[Model], str]]:
    """Of all features: what is sealed is called so."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.name.startswith(SEALED)
    ]


def reseal(*, sealer: Sealer) -> int:
    """Seal everything by the newest key, so that older ones can go; return how many rows it was.

    Raises SecretLost; nothing has changed then.
    """
    changed = 0
    with transaction.atomic():
        for model, name in sealed_columns():
            rows: Any = model._default_manager.exclude(**{name: ""})
            for pk, sealed in rows.values_list("pk", name).iterator():
                model._default_manager.filter(pk=pk).update(**{name: sealer.resealed(sealed)})
                changed += 1
    return changed
