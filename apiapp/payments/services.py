"""Payments: find them; the gateways at which they are charged: set up."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from apiapp.jobs import services as jobs
from apiapp.keys.callers import Caller
from apiapp.outbound.models import Connection
from apiapp.outbound.sealing import Sealer
from apiapp.payments.errors import UnknownPayment
from apiapp.payments.models import Gateway, Payment

LOOK = "payments.look"
SANDBOX = "sandbox"
SANDBOX_OWNER = "sandbox-gateway"  # cannot sign in


def payments_of(
    caller: Caller, *, states: Collection[str] = (), order_id: str = ""
) -> QuerySet[Payment]:
    """The payments that `caller` may see; in some states, of one order if asked for."""
    rows = caller.visible(Payment.objects.select_related("owner"))
    rows = rows.filter(state__in=states) if states else rows
    return rows.filter(order_id=order_id) if order_id else rows


def get_payment(caller: Caller, payment_id: int) -> Payment:
    """Raises UnknownPayment, also for another user's."""
    rows = payments_of(caller).select_related("gateway__connection__owner")
    row = rows.filter(pk=payment_id).first()
    if row is None:
        raise UnknownPayment
    return row


def look_later(*, payment: Payment, owner: User, now: datetime) -> None:
    """Have the gateway asked about it in the background."""
    jobs.enqueue(task=LOOK, kwargs={"payment_id": payment.pk}, owner=owner, now=now)


def other_gateways_in_use() -> list[str]:
    """Names of those that a sandbox would take payments away from."""
    others = Gateway.objects.filter(is_active=True).exclude(name=SANDBOX)
    return list(others.values_list("name", flat=True))


@transaction.atomic
def set_up_sandbox(*, base_url: str, api_key: str, signing_secret: str, sealer: Sealer) -> Gateway:
    """The gateway `sandbox`, at this address and with these secrets from now on."""
    owner, is_new = User.objects.get_or_create(username=SANDBOX_OWNER)
    if is_new:
        owner.is_active = False
        owner.set_unusable_password()
        owner.save()
    values = {
        "base_url": base_url,
        "auth": Connection.Auth.BEARER,
        "sealed_secret": sealer.seal(api_key),
        "allow_private": True,
    }
    connection, _ = Connection.objects.update_or_create(owner=owner, name=SANDBOX, defaults=values)
    sealed = {"connection": connection, "sealed_secret": sealer.seal(signing_secret)}
    gateway, _ = Gateway.objects.update_or_create(name=SANDBOX, defaults=sealed)
    return gateway
