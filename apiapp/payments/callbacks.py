"""What gateways tell of their own accord: who says it, whether it is news, and what it changes."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from apiapp import signing
from apiapp.outbound.errors import SecretLost
from apiapp.outbound.sealing import Sealer
from apiapp.payments import settling
from apiapp.payments.errors import BadSignature, UnknownPayment
from apiapp.payments.models import Gateway, GatewayMessage, Payment
from apiapp.payments.reports import read_message
from apiapp.payments.settling import Source

SEEN = "seen"
KEEP = timedelta(days=2)  # much longer than a signature is good for


def take(*, headers: Mapping[str, str], body: bytes, sealer: Sealer, now: datetime) -> str:
    """What became of the message: move, same, late, conflict, or seen before.

    Raises BadSignature, BadReport, UnknownPayment; then it may come again.
    """
    gateway = sender_of(headers, body, sealer, now)
    try:
        with transaction.atomic():
            GatewayMessage.objects.create(
                gateway=gateway, message_id=headers[signing.ID], received_at=now
            )
            report = read_message(body)
            payment = Payment.objects.filter(gateway=gateway, key__in=keys_in(report.reference))
            found = payment.values_list("pk", flat=True).first()
            if found is None:
                raise UnknownPayment
            verdict = settling.apply(
                payment_id=found, report=report, source=Source.CALLBACK, now=now
            )
    except IntegrityError:
        if GatewayMessage.objects.filter(gateway=gateway, message_id=headers[signing.ID]).exists():
            return SEEN
        raise
    return verdict.value


def keys_in(reference: str) -> list[str]:
    """No more than one: what is no UUID is no reference of ours."""
    plain = reference.replace("-", "")
    is_uuid = len(plain) == 32 and all(each in "0123456789abcdefABCDEF" for each in plain)
    return [reference] if is_uuid else []


def sender_of(headers: Mapping[str, str], body: bytes, sealer: Sealer, now: datetime) -> Gateway:
    """Raises BadSignature."""
    gateways = list(Gateway.objects.exclude(sealed_secret=""))  # nosec B106 # none is set
    secrets = [secret_of(gateway, sealer) for gateway in gateways]
    try:
        return gateways[signing.signer_of(headers, body, secrets_=secrets, now=now)]
    except signing.NotSigned as error:
        raise BadSignature(str(error)) from error


def secret_of(gateway: Gateway, sealer: Sealer) -> str:
    """One that cannot be opened any more signs nothing."""
    try:
        return str(sealer.unseal(gateway.sealed_secret))
    except SecretLost:
        return "(lost)"


def prune(*, now: datetime) -> int:
    """Forget messages whose signatures are too old to be taken anyway; return how many."""
    return GatewayMessage.objects.filter(received_at__lt=now - KEEP).delete()[0]
