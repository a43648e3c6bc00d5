"""Connections and calls in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.utils import timezone

from apiapp.jobs.models import Job
from apiapp.keys.callers import person
from apiapp.outbound import calling, configured, services
from apiapp.outbound.asks import Ask
from apiapp.outbound.models import CallRecord, Connection

pytestmark = pytest.mark.django_db(databases="__all__")

CONNECTIONS, CALLS = "/admin/outbound/connection/", "/admin/outbound/callrecord/"
SECRET = "a secret of the other side"


@pytest.fixture
def page(staff: User) -> Browser:
    browser = Browser()
    browser.force_login(staff)
    return browser


def fields(owner: User, **more: Any) -> dict[str, Any]:
    return {
        "owner": owner.pk,
        "name": "them",
        "base_url": "https://a.example/v1",
        "auth": "bearer",
        "auth_name": "",
        "secret": SECRET,
        "headers": "{}",
        "connect_s": 5,
        "read_s": 15,
        "total_s": 30,
        "answer_limit_bytes": 1000,
        "attempts": 3,
        **more,
    }


def test_staff_make_connections_whose_secret_is_not_shown(page: Browser, staff: User):
    made = page.post(f"{CONNECTIONS}add/", fields(staff, allow_private="on"))

    row = Connection.objects.get()
    shown = page.get(f"{CONNECTIONS}{row.pk}/change/").content + page.get(CONNECTIONS).content
    assert made.status_code == 302
    assert row.allow_private
    assert configured.sealer().unseal(row.sealed_secret) == SECRET
    assert SECRET.encode() not in shown
    assert row.sealed_secret.encode() not in shown


def test_a_secret_stays_unless_the_origin_changes(page: Browser, staff: User):
    page.post(f"{CONNECTIONS}add/", fields(staff))
    path = f"{CONNECTIONS}{Connection.objects.get().pk}/change/"

    page.post(path, fields(staff, secret="", name="renamed"))
    kept = Connection.objects.get()
    page.post(path, fields(staff, secret="", base_url="https://b.example"))

    assert (kept.name, kept.has_secret) == ("renamed", True)
    assert not Connection.objects.get().has_secret


@pytest.mark.parametrize(
    "wrong", [{"base_url": "file:///x"}, {"headers": '{"X": "a\\nb"}'}, {"headers": "[1]"}]
)
def test_what_cannot_be_is_told_on_the_form(wrong: dict[str, str], page: Browser, staff: User):
    assert page.post(f"{CONNECTIONS}add/", fields(staff, **wrong)).status_code == 200
    assert not Connection.objects.exists()


def placed(owner: User) -> CallRecord:
    connection = services.create_connection(
        owner=owner,
        sealer=configured.sealer(),
        secret=SECRET,
        name="a",
        base_url="https://a.example",
    )
    ask = Ask("GET", "https://a.example/x", connection_id=connection.pk)
    return calling.place(
        caller=person(owner),
        ask=ask,
        connection=connection,
        sealer=configured.sealer(),
        now=timezone.now(),
        in_background=False,
    )


def test_a_call_is_looked_at_and_cannot_be_changed(page: Browser, user: User):
    row = placed(user)
    CallRecord.objects.update(state="ok", status=200, answer_content=b"<b>&\xff", answer_bytes=5)

    shown = page.get(f"{CALLS}{row.pk}/change/").content.decode()

    assert "https://a.example/x" in page.get(CALLS).content.decode()
    assert "&lt;b&gt;&amp;" in shown
    assert row.sealed_ask not in shown
    assert page.get(f"{CALLS}add/").status_code == 403


def test_the_admin_leads_to_both(page: Browser):
    shown = page.get("/admin/").content.decode()

    assert f'href="{CONNECTIONS}"' in shown
    assert f'href="{CALLS}"' in shown


def test_a_call_is_made_again_in_the_background(page: Browser, user: User, staff: User):
    row = placed(user)

    page.post(CALLS, {"action": "replay", "_selected_action": [row.pk]})

    again = CallRecord.objects.get(replay_of=row)
    assert (again.owner, again.url, again.state) == (staff, row.url, "queued")
    assert Job.objects.get().kwargs == {"call_id": again.pk}


def test_without_its_connection_it_is_said_that_it_cannot_be(page: Browser, user: User):
    row = placed(user)
    Connection.objects.all().delete()

    said = page.post(CALLS, {"action": "replay", "_selected_action": [row.pk]}, follow=True)

    assert "has been deleted" in said.content.decode()
    assert not CallRecord.objects.filter(replay_of=row).exists()
