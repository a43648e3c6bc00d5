"""Who guesses passwords is not listened to: in the form, in the admin, by Basic, on a socket."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.management import call_command
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apiapp.keys.quotas import quotas_of

pytestmark = pytest.mark.django_db
RIGHT, WRONG = "alices-passphrase", "not her passphrase"
LIMIT = 10
LOCK_S = 15 * 60
CHANCE = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"|"instance":"[^"]+"')
hashed: list[str] = []


class CountingHasher(MD5PasswordHasher):
    """Notes each password that it works on."""

    def encode(self, password: str, salt: str) -> str:
        hashed.append(password)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> Iterator[None]:
    settings.RATE_LIMIT_ENABLED = True
    caches["counters"].clear()
    yield
    caches["counters"].clear()


def by_form(name: str, password: str, address: str = "192.0.2.1") -> HttpResponse:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/login/", form)


def in_admin(name: str, password: str, address: str = "192.0.2.1") -> HttpResponse:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/", form)


def by_basic(name: str, password: str, address: str = "192.0.2.1") -> HttpResponse:
    shown = b64encode(f"{name}:{password}".encode()).decode()
    return Client(REMOTE_ADDR=address).get(
        "/api/jobs/", headers={"Authorization": f"Basic {shown}"}
    )


WAYS = pytest.mark.parametrize("log_in", [by_form, in_admin, by_basic])
OPENED = {by_form: 302, in_admin: 302, by_basic: 200}


@WAYS
def test_after_ten_wrong_passwords_not_even_the_right_one_is_looked_at(log_in, staff: User):
    refusals = [log_in("carol", WRONG).status_code for _ in range(LIMIT)]

    answer = log_in("carol", "carols-passphrase")

    assert 429 not in refusals[:-1]
    assert refusals[-1] == answer.status_code == 429
    assert LOCK_S - 60 < int(answer["Retry-After"]) <= LOCK_S


@WAYS
def test_a_stranger_elsewhere_cannot_lock_somebody_out(log_in, staff: User):
    for _ in range(LIMIT):
        log_in("carol", WRONG, "192.0.2.66")

    assert log_in("carol", "carols-passphrase").status_code == OPENED[log_in]


@WAYS
def test_the_lock_holds_whichever_way_is_tried_next(log_in, staff: User):
    for _ in range(LIMIT):
        log_in("carol", WRONG)

    ways = (by_form, in_admin, by_basic)
    assert {way("carol", "carols-passphrase").status_code for way in ways} == {429}


@WAYS
def test_a_login_that_succeeds_forgets_the_failures_before_it(log_in, staff: User):
    for _ in range(3):
        for _ in range(LIMIT - 1):
            log_in("carol", WRONG)

        assert log_in("carol", "carols-passphrase").status_code == OPENED[log_in]
    assert AccessAttempt.objects.count() == 0


@WAYS
def test_a_lock_ends_when_it_said_it_would(log_in, staff: User):
    for _ in range(LIMIT):
        log_in("carol", WRONG)
    log_in("carol", WRONG)  # does not lengthen it

    long_ago = timezone.now() - timedelta(seconds=LOCK_S + 1)
    AccessAttempt.objects.update(attempt_time=long_ago)

    assert log_in("carol", "carols-passphrase").status_code == OPENED[log_in]


def test_trying_on_does_not_lengthen_a_lock(user: User):
    for _ in range(LIMIT):
        by_basic("alice", WRONG)
    last = AccessAttempt.objects.get().attempt_time

    by_basic("alice", WRONG)

    assert AccessAttempt.objects.get().attempt_time == last


def test_the_api_says_it_as_a_problem(user: User):
    for _ in range(LIMIT):
        by_basic("alice", WRONG)

    answer = by_basic("alice", RIGHT)

    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:sluice:problem:too-many-logins"
    assert f"{answer['Retry-After']} s" in answer.json()["detail"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_until_when_and_that_a_login_link_still_works(language: str, user: User):
    for _ in range(LIMIT):
        by_form("alice", WRONG)
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"Accept-Language": language})

    answer = client.post("/login/", {"username": "alice", "password": RIGHT})

    page = answer.content.decode()
    until = timezone.now() + timedelta(seconds=int(answer["Retry-After"]))
    assert f"{until:%H:%M}" in page or f"{until + timedelta(seconds=1):%H:%M}" in page
    assert "manage.py login_link" in page
    assert ("太多" in page) == (language == "zh-hans")


def test_a_login_link_signs_in_somebody_who_is_locked_out_and_unlocks(staff: User, capsys):
    for _ in range(LIMIT):
        by_form("carol", WRONG)
    call_command("login_link", "--user", "carol")
    link = capsys.readouterr().out.strip()

    client = Client(REMOTE_ADDR="192.0.2.1")

    assert client.get("/" + link.split("/", 3)[3]).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert by_form("carol", "carols-passphrase").status_code == 302


def test_one_address_has_a_limit_over_all_names(user: User, settings: Any):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "logins": quotas_of("logins", "5/h")}

    for number in range(5):
        by_form(f"nobody-{number}", WRONG)

    assert by_form("alice", RIGHT).status_code == 429
    refused = by_basic("alice", RIGHT)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert by_form("alice", RIGHT, "192.0.2.2").status_code == 302


def test_right_passwords_do_not_count(user: User, settings: Any):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "logins": quotas_of("logins", "5/h")}

    assert {by_basic("alice", RIGHT).status_code for _ in range(10)} == {200}
    assert AccessLog.objects.count() == 0


def test_the_addresses_of_one_ipv6_network_are_one(user: User):
    for number in range(LIMIT):
        by_form("alice", WRONG, f"2001:db8::{number + 1:x}")

    assert by_form("alice", RIGHT, "2001:db8::ffff").status_code == 429
    assert by_form("alice", RIGHT, "2001:db8:0:1::1").status_code == 302


def test_a_header_does_not_change_the_address(user: User):
    for number in range(LIMIT):
        headers = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for={number}"}
        form = {"username": "alice", "password": WRONG}
        answer = Client(REMOTE_ADDR="192.0.2.1").post("/login/", form, headers=headers)

    assert answer.status_code == 429


@pytest.mark.parametrize("name", ["alice\0", "a" * 151, "a" * 5000])
def test_a_name_that_nobody_can_have_is_only_wrong(name: str):
    assert by_basic(name, WRONG).status_code == 401
    assert by_form(name, WRONG).status_code == 200


@pytest.fixture
def people(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    User.objects.create_user("a user", password=RIGHT)
    User.objects.create_user("inactive", password=RIGHT, is_active=False)
    User.objects.create_user("without password")
    hashed.clear()


@WAYS
@pytest.mark.usefixtures("people")
def test_no_answer_and_no_work_tells_whether_a_name_exists(log_in):
    seen = {}
    for name in ("a user", "inactive", "without password", "nobody"):
        hashed.clear()
        answer = log_in(name, WRONG)
        words = CHANCE.sub(b"", answer.content.replace(name.encode(), b""))
        seen[name] = (answer.status_code, sorted(answer.headers), words, len(hashed))

    assert seen["inactive"] == seen["without password"] == seen["nobody"] == seen["a user"]
    assert seen["nobody"][3] == 1


@WAYS
@pytest.mark.usefixtures("people")
def test_who_is_disabled_is_told_no_more_with_the_right_password(log_in):
    assert log_in("inactive", RIGHT).status_code == log_in("nobody", WRONG).status_code


@WAYS
@pytest.mark.usefixtures("people")
def test_names_that_do_not_exist_are_locked_like_those_that_do(log_in):
    def ask(name: str) -> list[int]:
        return [log_in(name, WRONG).status_code for _ in range(LIMIT + 2)]

    assert ask("nobody") == ask("a user") == ask("without password")


@pytest.mark.usefixtures("people")
def test_a_locked_name_costs_no_hash():
    for _ in range(LIMIT):
        by_basic("a user", WRONG)
    hashed.clear()

    by_basic("a user", RIGHT)

    assert hashed == []


def test_who_does_not_log_in_pays_nothing(
    user: User, key_for, django_assert_num_queries, client: Client
):
    headers = {"Authorization": f"Bearer {key_for(user)}"}
    client.get("/api/jobs/", headers=headers)

    with django_assert_num_queries(1):
        client.get("/api/jobs/", headers=headers)
    with django_assert_num_queries(0):
        client.get("/login/")


def test_a_password_with_each_request_costs_one_query_more(user: User, django_assert_num_queries):
    by_basic("alice", RIGHT)

    with django_assert_num_queries(3):  # failures of the name, the user, the jobs
        by_basic("alice", RIGHT)


def test_what_is_older_than_the_lock_goes_with_the_next_login(user: User):
    by_form("nobody", WRONG)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(seconds=LOCK_S + 1))

    by_form("alice", RIGHT)

    assert AccessAttempt.objects.count() == 0


def test_nothing_of_a_refused_request_is_kept_but_its_name_and_address(user: User):
    shown = b64encode(f"alice:{WRONG}".encode()).decode()
    Client().post(
        "/post_example", {"title": "private"}, headers={"Authorization": f"Basic {shown}"}
    )
    Client().post(
        "/api/v1/posts/", {"title": "private"}, headers={"Authorization": f"Basic {shown}"}
    )
    by_form("alice", WRONG)

    kept = str(list(AccessAttempt.objects.values()))

    assert "alice" in kept
    assert "private" not in kept
    assert WRONG not in kept


def test_staff_see_failed_logins_and_unlock_by_deleting(staff: User, client: Client):
    for _ in range(LIMIT):
        by_form("carol", WRONG)
    client.force_login(staff)
    page = client.get(reverse("admin:keys_failedlogin_changelist"))
    attempt = AccessAttempt.objects.get()

    client.post(reverse("admin:keys_failedlogin_delete", args=[attempt.pk]), {"post": "yes"})

    assert b"192.0.2.1" in page.content
    assert by_form("carol", "carols-passphrase").status_code == 302
    shown = client.get(reverse("admin:index")).content.decode()
    assert "accesslog" not in shown
    assert "accessfailurelog" not in shown


@pytest.mark.django_db(databases="__all__")
def test_no_table_of_logins_is_among_the_imported_ones():
    with connections["datasets"].cursor() as cursor:
        beside = connections["datasets"].introspection.table_names(cursor)
    with connections["default"].cursor() as cursor:
        here = connections["default"].introspection.table_names(cursor)

    assert AccessAttempt._meta.db_table in here
    is_one_database = connections["datasets"].vendor == "postgresql"
    assert is_one_database or AccessAttempt._meta.db_table not in beside
