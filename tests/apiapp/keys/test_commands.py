import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from apiapp.keys import scopes, services
from apiapp.keys.errors import BadCredentials
from apiapp.keys.models import ApiKey

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_api_key", *arguments, stdout=out)
    return out.getvalue()


def test_the_key_alone_is_printed(user: User):
    printed = create("--user", "alice")

    prefix = ApiKey.objects.get().prefix
    assert printed.startswith(f"{prefix}.")
    assert printed.count("\n") == 1
    assert " " not in printed


def test_without_a_scope_the_key_has_all(user: User):
    create("--user", "alice")

    assert ApiKey.objects.get().scopes == list(scopes.ALL_SCOPES)


def test_scopes_can_be_named(user: User):
    create("--user", "alice", "--scope", "uploads", "--scope", "datasets:read")

    assert ApiKey.objects.get().scopes == ["uploads", "datasets:read"]


def test_a_user_is_made_when_asked_for():
    create("--user", "dave", "--create-user", "--staff")

    assert User.objects.get(username="dave").is_staff


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--user", "nobody"], "there is no user 'nobody'"),
        (["--user", "nobody", "--staff"], "there is no user 'nobody'"),
        (["--user", "dave", "--create-user", "--scope", "all"], "unknown scope all; known:"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str):
    with pytest.raises(CommandError, match=words):
        create(*arguments)


def test_a_key_is_revoked_by_what_stands_before_its_dot(user: User, settings: Any):
    key = create("--user", "alice").strip()

    call_command("revoke_api_key", key.partition(".")[0])

    with pytest.raises(BadCredentials):
        services.caller_for_key(raw=key, server_secret=settings.SECRET_KEY, now=timezone.now())


def test_a_key_that_is_not_there_cannot_be_revoked(user: User):
    with pytest.raises(CommandError, match="there is no key 'abc'"):
        call_command("revoke_api_key", "abc")
