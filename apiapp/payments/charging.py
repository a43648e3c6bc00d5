"""Begin a payment, charge it once, find out what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F

from apiapp.outbound.calling import Means
from apiapp.payments import asks, settling
from apiapp.payments.errors import (
    ChargeUnknown,
    GatewayRefused,
    NoGateway,
    NotRefundable,
    NoWord,
    OrderHasPayment,
    RefundTooLarge,
)
from apiapp.payments.models import Gateway, Payment, Refund
from apiapp.payments.money import text_of
from apiapp.payments.settling import FIRST_LOOK_S, Source
from apiapp.payments.states import ENDED, State

# For so long a charge that the gateway does not know is sent again.  Later a customer does not
# expect it any more; it is also well within the time for which gateways keep idempotency keys.
SEND_AGAIN = timedelta(hours=1)
MOST_PER_RUN = 500
NEVER_ARRIVED = "It never reached the gateway."


@dataclass(frozen=True, slots=True)
class Order:
    """return_url: where the gateway leads the customer after paying; empty: nowhere."""

    order_id: str
    amount_minor: int
    currency: str
    return_url: str = ""


def place(*, owner: User, order: Order, now: datetime, work_id: UUID | None = None) -> Payment:
    """Write down what is going to be charged; under a work_id that was seen before, that one.

    Raises NoGateway, OrderHasPayment.
    """
    if work_id and (placed := Payment.objects.filter(work_id=work_id).first()):
        return placed
    gateway = Gateway.objects.filter(is_active=True).exclude(connection=None).first()
    if gateway is None:
        raise NoGateway
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                owner=owner,
                gateway=gateway,
                work_id=work_id,
                order_id=order.order_id,
                amount_minor=order.amount_minor,
                currency=order.currency,
                return_url=order.return_url,
                created_at=now,
                next_look_at=now + timedelta(seconds=FIRST_LOOK_S),
            )
            settling.move(payment, State.PENDING, Source.REQUEST, "", now)
    except IntegrityError as error:
        if work_id and (placed := Payment.objects.filter(work_id=work_id).first()):
            return placed  # another one came first, a moment ago
        live = Payment.objects.filter(owner=owner, order_id=order.order_id).exclude(state__in=ENDED)
        if (other := live.first()) is None:
            raise
        raise OrderHasPayment(payment_id=other.pk) from error
    return payment


def charge(*, payment: Payment, means: Means, longest_s: float) -> Payment:
    """Send the charge unless its end is known; what is said of it is in the payment then."""
    if payment.state == State.PENDING:
        _sent(payment, means, longest_s)
    payment.refresh_from_db()
    return payment


def _sent(payment: Payment, means: Means, longest_s: float) -> None:
    try:
        report = asks.charge(payment, means=means, longest_s=longest_s)
    except GatewayRefused as error:
        settling.fail(
            payment_id=payment.pk, failure=str(error), source=Source.ANSWER, now=means.clock()
        )
    except (NoWord, ChargeUnknown) as error:
        settling.note_trouble(payment_id=payment.pk, trouble=str(error), now=means.clock())
    else:
        settling.apply(
            payment_id=payment.pk, report=report, source=Source.ANSWER, now=means.clock()
        )


# --- back -----------------------------------------------------------------------------------------
def place_refund(
    *,
    payment: Payment,
    amount_minor: int | None,
    by: User,
    now: datetime,
    work_id: UUID | None = None,
) -> Refund:
    """Write down what is going to be given back; None: all that is left.

    Raises NotRefundable, RefundTooLarge.
    """
    with transaction.atomic():
        row = settling.locked(payment.pk)
        if work_id and (placed := Refund.objects.filter(work_id=work_id).first()):
            return placed
        if row.state != State.PAID:
            raise NotRefundable(status=row.state)
        left_minor = row.amount_minor - promised_minor(row)
        if not 0 < (amount_minor or left_minor) <= left_minor:
            raise RefundTooLarge(left=text_of(left_minor, row.currency))
        made = Refund.objects.create(
            payment=row,
            work_id=work_id,
            by=by,
            amount_minor=amount_minor or left_minor,
            created_at=now,
        )
        row.looks, row.next_look_at = 0, now + timedelta(seconds=FIRST_LOOK_S)
        row.save(update_fields=["looks", "next_look_at", "updated_at"])
    return made


def promised_minor(payment: Payment) -> int:
    """Given back already, or under way."""
    waiting = payment.refunds.filter(state=Refund.State.PENDING)
    return payment.refunded_minor + sum(waiting.values_list("amount_minor", flat=True))


def send_refund(*, row: Refund, means: Means, longest_s: float) -> Refund:
    """Ask for it unless it has ended; the row says what came of it then."""
    if row.state == Refund.State.PENDING:
        _sent_refund(row, means, longest_s)
    row.refresh_from_db()
    return row


def _sent_refund(row: Refund, means: Means, longest_s: float) -> None:
    payment_id = row.payment_id
    try:
        report = asks.refund(row, means=means, longest_s=longest_s)
    except GatewayRefused as error:
        _refund_failed(row, str(error), means.clock())
    except (NoWord, ChargeUnknown) as error:
        settling.note_trouble(payment_id=payment_id, trouble=str(error), now=means.clock())
    else:
        settling.apply(
            payment_id=payment_id, report=report, source=Source.ANSWER, now=means.clock()
        )


def _refund_failed(row: Refund, failure: str, now: datetime) -> None:
    waiting = Refund.objects.filter(pk=row.pk, state=Refund.State.PENDING)
    with transaction.atomic():
        payment = settling.locked(row.payment_id)
        waiting.update(state=Refund.State.FAILED, failure=failure[: settling.MOST_CHARS])
        settling.plan_look(payment, now)
        payment.save()


# --- what hangs ------------------------------------------------------------------------------------
def look(*, payment: Payment, means: Means, longest_s: float) -> Payment:
    """Ask the gateway what became of it; what it does not know is sent again, or given up.

    The gateway decides: nothing fails here because time has passed alone.
    """
    is_young = means.clock() - payment.created_at < SEND_AGAIN
    try:
        report = asks.look(payment, means=means, longest_s=longest_s)
    except ChargeUnknown:
        if is_young:
            return charge(payment=payment, means=means, longest_s=longest_s)
        settling.fail(
            payment_id=payment.pk, failure=NEVER_ARRIVED, source=Source.ANSWER, now=means.clock()
        )
    except NoWord as error:
        settling.note_trouble(payment_id=payment.pk, trouble=str(error), now=means.clock())
    else:
        now = means.clock()
        settling.apply(payment_id=payment.pk, report=report, source=Source.ANSWER, now=now)
        for row in payment.refunds.filter(state=Refund.State.PENDING).select_related("payment"):
            _refund_again(row, report.refunds, means, longest_s)
    payment.refresh_from_db()
    return payment


def _refund_again(row: Refund, known: dict[str, str], means: Means, longest_s: float) -> None:
    if str(row.key) in known:
        return  # it is at it
    if means.clock() - row.created_at < SEND_AGAIN:
        send_refund(row=row, means=means, longest_s=longest_s)
    else:
        _refund_failed(row, NEVER_ARRIVED, means.clock())


def reconcile(*, means: Means, longest_s: float, check: Any) -> int:
    """Ask about each payment that hangs and is due; return how many.

    check: called before each; what it raises ends the run.
    """
    now, count = means.clock(), 0
    due = Payment.objects.filter(next_look_at__lte=now).order_by("next_look_at", "pk")
    for payment in due.select_related("gateway__connection__owner")[:MOST_PER_RUN]:
        check()
        if is_claimed(payment, now):
            look(payment=payment, means=means, longest_s=longest_s)
            count += 1
    return count


def is_claimed(payment: Payment, now: datetime) -> bool:
    """Whether this run is the one to ask: of several, the first."""
    mine = Payment.objects.filter(pk=payment.pk, next_look_at=payment.next_look_at)
    later = now + timedelta(seconds=FIRST_LOOK_S)
    return bool(mine.update(looks=F("looks") + 1, next_look_at=later))
