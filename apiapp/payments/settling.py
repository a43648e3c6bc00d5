"""The one place where what a gateway says changes a payment: forward by the table, never back."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from apiapp.payments import money
from apiapp.payments.models import Payment, PaymentEvent, Refund
from apiapp.payments.reports import Report
from apiapp.payments.states import ENDED, State, Verdict, verdict_on

logger = logging.getLogger(__name__)

Source = PaymentEvent.Source
FIRST_LOOK_S, LONGEST_LOOK_S = 60.0, 24 * 3600.0
MOST_CHARS = 200
REFUND_STATES = {"succeeded": Refund.State.DONE, "failed": Refund.State.FAILED}


def locked(payment_id: int) -> Payment:
    """The row as it is now; nobody else changes it in this transaction."""
    return Payment.objects.select_for_update().get(pk=payment_id)


def apply(*, payment_id: int, report: Report, source: str, now: datetime) -> Verdict:
    """Take what the gateway says of the charge, from wherever it came, however late."""
    with transaction.atomic():
        payment = locked(payment_id)
        if (report.amount_minor, report.currency) != (payment.amount_minor, payment.currency):
            charged = money.text_of(report.amount_minor, report.currency)
            told = f"the gateway says {charged} {report.currency}"
            return disbelieve(payment, report.status, told, source, now)
        verdict = verdict_on(report.status, now=payment.state)
        if verdict is Verdict.CONFLICT:
            told = f"the gateway says {report.status} of what is {payment.state}"
            return disbelieve(payment, report.status, told, source, now)
        payment.charge_id = payment.charge_id or report.charge_id
        payment.payment_url = payment.payment_url or report.payment_url
        payment.trouble = ""
        take_refunds(payment, report)
        if verdict is Verdict.MOVE:
            payment.failure = report.failure if report.status == State.FAILED else ""
            move(payment, report.status, source, report.failure, now)
        plan_look(payment, now)
        payment.save()
    return verdict


def disbelieve(payment: Payment, status: str, told: str, source: str, now: datetime) -> Verdict:
    """Write down, once, what cannot be: a person has to look; nothing changes."""
    logger.error("payment %s: %s", payment.pk, told)
    seen = {"state": status, "told": told[:MOST_CHARS], "is_applied": False}
    payment.events.get_or_create(**seen, defaults={"source": source, "at": now})
    payment.trouble = told[:MOST_CHARS]
    plan_look(payment, now)
    payment.save()
    return Verdict.CONFLICT


def move(payment: Payment, state: str, source: str, told: str, now: datetime) -> None:
    payment.state = state
    payment.events.create(state=state, source=source, told=told[:MOST_CHARS], at=now)


def take_refunds(payment: Payment, report: Report) -> None:
    """What was given back only ever grows, whoever asked for it."""
    waiting = payment.refunds.filter(state=Refund.State.PENDING)
    for row in waiting:
        if state := REFUND_STATES.get(report.refunds.get(str(row.key), "")):
            waiting.filter(pk=row.pk).update(state=state)
    given_back = min(report.refunded_minor, payment.amount_minor)
    payment.refunded_minor = max(payment.refunded_minor, given_back)


def fail(*, payment_id: int, failure: str, source: str, now: datetime) -> None:
    """End a payment that was never charged; one of which more is known stays as it is."""
    with transaction.atomic():
        payment = locked(payment_id)
        if payment.state != State.PENDING:
            return
        payment.failure, payment.trouble = failure[:MOST_CHARS], ""
        move(payment, State.FAILED, source, failure, now)
        plan_look(payment, now)
        payment.save()


def note_trouble(*, payment_id: int, trouble: str, now: datetime) -> None:
    """Nothing was learnt: ask again later."""
    with transaction.atomic():
        payment = locked(payment_id)
        payment.trouble = trouble[:MOST_CHARS]
        plan_look(payment, now)
        payment.save()


def plan_look(payment: Payment, now: datetime) -> None:
    """Whether and when the gateway is asked about it: less and less often."""
    has_refund = payment.refunds.filter(state=Refund.State.PENDING).exists()
    if (payment.state in ENDED or payment.state == State.PAID) and not has_refund:
        payment.next_look_at = None
        return
    wait_s = min(FIRST_LOOK_S * 2 ** min(payment.looks, 20), LONGEST_LOOK_S)
    payment.next_look_at = now + timedelta(seconds=wait_s)
