"""Webhooks in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.utils import timezone

from apiapp.outbound.configured import sealer
from apiapp.webhooks import queueing, receiving, services
from apiapp.webhooks.models import Attempt, Delivery, Subscription

pytestmark = pytest.mark.django_db(databases="__all__")

HOOKS, DELIVERIES = "/admin/webhooks/subscription/", "/admin/webhooks/delivery/"


@pytest.fixture
def page(staff: User) -> Browser:
    browser = Browser()
    browser.force_login(staff)
    return browser


@pytest.fixture
def row(user: User) -> Subscription:
    return services.subscribe(owner=user, sealer=sealer(), url="https://a.example/hook")


def act(page: Browser, at: str, action: str, pk: int) -> Any:
    return page.post(at, {"action": action, "_selected_action": [pk]}, follow=True)


def test_staff_subscribe_and_the_secret_is_not_on_the_page(page: Browser, staff: User):
    form = {"owner": staff.pk, "url": "https://a.example/hook", "events": ["upload.finished"]}

    answer = page.post(f"{HOOKS}add/", {**form, "allow_private": "on"})

    made = Subscription.objects.get()
    (secret,) = services.secrets_of(made, sealer=sealer(), now=timezone.now())
    shown = page.get(f"{HOOKS}{made.pk}/change/").content + page.get(HOOKS).content
    assert answer.status_code == 302
    assert (made.events, made.allow_private) == (["upload.finished"], True)
    assert secret.encode() not in shown
    assert made.sealed_secrets.encode() not in shown


def test_an_address_that_is_none_is_refused(page: Browser, staff: User):
    answer = page.post(f"{HOOKS}add/", {"owner": staff.pk, "url": "ftp://a.example"})

    assert answer.status_code == 200
    assert not Subscription.objects.exists()


def test_staff_pause_resume_and_test(page: Browser, row: Subscription):
    act(page, HOOKS, "pause", row.pk)
    row.refresh_from_db()
    paused = row.paused
    refused = act(page, HOOKS, "send_test", row.pk)
    act(page, HOOKS, "resume", row.pk)
    act(page, HOOKS, "send_test", row.pk)

    row.refresh_from_db()
    assert (paused, row.paused) == ("by_hand", "")
    assert "is paused" in refused.content.decode()
    assert Delivery.objects.get().event.type == "webhook.test"


def test_staff_see_why_nothing_is_sent(page: Browser, row: Subscription):
    services.pause(row=row, why=Subscription.Paused.GONE, now=timezone.now())

    assert "the receiver said that it is gone (410)" in page.get(HOOKS).content.decode()


def test_the_log_of_a_delivery_is_there_and_it_is_sent_again(page: Browser, row: Subscription):
    made = queueing.send_test(row=row, now=timezone.now())
    Attempt.objects.create(delivery=made, at=timezone.now(), status=503, duration_s=0.1)

    shown = page.get(f"{DELIVERIES}{made.pk}/change/")
    act(page, DELIVERIES, "replay", made.pk)

    assert "503" in shown.content.decode()
    assert Delivery.objects.latest("pk").replay_of == made


def test_all_that_failed_is_sent_again_to_those_that_are_selected(page: Browser, row: Subscription):
    made = [queueing.send_test(row=row, now=timezone.now()) for _ in range(2)]
    Delivery.objects.update(state=Delivery.State.FAILED)

    told = act(page, HOOKS, "replay_failed", row.pk)
    services.pause(row=row, why=Subscription.Paused.GONE, now=timezone.now())
    refused = act(page, HOOKS, "replay_failed", row.pk)

    again = Delivery.objects.filter(state=Delivery.State.WAITING).order_by("pk")
    assert [each.replay_of for each in again] == made
    assert f"{row}: 2" in told.content.decode()
    assert "is paused" in refused.content.decode()
    assert page.get(f"{DELIVERIES}?subscription__id__exact={row.pk}").status_code == 200


def test_the_other_lists_open(page: Browser, row: Subscription, staff: User):
    queueing.send_test(row=row, now=timezone.now())
    receiving.create_source(owner=staff, name="shop", sealer=sealer())

    for path in ("webhooks/source/", "webhooks/received/", "outbox/event/"):
        assert page.get(f"/admin/{path}").status_code == 200
    made = page.post("/admin/webhooks/source/add/", {"owner": staff.pk, "name": "other"})
    assert made.status_code == 302
