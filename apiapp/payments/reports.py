"""What a gateway says of a charge, in an answer or a callback, as it is read here."""

import json
from dataclasses import dataclass
from typing import Any

from apiapp.payments import money
from apiapp.payments.errors import BadAmount, BadReport

STATUSES = ("requires_action", "paid", "failed", "refunded")
REFUND_STATUSES = ("pending", "succeeded", "failed")
MOST_URL_CHARS, MOST_TEXT_CHARS = 2000, 200


@dataclass(frozen=True, slots=True)
class Report:
    """refunds: reference -> status, of those that were asked for by a reference."""

    reference: str
    charge_id: str
    status: str
    amount_minor: int
    refunded_minor: int
    currency: str
    payment_url: str
    failure: str
    refunds: dict[str, str]


def read_report(told: Any) -> Report:
    """Raises BadReport."""
    try:
        currency = one_of(told["currency"], money.CURRENCIES)
        return Report(
            reference=text(told["reference"]),
            charge_id=text(told["id"]),
            status=one_of(told["status"], STATUSES),
            amount_minor=minor(told["amount"], currency),
            refunded_minor=minor(told.get("refunded", "0"), currency),
            currency=currency,
            payment_url=url(told.get("payment_url") or ""),
            failure=text(told.get("failure") or ""),
            refunds={
                text(each["reference"]): one_of(each["status"], REFUND_STATUSES)
                for each in told.get("refunds", [])
            },
        )
    except (KeyError, TypeError, AttributeError, ValueError, BadAmount) as error:
        raise BadReport(f"what the gateway says of the charge cannot be read: {error!r}") from error


def read_message(body: bytes) -> Report:
    """Of a callback: `{"type": ..., "data": {a charge}}`.  Raises BadReport."""
    try:
        told = json.loads(body)["data"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadReport("the callback is no JSON object with data") from error
    return read_report(told)


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value.replace("\0", "")[:MOST_TEXT_CHARS]


def one_of(value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{value!r:.60} is not one of {', '.join(known[:5])}")
    return str(value)


def minor(value: Any, currency: str) -> int:
    amount = money.decimal_of(text(value))
    return 0 if amount == 0 else money.minor_of(amount, currency)


def url(value: Any) -> str:
    """Where a customer is led: nothing but the web."""
    found = str(value)
    if found and (not found.startswith(("https://", "http://")) or len(found) > MOST_URL_CHARS):
        raise ValueError("payment_url is no address of the web")
    return found
