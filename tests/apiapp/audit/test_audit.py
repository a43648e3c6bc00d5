"""Who changed what, through the handler as it is served."""

import base64
import getpass
import json
import sqlite3
from datetime import timedelta
from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client, RequestFactory
from django.utils import timezone

from apiapp.audit import commands, recording
from apiapp.audit.models import Change
from apiapp.http.handler import Handler
from apiapp.http.known import KEY, Known
from apiapp.jobs.models import Job
from apiapp.keys import services
from apiapp.keys.models import ApiKey
from apiapp.keys.scopes import ALL_SCOPES
from apiapp.monitoring.tasks import prune_audit
from myproject.periodic_jobs import PERIODIC_JOBS
from tests.conftest import KeyFor
from tests.serving import Server, prepared_home

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
SECRET = "Kx9vQ2mLr7TzWc4Y"


@pytest.fixture
def handler() -> Handler:
    return Handler(told=recording.told)


def ask(
    handler: Handler, method: str, path: str, fields: Any = None, **more: Any
) -> HttpResponseBase:
    """By a form, or as JSON where a key is shown."""
    is_json = "HTTP_AUTHORIZATION" in more
    kind = "application/json" if is_json else "application/x-www-form-urlencoded"
    body = json.dumps(fields or {}) if is_json else urlencode(fields or {})
    made = RequestFactory().generic(method, path, body, kind, **more)
    environ = {**made.META, "wsgi.input": BytesIO(body.encode()), KEY: Known()}
    request = handler.request_class(environ)
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    return handler.get_response(request)


def signed_in(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    cookies: SimpleCookie = client.cookies
    return {"HTTP_COOKIE": "; ".join(f"{name}={each.value}" for name, each in cookies.items())}


def trail() -> list[tuple[str, str, str]]:
    return [(each.actor, each.method, each.path) for each in Change.objects.order_by("pk")]


def test_what_is_made_and_revoked_in_the_admin_is_told(handler: Handler, staff: User):
    cookie = signed_in(staff)
    made = {"owner": staff.pk, "name": "a key", "scopes": ALL_SCOPES[0]}
    assert ask(handler, "POST", "/admin/keys/apikey/add/", made, **cookie).status_code == 200
    key = ApiKey.objects.get()
    act = {"action": "revoke", "_selected_action": key.pk}
    assert ask(handler, "POST", "/admin/keys/apikey/", act, **cookie).status_code == 302

    assert trail() == [
        ("carol", "POST", "/admin/keys/apikey/add/"),
        ("carol", "POST", "/admin/keys/apikey/"),
    ]
    first = Change.objects.earliest("pk")
    assert first.caller == f"user:{staff.pk}"
    assert first.fields == ["owner", "name", "scopes"]
    assert len(first.request_id) == 32


@pytest.mark.parametrize(
    "fields",
    [{"owner": "", "name": ""}, {"owner": "99999", "name": "x", "scopes": "jobs"}],
)
def test_a_form_that_is_asked_again_has_changed_nothing(
    handler: Handler, staff: User, fields: dict[str, str]
):
    answer = ask(handler, "POST", "/admin/keys/apikey/add/", fields, **signed_in(staff))

    assert answer.status_code == 200
    assert trail() == []


def test_changes_by_the_api_are_told_with_the_key(
    handler: Handler, user: User, key_for: KeyFor, caplog: pytest.LogCaptureFixture
):
    key = key_for(user)
    shown = {"HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_X_REQUEST_ID": "mine-7"}
    with caplog.at_level("INFO", "audit"):
        answer = ask(handler, "POST", "/api/screens/", {"name": "hall", "title": SECRET}, **shown)

    assert answer.status_code == 201
    (change,) = Change.objects.all()
    assert (change.actor, change.caller) == ("alice", f"key:{key.partition('.')[0]}")
    assert (change.route, change.request_id) == ("/api/screens", "mine-7")
    assert change.fields == ["name", "title"]
    assert SECRET not in caplog.text + str(Change.objects.values())
    (line,) = [each.msg for each in caplog.records if each.name == "audit"]
    assert line["event"] == "alice: POST /api/screens/"  # type: ignore[index]
    assert line["user.name"] == "alice"  # type: ignore[index]


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", "/api/jobs/", None),
        ("POST", "/api/screens/", {"name": "no such name!"}),  # refused
        ("DELETE", "/api/screens/none/", None),
        ("POST", "/api/uploads/", {"filename": "a.csv", "length": 3}),  # data: has its own rows
        ("POST", "/api/v1/posts/", {"title": "a", "content": "b"}),
    ],
)
def test_what_changes_nothing_and_what_brings_data_is_not(
    handler: Handler, user: User, key_for: KeyFor, method: str, path: str, fields: Any
):
    ask(handler, method, path, fields, HTTP_AUTHORIZATION=f"Bearer {key_for(user)}")

    assert trail() == []


