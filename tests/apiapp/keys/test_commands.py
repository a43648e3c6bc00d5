import io

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from apiapp.keys import scopes
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
