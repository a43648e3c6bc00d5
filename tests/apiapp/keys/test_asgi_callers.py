import base64
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied

from apiapp.keys import scopes
from apiapp.keys.asgi_callers import caller_from_scope, require_scope
from apiapp.keys.callers import Caller

pytestmark = pytest.mark.django_db(databases="__all__")
TOKEN = "t" * 32


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create(username="alice")


def scope_of(method: str = "POST", **headers: str) -> dict[str, Any]:
    names = {name: name.replace("_", "-").encode() for name in headers}
    return {
        "type": "http",
        "method": method,
        "path": "/api/upload",
        "query_string": b"",
        "headers": [(names[name], value.encode("latin-1")) for name, value in headers.items()],
    }


def signed_in(user: User) -> str:
    """The Cookie header of a browser."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={TOKEN}"


def test_a_key_tells_the_caller_and_the_scopes(alice, key_for):
    key = key_for(alice, "uploads")

    caller = caller_from_scope(scope_of(authorization=f"Bearer {key}"))

    assert (caller.user, caller.scopes) == (alice, {"uploads"})


def test_a_name_and_password_tell_the_caller(alice):
    alice.set_password("alices-passphrase")
    alice.save()
    shown = base64.b64encode(b"alice:alices-passphrase").decode()

    assert caller_from_scope(scope_of(authorization=f"Basic {shown}")).user == alice


def test_a_session_tells_the_caller_if_its_token_is_shown(alice):
    cookie = signed_in(alice)

    by_header = caller_from_scope(scope_of(cookie=cookie, x_csrftoken=TOKEN))
    by_field = caller_from_scope(scope_of(cookie=cookie), csrf_token=TOKEN)

    assert by_header.user == by_field.user == alice
    assert by_header.scopes == set(scopes.ALL_SCOPES)


@pytest.mark.parametrize("token", [None, "", "x" * 32])
def test_a_session_without_its_token_is_refused(alice, token):
    with pytest.raises(PermissionDenied):
        caller_from_scope(scope_of(cookie=signed_in(alice)), csrf_token=token)


def test_reading_needs_no_token(alice):
    assert caller_from_scope(scope_of("GET", cookie=signed_in(alice))).user == alice


def test_a_socket_counts_as_reading(alice):
    scope = scope_of(cookie=signed_in(alice)) | {"type": "websocket", "scheme": "ws"}
    del scope["method"]

    assert caller_from_scope(scope).user == alice


def test_what_describes_a_body_is_not_looked_at(alice, key_for):
    scope = scope_of(
        authorization=f"Bearer {key_for(alice)}",
        content_type="multipart/form-data; boundary=x",
        content_length="1000000",
        transfer_encoding="chunked",
    )

    assert caller_from_scope(scope).user == alice


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, NotAuthenticated),
        ({"cookie": "sluice_session=unknown"}, NotAuthenticated),
        ({"authorization": "Bearer unknown.key"}, AuthenticationFailed),
        ({"authorization": "Basic ???"}, AuthenticationFailed),
    ],
)
def test_who_is_not_known_is_told_how_to_be(db, headers, error):
    with pytest.raises(error) as caught:
        caller_from_scope(scope_of(**headers))

    assert caught.value.auth_header == 'Bearer realm="sluice"'


def test_a_disabled_user_is_not_known(alice):
    cookie = signed_in(alice)
    alice.is_active = False
    alice.save()

    with pytest.raises(NotAuthenticated):
        caller_from_scope(scope_of("GET", cookie=cookie))


def test_a_scope_that_is_missing_is_named(alice):
    caller = Caller(user=alice, scopes=frozenset({"imports"}))

    require_scope(caller, "imports")
    with pytest.raises(PermissionDenied, match="'uploads'"):
        require_scope(caller, "uploads")
