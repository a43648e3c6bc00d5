"""Payments in the admin: looked at, given back, asked about."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apiapp.jobs.models import Job
from apiapp.jobs.services import lease_due
from apiapp.outbound import configured
from apiapp.payments import tasks
from apiapp.payments.models import Gateway, Payment
from tests.apiapp.payments.conftest import Sandbox
from tests.apiapp.payments.test_views import paid, pay, row_of

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

PAYMENTS, GATEWAYS = "/admin/payments/payment/", "/admin/payments/gateway/"


@pytest.fixture
def page(staff: User) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


def act(page: Client, action: str, row: Payment) -> Any:
    return page.post(PAYMENTS, {"action": action, "_selected_action": [row.pk]}, follow=True)


def work() -> None:
    """What a worker would do."""
    from django.utils import timezone  # noqa: PLC0415

    for job in lease_due(tasks=["payments.look"], at_most=9, now=timezone.now(), lease_s=60):
        tasks.look(job_id=job.pk, lease=job.lease_token, **job.kwargs)


def test_a_payment_shows_its_history_and_cannot_be_changed(
    page: Client, alice: Any, sandbox: Sandbox
):
    row = paid(alice, sandbox)

    listed, shown = page.get(PAYMENTS), page.get(f"{PAYMENTS}{row.pk}/change/")
    page.post(f"{PAYMENTS}{row.pk}/change/", {"order_id": "B", "amount_minor": 1})

    row.refresh_from_db()
    assert b"12.50 EUR" in listed.content
    assert b"12.50 EUR" in shown.content
    assert b"waits for the customer" in shown.content
    assert (row.order_id, row.amount_minor) == ("A-1", 1250)
    assert page.get(f"{PAYMENTS}add/").status_code == 403
    assert page.post(f"{PAYMENTS}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_staff_give_back_what_is_left(page: Client, alice: Any, sandbox: Sandbox):
    row = paid(alice, sandbox)

    said = act(page, "refund", row)
    work()

    row.refresh_from_db()
    assert b"12.50 EUR" in said.content
    assert (row.state, row.refunded) == ("refunded", "12.50")
    assert b"only one that is paid" in act(page, "refund", row).content


def test_staff_have_the_gateway_asked(page: Client, alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))
    sandbox.click(row.key)

    act(page, "ask", row)
    work()

    row.refresh_from_db()
    assert row.state == "paid"
    assert Job.objects.get(task="payments.look").result == {"payment_id": row.pk, "status": "paid"}


def test_a_gateways_secret_is_sealed_and_not_shown(page: Client, sandbox: Sandbox):
    row = Gateway.objects.get()
    wanted = {"name": "shop", "connection": row.connection_id, "is_active": "on"}
    path = f"{GATEWAYS}{row.pk}/change/"

    refused = page.post(path, {**wanted, "secret": "whsec_!"})
    page.post(path, {**wanted, "secret": "whsec_c2VjcmV0"})
    page.post(path, {**wanted, "secret": ""})

    row.refresh_from_db()
    assert refused.status_code == 200
    assert (row.name, configured.sealer().unseal(row.sealed_secret)) == ("shop", "whsec_c2VjcmV0")
    assert b"c2VjcmV0" not in page.get(path).content
