"""What others tell: sources, and their messages, each of them once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from apiapp.keys.callers import Caller
from apiapp.outbound.sealing import Sealer
from apiapp.webhooks import signing
from apiapp.webhooks.errors import SourceTaken, UnknownSource
from apiapp.webhooks.models import Received, Source


def sources_of(caller: Caller) -> QuerySet[Source]:
    return caller.visible(Source.objects.select_related("owner"))


def get_source(caller: Caller, name: str) -> Source:
    """Raises UnknownSource, also for another user's."""
    return found(sources_of(caller), name)


def found(rows: QuerySet[Source], name: str) -> Source:
    """Raises UnknownSource."""
    row = rows.filter(name=name).first() if "\0" not in name else None
    if row is None:
        raise UnknownSource
    return row


def create_source(*, owner: User, name: str, sealer: Sealer, secret: str = "") -> Source:
    """secret: none makes a new one.  Raises SourceTaken, BadSecret."""
    secret = signing.checked_secret(secret) if secret else signing.new_secret()
    try:
        with transaction.atomic():
            sealed = sealer.seal(secret)
            return Source.objects.create(owner=owner, name=name, sealed_secret=sealed)
    except IntegrityError as error:
        raise SourceTaken(name=name) from error


def receive(
    *, name: str, headers: Mapping[str, str], content: bytes, sealer: Sealer, now: datetime
) -> tuple[Received, bool]:
    """(the message, whether it came for the first time), of all processes that get it at once.

    Raises UnknownSource, NotVerified, SecretLost.
    """
    source = found(Source.objects.all(), name)
    message_id, text = signing.verified(
        secret=sealer.unseal(source.sealed_secret), headers=headers, content=content
    )
    values: dict[str, Any] = {"content": text, "at": now}
    return Received.objects.get_or_create(source=source, message_id=message_id, defaults=values)


def received_of(caller: Caller, *, source: str = "") -> QuerySet[Received]:
    rows = Received.objects.select_related("source__owner")
    rows = rows if caller.sees_all else rows.filter(source__owner=caller.user)
    return rows.filter(source__name=source) if source else rows


def prune(*, before: datetime) -> int:
    """Forget messages of before; those that are older than minutes are not accepted again."""
    return Received.objects.filter(at__lt=before).delete()[0]
