"""A shop charges an order, the customer pays at the gateway, the shop gives it back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.sandbox_process import SandboxProcess
from tests.serving import Server

PATIENCE_S = 90.0
PARALLEL = 20


@pytest.fixture(scope="module")
def sandbox(server: Server) -> Iterator[SandboxProcess]:
    callback_url = f"{server.url}/api/payments/callback/"
    with SandboxProcess(server.environment, callback_url=callback_url) as process:
        yield process


def pay(server: Server, order_id: str, key: str) -> requests.Response:
    return requests.post(
        f"{server.url}/api/payments/",
        json={"order_id": order_id, "amount": "12.50", "currency": "EUR"},
        headers={**server.headers, "Idempotency-Key": key},
        timeout=PATIENCE_S,
    )


def followed(server: Server, payment_id: int, wanted: str) -> dict[str, Any]:
    """The payment once it has this status."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = requests.get(
            f"{server.url}/api/payments/{payment_id}/", headers=server.headers, timeout=PATIENCE_S
        )
        found: dict[str, Any] = answer.json()
        if found["status"] == wanted:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_who_clicks_pay_has_paid(server: Server, sandbox: SandboxProcess):
    sandbox.behave(twice=True)
    order = str(uuid4())
    made = pay(server, order, order).json()

    page = requests.get(made["payment_url"], timeout=PATIENCE_S).text
    requests.post(f"{made['payment_url']}/pay", timeout=PATIENCE_S)

    told = followed(server, made["id"], "paid")
    assert order in page
    assert "Pay</button>" in page
    assert [each["status"] for each in told["history"]] == ["pending", "requires_action", "paid"]
    assert told["history"][-1]["source"] == "callback"
    sandbox.behave(twice=False)
    back = requests.post(
        f"{server.url}/api/payments/{made['id']}/refund/",
        headers=server.headers,
        timeout=PATIENCE_S,
    )
    assert back.json()["status"] == "refunded"


def test_who_clicks_decline_has_not(server: Server, sandbox: SandboxProcess):
    order = str(uuid4())
    made = pay(server, order, order).json()

    requests.post(f"{made['payment_url']}/decline", timeout=PATIENCE_S)

    assert followed(server, made["id"], "failed")["failure"] == "The card was declined."


@pytest.mark.parametrize("is_same_key", [True, False])
def test_parallel_repeats_are_one_charge(
    is_same_key: bool, server: Server, sandbox: SandboxProcess
):
    order = str(uuid4())
    sandbox.behave(lose=1, slow_s=0.2)

    def until_answered(_number: int) -> dict[str, Any]:
        key = order if is_same_key else str(uuid4())
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = pay(server, order, key)
            told: dict[str, Any] = answer.json()
            if answer.ok or "order-has-payment" in told["type"]:
                return told
            assert answer.status_code in (409, 429), answer.text
            time.sleep(0.1)
        raise AssertionError("no answer")

    with ThreadPoolExecutor(PARALLEL) as clients:
        told = list(clients.map(until_answered, range(PARALLEL)))

    sandbox.behave(lose=0, slow_s=0)
    assert len({each.get("payment_id", each.get("id")) for each in told}) == 1
    assert [each["order_id"] for each in sandbox.charges()].count(order) == 1
