"""What others tell: sources, and their messages, each of them once."""

import json
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from apiapp import signing
from apiapp.keys.callers import Caller
from apiapp.outbound.sealing import Sealer
from apiapp.webhooks.errors import NotVerified, SourceTaken, UnknownSource
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
    require_verified(
        secret=sealer.unseal(source.sealed_secret), headers=headers, content=content, now=now
    )
    return Received.objects.get_or_create(
        source=source,
        message_id=headers[signing.ID],
        defaults={"content": content.decode(), "at": now},
    )


def require_verified(
    *, secret: str, headers: Mapping[str, str], content: bytes, now: datetime
) -> None:
    """Raises NotVerified for what is not signed with the secret, not now, or is no JSON."""
    try:
        signing.signer_of(headers, content, secrets_=[secret], now=now)
        json.loads(content, parse_constant=no_number)
    except signing.NotSigned as error:
        raise NotVerified(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise NotVerified("the body is no JSON") from error


def no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def received_of(caller: Caller, *, source: str = "") -> QuerySet[Received]:
    rows = Received.objects.select_related("source__owner")
    rows = rows if caller.sees_all else rows.filter(source__owner=caller.user)
    return rows.filter(source__name=source) if source else rows


def prune(*, before: datetime) -> int:
    """Forget messages of before; those that are older than minutes are not accepted again."""
    return Received.objects.filter(at__lt=before).delete()[0]