def kinds() -> list[tuple[str, str, str]]:
    return [(each.kind, each.actor, each.path) for each in Change.objects.order_by("pk")]


def test_who_comes_and_goes_is_told_and_not_with_what(
    handler: Handler, user: User, caplog: pytest.LogCaptureFixture
):
    fields = {"username": "alice", "password": "alices-passphrase"}
    with caplog.at_level("INFO", "audit"):
        assert ask(handler, "POST", "/login/", fields).status_code == 302
        assert ask(handler, "POST", "/login/", {**fields, "password": SECRET}).status_code == 200
        assert ask(handler, "POST", "/login/", {**fields, "username": SECRET}).status_code == 200
        assert ask(handler, "POST", "/logout/", **signed_in(user)).status_code == 302

    assert kinds() == [
        ("login", "alice", "/login/"),
        ("failed_login", "alice", "/login/"),
        ("failed_login", "", "/login/"),  # a password where the name belongs
        ("logout", "alice", "/logout/"),
    ]
    told = caplog.text + str(Change.objects.values())
    assert "passphrase" not in told
    assert SECRET not in told
    lines = [each.msg for each in caplog.records if each.name == "audit"]
    assert [line["event.outcome"] for line in lines] == ["success", "failure", "failure", "success"]  # type: ignore[index]


def test_a_login_link_and_the_admins_own_pages_are_told_once(handler: Handler, staff: User):
    link = services.create_login_link(
        user=staff, server_secret=settings.SECRET_KEY, now=timezone.now(), expires_s=60
    )
    assert ask(handler, "GET", f"/login/{link}/").status_code == 302
    fields = {"username": "carol", "password": "carols-passphrase"}
    assert ask(handler, "POST", "/admin/login/", fields).status_code == 302
    assert ask(handler, "POST", "/admin/logout/", **signed_in(staff)).status_code in (200, 302)

    assert [(kind, actor) for kind, actor, _ in kinds()] == [
        ("login", "carol"),
        ("login", "carol"),
        ("logout", "carol"),
    ]
    assert link not in str(Change.objects.values())


def test_a_wrong_password_that_is_shown_with_a_request_is_told(handler: Handler, user: User):
    shown = base64.b64encode(f"alice:{SECRET}".encode()).decode()
    answer = ask(handler, "GET", "/api/jobs/", HTTP_AUTHORIZATION=f"Basic {shown}")

    assert answer.status_code == 401
    assert [(kind, actor) for kind, actor, _ in kinds()] == [("failed_login", "alice")]
    assert Change.objects.get().address == "127.0.0.1"


def test_what_is_done_by_a_command_is_told_with_who_did_it(user: User):
    commands.told(["create_api_key", "--user", "alice", f"--name={SECRET}", SECRET])
    commands.told(["check", "--deploy"])
    commands.told([])

    (change,) = Change.objects.all()
    assert (change.kind, change.actor) == ("command", getpass.getuser())
    assert change.path == "manage.py create_api_key"
    assert change.fields == ["user", "name"]
    assert SECRET not in str(Change.objects.values())


def test_a_real_command_leaves_a_row_and_one_that_fails_does_not(home: Path):
    prepared_home.copy_to(home)
    database = sqlite3.connect(home / "sluice.sqlite3")
    database.execute("DELETE FROM audit_change")
    database.commit()
    server = Server(home)

    server.manage("create_api_key", "--user", "tester")
    server.manage("create_api_key", "--user", "nobody-of-this-name", check=False)

    rows = database.execute("SELECT kind, path, fields FROM audit_change").fetchall()
    database.close()
    assert rows == [("command", "manage.py create_api_key", '["user"]')]


def test_the_trail_is_kept_for_its_time_and_no_longer(settings: Any):
    kept = timedelta(days=settings.MONITORING.audit_keep_days)
    for days in (-1, 1):
        at = timezone.now() - kept + timedelta(days=days)
        Change.objects.create(at=at, actor=str(days), method="POST", path="/x", request_id="r")
    job = Job.objects.create(task="audit.prune", run_at=timezone.now(), lease_token="t")

    prune_audit(job_id=job.pk, lease="t")

    assert [each.actor for each in Change.objects.all()] == ["1"]
    assert PERIODIC_JOBS["audit.prune"] <= 24 * 3600


def test_nobody_changes_the_trail(staff: User, client: Client):
    change = Change.objects.create(
        at="2026-11-22T00:00:00Z", actor="a", method="POST", path="/of-a-change", request_id="r"
    )
    client.force_login(staff)
    page = f"/admin/audit/change/{change.pk}/"

    assert b"/of-a-change" in client.get("/admin/audit/change/").content
    assert b"/of-a-change" not in client.get("/admin/audit/change/?kind__exact=login").content
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", {"actor": "b"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/audit/change/add/").status_code == 403
