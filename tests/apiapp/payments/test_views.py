"""/api/payments/: as a shop uses it, with a gateway that answers over HTTP."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apiapp.outbound.models import CallRecord, Connection
from apiapp.payments.models import Gateway, Payment, Refund
from tests.apiapp.payments.conftest import CALLBACK, Sandbox, reconciled

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

PAYMENTS = "/api/payments/"
ORDER = {"order_id": "A-1", "amount": "12.50", "currency": "EUR"}


def pay(client: Any, *, key: str = "", **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(PAYMENTS, {**ORDER, **more}, headers=headers)


def row_of(answer: Any) -> Payment:
    return Payment.objects.get(pk=answer.json()["id"])


def paid(client: Any, sandbox: Sandbox, **more: Any) -> Payment:
    row = row_of(pay(client, **more))
    told = sandbox.tells(Client(), sandbox.click(row.key))
    assert told.json() == {"message": "move"}
    return row


def refund(client: Any, row: Payment, **more: Any) -> Any:
    return client.post(f"{PAYMENTS}{row.pk}/refund/", more)


def due_now() -> None:
    Payment.objects.exclude(next_look_at=None).update(next_look_at=timezone.now())


# --- charging -------------------------------------------------------------------------------------
def test_an_order_is_charged_and_the_customer_led_to_its_page(alice: Any, sandbox: Sandbox):
    answer = pay(alice, amount=12.5)

    told = answer.json()
    assert answer.status_code == 201
    assert (told["status"], told["amount"], told["currency"]) == ("requires_action", "12.50", "EUR")
    assert told["payment_url"] == f"{sandbox.gateway.url}/pay/{row_of(answer).key}"
    assert answer["Location"].endswith(f"{PAYMENTS}{told['id']}/")
    assert alice.get(answer["Location"]).json() == told
    assert [each["status"] for each in told["history"]] == ["pending", "requires_action"]
    assert [(c["order_id"], c["amount"]) for c in sandbox.charges] == [("A-1", "12.50")]


THANKS = "https://shop.example/thanks"


@pytest.fixture
def returns_allowed(settings: Any) -> None:
    allowed = (THANKS, "http://127.0.0.1:8123/")
    settings.OUTBOUND = replace(settings.OUTBOUND, payment_return_urls=allowed)


@pytest.mark.parametrize(
    "url",
    [
        THANKS,
        f"{THANKS}/1?order=A-1#x",
        "HTTPS://SHOP.example:443/thanks",
        "http://127.0.0.1:8123/a",
    ],
)
def test_the_customer_comes_back_to_where_the_shop_said(
    url: str, alice: Any, sandbox: Sandbox, returns_allowed: None
):
    told = pay(alice, return_url=url).json()

    clicked = requests.post(f"{told['payment_url']}/pay", allow_redirects=False, timeout=60)
    page = requests.get(told["payment_url"], timeout=60)

    assert told["return_url"] == url
    assert (clicked.status_code, clicked.headers["Location"]) == (303, url)
    assert f'href="{url}"' in page.text


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/thanks",
        "https://shop.example.evil.example/thanks",
        "https://shop.example@evil.example/thanks",
        "https://evil.example\\@shop.example/thanks",
        "https://shop.example:8443/thanks",
        "http://shop.example/thanks",
        f"{THANKS}else",
        f"{THANKS}/../admin",
        f"{THANKS}/%2e%2e/admin",
        f"{THANKS}/%252e%252e/admin",
        "https://shop.example/",
        "//shop.example/thanks",
        "/thanks",
        "javascript:alert(1)",
        f"{THANKS}?a\r\nSet-Cookie: b",
        f"{THANKS}/\tb",
        "https://shop.example:x/thanks",
        "https://[/thanks",
    ],
)
def test_no_customer_is_led_elsewhere(
    url: str, alice: Any, sandbox: Sandbox, returns_allowed: None
):
    answer = pay(alice, return_url=url)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["return_url"])
    assert not sandbox.charges


def test_nowhere_is_allowed_unless_the_operator_says_so(alice: Any, sandbox: Sandbox):
    assert pay(alice, return_url=THANKS).status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "12.505"),
        ("amount", "0"),
        ("amount", -1),
        ("amount", True),
        ("amount", None),
        ("amount", ["1"]),
        ("amount", "10000000000"),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", ""),
        ("order_id", ""),
        ("order_id", "x" * 101),
        ("order_id", "a\0b"),
    ],
)
def test_what_cannot_be_charged_is_refused_by_its_field(
    field: str, value: Any, alice: Any, sandbox: Sandbox
):
    answer = pay(alice, **{field: value})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Payment.objects.exists()
    assert sandbox.charges == []


def test_the_same_request_is_answered_the_same_and_charged_once(alice: Any, sandbox: Sandbox):
    first, again = pay(alice, key="k"), pay(alice, key="k")

    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert len(sandbox.charges) == 1


def test_an_order_is_paid_once_though_no_key_was_sent(
    alice: Any, sandbox: Sandbox, api: Any, other_user: User
):
    first, again = pay(alice), pay(alice, amount="1.00")

    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:sluice:problem:order-has-payment",
    )
    assert again.json()["payment_id"] == first.json()["id"]
    assert pay(api(other_user)).status_code == 201
    assert len(sandbox.charges) == 2


def test_an_order_whose_payment_failed_is_paid_anew(alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))
    sandbox.tells(Client(), sandbox.click(row.key, "decline"))

    again = pay(alice)

    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "The card was declined.")
    assert again.status_code == 201


def test_without_a_gateway_nothing_is_begun(alice: Any):
    answer = pay(alice)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:sluice:problem:no-gateway")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("badly", [{"fail": 1}, {"lose": 1}])
def test_a_charge_that_got_no_answer_is_found_out_and_made_once(
    badly: dict[str, int], alice: Any, sandbox: Sandbox
):
    sandbox.behave(**badly)
    answer = pay(alice, key="k")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")

    due_now()
    asked = reconciled()

    row = row_of(answer)
    assert (asked, row.state, row.trouble) == (1, "requires_action", "")
    assert len(sandbox.charges) == 1
    assert reconciled() == 0


def test_a_server_that_died_before_it_sent_anything_is_made_up_for(
    alice: Any, sandbox: Sandbox, user: User
):
    sandbox.behave(fail=1)
    row = row_of(pay(alice))
    assert sandbox.charges == []

    due_now()
    reconciled()

    row.refresh_from_db()
    assert row.state == "requires_action"
    assert [each["reference"] for each in sandbox.charges] == [str(row.key)]


def test_what_never_reached_the_gateway_is_not_charged_hours_later(alice: Any, sandbox: Sandbox):
    sandbox.behave(fail=1)
    row = row_of(pay(alice))
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=2))

    due_now()
    reconciled()

    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "It never reached the gateway.")
    assert sandbox.charges == []


def test_nothing_is_given_up_because_the_gateway_is_away(alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))
    Payment.objects.update(state="pending", created_at=timezone.now() - timedelta(days=9))
    Connection.objects.update(base_url=f"{sandbox.gateway.url}/elsewhere")

    due_now()
    reconciled()

    row.refresh_from_db()
    assert (row.state, "404" in row.trouble) == ("pending", True)
    assert row.next_look_at and row.next_look_at > timezone.now()


def test_a_key_that_is_no_longer_good_decides_nothing(alice: Any, sandbox: Sandbox):
    sandbox.server.api_key = "another"

    answer = pay(alice)

    assert (answer.status_code, row_of(answer).state) == (202, "pending")


def test_a_gateway_whose_connection_is_deleted_leaves_payments_waiting(
    alice: Any, sandbox: Sandbox
):
    row = row_of(pay(alice))
    Connection.objects.all().delete()

    due_now()
    reconciled()

    row.refresh_from_db()
    assert (row.state, row.trouble) == ("requires_action", "the gateway has no connection")
    assert pay(alice, order_id="A-2").json()["type"].endswith(":no-gateway")


def test_another_amount_than_was_asked_for_is_not_believed(alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))
    charge = {**sandbox.click(row.key), "amount": "1.00"}

    told = [sandbox.tells(Client(), charge).json() for _ in range(2)]

    row.refresh_from_db()
    assert told == [{"message": "conflict"}] * 2
    assert (row.state, "1.00 EUR" in row.trouble) == ("requires_action", True)
    assert row.events.filter(is_applied=False).count() == 1


def test_the_calls_are_recorded_without_secrets(alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))

    call = CallRecord.objects.get()

    assert call.request_headers["Idempotency-Key"] == str(row.key)
    assert call.request_headers["Authorization"] == "[redacted]"


# --- callbacks ------------------------------------------------------------------------------------
def test_what_comes_twice_is_taken_once(alice: Any, sandbox: Sandbox, client: Client):
    row = row_of(pay(alice))
    body, headers = sandbox.signed(sandbox.click(row.key))

    told = [
        client.post(CALLBACK, body, content_type="application/json", headers=headers).json()
        for _ in range(3)
    ]

    assert [each["message"] for each in told] == ["move", "seen", "seen"]
    assert [each.state for each in row.events.all()] == ["pending", "requires_action", "paid"]


def test_what_comes_late_takes_nothing_back(alice: Any, sandbox: Sandbox, client: Client):
    row = row_of(pay(alice))
    old = sandbox.gateway.store.shown(str(row.key), url="http://a.example")
    sandbox.tells(client, sandbox.click(row.key))

    told = sandbox.tells(client, old)

    row.refresh_from_db()
    assert (told.json(), row.state) == ({"message": "late"}, "paid")


def test_a_callback_may_be_quicker_than_the_answer(alice: Any, sandbox: Sandbox, client: Client):
    sandbox.behave(lose=1)
    row = row_of(pay(alice, key="k"))
    sandbox.tells(client, sandbox.click(row.key))

    again = pay(alice, order_id="A-1")

    row.refresh_from_db()
    assert (row.state, again.status_code) == ("paid", 409)
    assert len(sandbox.charges) == 1


@pytest.mark.parametrize("after", [timedelta(seconds=-400), timedelta(seconds=400)])
def test_an_old_callback_is_not_taken(
    after: timedelta, alice: Any, sandbox: Sandbox, client: Client
):
    row = row_of(pay(alice))

    told = sandbox.tells(client, sandbox.click(row.key), now=timezone.now() + after)

    row.refresh_from_db()
    assert (told.status_code, told.json()["type"]) == (400, "urn:sluice:problem:bad-signature")
    assert row.state == "requires_action"


def test_nobody_but_the_gateway_tells_anything(alice: Any, sandbox: Sandbox, client: Client):
    row = row_of(pay(alice))
    body, headers = sandbox.signed(sandbox.click(row.key))
    forged = [
        (body.replace(b"12.50", b"12.51"), headers),
        (body, {**headers, "webhook-id": "another"}),
        (body, {}),
    ]

    answers = [
        client.post(CALLBACK, each, content_type="application/json", headers=shown)
        for each, shown in forged
    ]

    row.refresh_from_db()
    assert [each.status_code for each in answers] == [400, 400, 400]
    assert row.state == "requires_action"


@pytest.mark.parametrize("charge", [None, [], "x", {}, {"reference": 1}, {"currency": ["EUR"]}])
def test_what_no_gateway_would_say_may_come_again(charge: Any, sandbox: Sandbox, client: Client):
    answers = [sandbox.tells(client, charge, message="m") for _ in range(2)]

    assert [each.status_code for each in answers] == [422, 422]
    assert answers[0].json()["type"] == "urn:sluice:problem:bad-report"


@pytest.mark.parametrize(
    "reference", ["00000000-0000-4000-8000-000000000000", "another's", "x" * 32]
)
def test_a_charge_that_is_not_ours_is_not_found(
    reference: str, alice: Any, sandbox: Sandbox, client: Client
):
    charge = {**sandbox.click(row_of(pay(alice)).key), "reference": reference}

    assert sandbox.tells(client, charge).status_code == 404


# --- refunds ----------------------------------------------------------------------------------------
def test_what_is_paid_is_given_back(alice: Any, sandbox: Sandbox):
    row = paid(alice, sandbox)

    answer = refund(alice, row)

    told = answer.json()
    assert (answer.status_code, told["status"], told["refunded"]) == (200, "refunded", "12.50")
    assert [(each["amount"], each["status"]) for each in told["refunds"]] == [
        ("12.50", "succeeded")
    ]
    assert pay(alice, key="new").status_code == 201


def test_parts_are_given_back_until_nothing_is_left(alice: Any, sandbox: Sandbox):
    row = paid(alice, sandbox)

    first = refund(alice, row, amount="2.50").json()
    too_much = refund(alice, row, amount="10.01")
    last = refund(alice, row, amount="10.00").json()

    assert (first["status"], first["refunded"]) == ("paid", "2.50")
    assert (too_much.status_code, too_much.json()["left"]) == (422, "10.00")
    assert (last["status"], last["refunded"]) == ("refunded", "12.50")


def test_only_what_is_paid_is_given_back(alice: Any, sandbox: Sandbox):
    row = row_of(pay(alice))
    assert refund(alice, row).json()["type"] == "urn:sluice:problem:not-refundable"
    sandbox.tells(Client(), sandbox.click(row.key))

    assert refund(alice, row, amount="1.005").status_code == 422
    assert refund(alice, row, amount="x").status_code == 422
    assert not Refund.objects.exists()


@pytest.mark.parametrize("badly", [{"fail": 1}, {"lose": 1}])
def test_a_refund_that_got_no_answer_is_made_once(
    badly: dict[str, int], alice: Any, sandbox: Sandbox
):
    row = paid(alice, sandbox)
    sandbox.behave(**badly)

    answer = refund(alice, row, amount="5")
    left = refund(alice, row, amount="7.51")
    due_now()
    reconciled()

    row.refresh_from_db()
    assert (answer.status_code, left.status_code) == (202, 422)
    assert (row.refunded, row.refunds.get().state, row.next_look_at) == ("5.00", "succeeded", None)


def test_where_payments_are_charged_elsewhere_no_sandbox_starts(sandbox: Sandbox):
    Gateway.objects.create(name="a real one")

    with pytest.raises(CommandError, match="a real one"):
        call_command("sandbox_gateway", "--port", "0")


# --- whose ------------------------------------------------------------------------------------------
def test_lists_show_ones_own_by_state_and_order(alice: Any, sandbox: Sandbox, api: Any):
    for number in range(3):
        pay(alice, order_id=f"A-{number}")
    paid(alice, sandbox, order_id="A-9")

    page = alice.get(PAYMENTS, {"limit": 2}).json()

    assert [each["order_id"] for each in page["results"]] == ["A-9", "A-2"]
    assert [e["order_id"] for e in alice.get(page["next"]).json()["results"]] == ["A-1", "A-0"]
    assert len(alice.get(PAYMENTS, {"status": "paid"}).json()["results"]) == 1
    assert len(alice.get(PAYMENTS, {"order_id": "A-1"}).json()["results"]) == 1
    assert alice.get(PAYMENTS, {"status": "rich"}).status_code == 422


def test_anothers_payment_is_not_there(alice: Any, sandbox: Sandbox, api: Any, other_user: User):
    row = paid(alice, sandbox)
    bob = api(other_user)

    assert bob.get(f"{PAYMENTS}{row.pk}/").status_code == 404
    assert refund(bob, row).status_code == 404
    assert bob.get(PAYMENTS).json()["results"] == []
    assert not Refund.objects.exists()


def test_a_key_needs_the_scope(key_for: Any, user: User, sandbox: Sandbox, client: Client):
    headers = {"Authorization": f"Bearer {key_for(user, 'outbound')}"}

    answer = client.post(PAYMENTS, ORDER, content_type="application/json", headers=headers)

    assert (answer.status_code, "'payments'" in answer.json()["detail"]) == (403, True)


def test_a_new_gateway_gets_the_new_payments(alice: Any, sandbox: Sandbox):
    Gateway.objects.update(is_active=False)
    assert pay(alice).status_code == 409

    Gateway.objects.create(name="next", connection=Connection.objects.get())

    assert row_of(pay(alice)).gateway.name == "next"
