"""What a page of somebody else could make a browser do here."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apiapp.examples.models import Item
from apiapp.keys import services
from tests.contracts.attacks.surface import Operation, operations_of

pytestmark = pytest.mark.django_db(databases="__all__")
PASSWORD = "alices-passphrase"
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example/",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\r\nLocation: https://evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example%2f@testserver",
    "http:///evil.example",
    "ftp://testserver/",
]


def stays_here(location: str) -> bool:
    """Whether a browser that follows it stays on this host."""
    plain = location.replace("\\", "/").strip()
    parts = urlsplit(plain)
    is_ours = parts.scheme in ("", "http") and parts.netloc in ("", "testserver")
    return is_ours and not plain.startswith("//") and not set(plain) & set("\r\n\t\x00")


def sign_in(client: Client, **more: str) -> Any:
    return client.post("/login/", {"username": "alice", "password": PASSWORD, **more})


# --- open redirect -------------------------------------------------------------------------------
@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("way", ["field", "query"])
def test_signing_in_leads_nowhere_else(target: str, way: str, user: User):
    form = {"username": "alice", "password": PASSWORD}
    if way == "field":
        answer = Client().post("/login/", {**form, "next": target})
    else:
        answer = Client().post("/login/", form, query_params={"next": target})

    assert answer.status_code == 302
    assert stays_here(answer["Location"]), answer["Location"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_neither_does_any_other_page_that_redirects(target: str, client: Client, staff: User):
    answers = [
        client.get("/login/", {"next": target}),
        client.get("/admin/login/", {"next": target}),
    ]
    client.force_login(staff)
    answers += [
        client.get("/login/", {"next": target}),
        client.get("/admin/login/", {"next": target}),
        client.post("/i18n/setlang/", {"language": "en", "next": target}),
        client.post("/i18n/setlang/", {"language": "en"}, headers={"Referer": target.strip()}),
        client.post("/logout/", {"next": target}),
    ]
    form = {"username": "carol", "password": "carols-passphrase", "next": target}
    answers.append(Client().post("/admin/login/", form))

    assert [
        a["Location"] for a in answers if "Location" in a and not stays_here(a["Location"])
    ] == []


def test_the_page_of_login_shows_where_it_leads_as_text(client: Client):
    page = client.get("/login/", {"next": '"><script>alert(1)</script>'}).content.decode()

    assert "<script>alert(1)" not in page


def test_a_path_with_two_slashes_is_not_redirected_to_a_host(client: Client, user: User):
    for path in (
        "//evil.example/import",
        "//evil.example",
        "/%2F/evil.example/",
        "/\\evil.example",
    ):
        answer = client.get(path, SERVER_NAME="testserver", PATH_INFO=path)
        assert stays_here(answer.get("Location", "/")), path


# --- sessions ------------------------------------------------------------------------------------
def session_of(client: Client) -> str:
    found = client.cookies.get(project.SESSION_COOKIE_NAME)
    return found.value if found else ""


def test_a_session_that_somebody_planted_is_not_the_one_after_signing_in(user: User):
    attacker = Client()
    attacker.session.save()
    planted = session_of(attacker)
    victim = Client()
    victim.cookies[project.SESSION_COOKIE_NAME] = planted
    sign_in(victim)
    made_up = Client()
    made_up.cookies[project.SESSION_COOKIE_NAME] = "a" * 32
    sign_in(made_up)

    assert planted
    assert session_of(victim) not in ("", planted)
    assert session_of(made_up) not in ("", "a" * 32)
    assert attacker.get("/api/jobs/").status_code in (401, 403)


def test_signing_out_ends_the_session_wherever_it_is_kept(user: User):
    client, thief = Client(), Client()
    sign_in(client)
    thief.cookies[project.SESSION_COOKIE_NAME] = session_of(client)
    assert thief.get("/api/jobs/").status_code == 200

    client.post("/logout/")

    assert thief.get("/api/jobs/").status_code == 401
    assert session_of(client) == ""


def test_signing_out_takes_a_post(user: User):
    client = Client()
    sign_in(client)

    assert client.get("/logout/").status_code == 405
    assert client.get("/api/jobs/").status_code == 200


def test_a_new_password_ends_the_sessions_of_the_old_one(user: User):
    client = Client()
    sign_in(client)
    user.set_password("another-passphrase")
    user.save()

    assert client.get("/api/jobs/").status_code == 401


def test_a_disabled_user_is_out_at_once(user: User):
    client = Client()
    sign_in(client)
    User.objects.update(is_active=False)

    assert client.get("/api/jobs/").status_code == 401


def test_cookies_are_kept_from_scripts_and_other_sites(user: User, settings: Any):
    client = Client()
    client.get("/login/")
    sign_in(client)
    session = client.cookies[project.SESSION_COOKIE_NAME]
    token = client.cookies[project.CSRF_COOKIE_NAME]

    assert session["httponly"]
    assert session["samesite"] == token["samesite"] == "Lax"
    assert session["path"] == token["path"] == "/"
    assert session["domain"] == token["domain"] == ""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    over_tls = Client()
    over_tls.get("/login/", secure=True)
    over_tls.post("/login/", {"username": "alice", "password": PASSWORD}, secure=True)
    assert over_tls.cookies[project.SESSION_COOKIE_NAME]["secure"]
    assert over_tls.cookies[project.CSRF_COOKIE_NAME]["secure"]


# --- cross-site request forgery ------------------------------------------------------------------
@pytest.fixture
def browser(staff: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    client.get("/")
    return client


def unsafe_operations() -> list[Operation]:
    document = Client().get("/openapi.json").json()
    closed = {
        (method, path)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if isinstance(said, dict) and said.get("security") != [{}]
    }
    every = operations_of(document)
    return [op for op in every if op.method != "get" and (op.method, op.path) in closed]


def filled(path: str) -> str:
    for name in ("file_id", "slug", "resource_id", "index"):
        path = path.replace(f"{{{name}}}", "0")
    return "1".join(part.partition("}")[2] if "}" in part else part for part in path.split("{"))


TYPES = {
    "application/json": b"{}",
    "text/plain": b"{}",  # what a form of another site can send
    "application/x-www-form-urlencoded": b"a=b",
    "application/xml": b"<a/>",
}


@pytest.mark.parametrize("content_type", TYPES)
def test_a_session_without_its_token_changes_nothing(content_type: str, browser: Client):
    answers = {}
    for operation in unsafe_operations():
        answer = browser.generic(
            operation.method.upper(), filled(operation.path), TYPES[content_type], content_type
        )
        answers[str(operation)] = answer.status_code

    assert len(answers) > 15
    # 415: neither the token nor the body was looked at.
    assert {call: status for call, status in answers.items() if status not in (403, 415)} == {}
    assert list(answers.values()).count(403) > 15


@pytest.mark.parametrize("path", ["/logout/", "/i18n/setlang/", "/login/", "/admin/logout/"])
def test_nor_does_a_page_take_a_form_without_it(path: str, browser: Client):
    assert browser.post(path, {"language": "en"}).status_code == 403


def forged(browser: Client, **headers: str) -> int:
    """The answer to an unsafe request with the right token, that says where it comes from."""
    token = browser.cookies[project.CSRF_COOKIE_NAME].value
    return browser.post(
        "/api/v1/items/",
        {"id": 1, "name": "forged"},
        content_type="application/json",
        headers={"X-CSRFToken": token, **headers},
    ).status_code


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://testserver:81", "http://testserver.evil", "x"]
)
def test_a_token_is_not_enough_from_another_origin(origin: str, browser: Client):
    assert forged(browser, Origin=origin) == 403
    assert not Item.objects.filter(name="forged").exists()


def test_it_is_from_our_own(browser: Client):
    assert forged(browser, Origin="http://testserver") == 201


@pytest.mark.parametrize("referer", ["", "https://evil.example/", "http://testserver/", "https://"])
def test_over_tls_the_referer_has_to_be_ours(referer: str, browser: Client):
    token = browser.cookies[project.CSRF_COOKIE_NAME].value
    headers = {"X-CSRFToken": token, **({"Referer": referer} if referer else {})}
    answer = browser.post("/api/v1/items/", {"id": 1, "name": "x"}, secure=True, headers=headers)

    assert answer.status_code == 403


def test_a_login_link_signs_in_and_does_no_more(staff: User, browser: Client):
    """It works by GET, so that it can be clicked: all it can be forged to is a session here."""
    token = services.create_login_link(
        user=staff, server_secret=project.SECRET_KEY, now=timezone.now(), expires_s=60
    )

    answer = browser.get(f"/login/{token}/", {"next": "//evil.example"})

    assert answer["Location"] == "/"
    assert answer["Cache-Control"].find("no-store") >= 0
    assert answer["Referrer-Policy"] == "same-origin"


# --- method tricks -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-HTTP-Method": "DELETE"},
        {"X-Method-Override": "PUT"},
    ],
)
def test_a_header_does_not_change_the_method(headers: dict[str, str], api: Any, user: User):
    item = Item.objects.create(id=5, name="kept", owner=user)
    client = api(user)

    for method in ("get", "post"):
        for query in ("", "?_method=DELETE", "?method=DELETE", "?_HttpMethod=DELETE"):
            answer = getattr(client, method)(
                f"/api/v1/items/5/{query}", {"_method": "DELETE"}, headers=headers
            )
            assert answer.status_code in (200, 405)
            assert answer.status_code != http.client.NO_CONTENT

    assert Item.objects.filter(pk=item.pk).exists()


def test_a_field_does_not_change_the_method_either(api: Any, user: User):
    Item.objects.create(id=5, name="kept", owner=user)

    for name in ("_method", "_METHOD", "X-HTTP-Method-Override", "_content_type"):
        answer = api(user).post("/api/v1/items/5/", f"{name}=DELETE", content_type=FORM)
        assert answer.status_code == 405

    assert Item.objects.filter(pk=5).exists()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "DELETE\tx", "X" * 300])
def test_a_method_that_nobody_takes_is_refused(method: str, api: Any, user: User):
    assert api(user).generic(method, "/api/v1/items/").status_code == 405


FORM = "application/x-www-form-urlencoded"
