"""What a gateway is asked, by the outbound client, and what it says.

Each call is recorded as any other is, in the name of the connection's owner.  Whatever creates
carries the key of a row that is committed, so that sent twice it is done once.
"""

import json
from typing import Any, NamedTuple

from apiapp.idempotency.errors import StillInProgress
from apiapp.keys.callers import person
from apiapp.outbound import calling
from apiapp.outbound.asks import Ask, address_of
from apiapp.outbound.calling import Means
from apiapp.outbound.models import CallRecord
from apiapp.payments.errors import BadReport, ChargeUnknown, GatewayRefused, NoWord
from apiapp.payments.models import Gateway, Payment, Refund
from apiapp.payments.reports import Report, read_report

REFUSED_FOR_GOOD = (400, 402, 422)  # the same would be answered to the same request again
UNKNOWN = "unknown-charge"  # a 404 that says less may be anybody's


class Wish(NamedTuple):
    """key: under which it is done once; none for what changes nothing.  body: sent as JSON."""

    method: str
    path: str
    key: str = ""
    body: dict[str, Any] | None = None


def charge(payment: Payment, *, means: Means, longest_s: float) -> Report:
    """Raises GatewayRefused, NoWord."""
    body = {
        "reference": str(payment.key),
        "order_id": payment.order_id,
        "amount": payment.amount,
        "currency": payment.currency,
        **({"return_url": payment.return_url} if payment.return_url else {}),
    }
    wish = Wish("POST", "charges", str(payment.key), body)
    return answered(payment, wish, means=means, longest_s=longest_s)


def look(payment: Payment, *, means: Means, longest_s: float) -> Report:
    """Raises ChargeUnknown, NoWord."""
    wish = Wish("GET", f"charges/{payment.key}")
    return answered(payment, wish, means=means, longest_s=longest_s)


def refund(row: Refund, *, means: Means, longest_s: float) -> Report:
    """Raises GatewayRefused, ChargeUnknown, NoWord."""
    path = f"charges/{row.payment.key}/refunds"
    wish = Wish("POST", path, str(row.key), {"reference": str(row.key), "amount": row.amount})
    return answered(row.payment, wish, means=means, longest_s=longest_s)


def answered(payment: Payment, wish: Wish, *, means: Means, longest_s: float) -> Report:
    """No transaction is open meanwhile."""
    row = called(payment.gateway, wish, means=means, longest_s=longest_s)
    said = said_in(row)
    if row.status == 404 and said.get("error") == UNKNOWN:
        raise ChargeUnknown
    if row.status in REFUSED_FOR_GOOD and wish.method == "POST":
        raise GatewayRefused(str(said.get("detail") or f"refused with {row.status}"))
    if row.state != CallRecord.State.OK:
        raise NoWord(row.error or f"it answers with {row.status}")
    try:
        report = read_report(said)
    except BadReport as error:
        raise NoWord(str(error)) from error
    if report.reference != str(payment.key):
        raise NoWord("it answers with another charge")
    return report


def called(gateway: Gateway, wish: Wish, *, means: Means, longest_s: float) -> CallRecord:
    """Raises NoWord."""
    connection = gateway.connection
    if connection is None:
        raise NoWord("the gateway has no connection")
    row = calling.place(
        caller=person(connection.owner),
        ask=Ask(
            method=wish.method,
            url=address_of(wish.path, connection, {}),
            headers={"Idempotency-Key": wish.key} if wish.key else {"Cache-Control": "no-store"},
            kind="json" if wish.body else "",
            body=wish.body,
            connection_id=connection.pk,
        ),
        connection=connection,
        sealer=means.sealer,
        now=means.clock(),
        in_background=False,
    )
    try:
        return calling.make(row=row, means=means, longest_s=longest_s)
    except StillInProgress as error:
        raise NoWord("the call is under way") from error


def said_in(row: CallRecord) -> dict[str, Any]:
    try:
        said = json.loads(bytes(row.answer_content))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
