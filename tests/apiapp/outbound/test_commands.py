"""`manage.py call_api` and `manage.py reseal_secrets`."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from apiapp.outbound import configured, services
from apiapp.outbound.models import CallRecord, Connection
from apiapp.outbound.sealing import Sealer
from tests.apiapp.outbound.hostile_server import HostileServer

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def shop(user: User, there: HostileServer) -> Iterator[Connection]:
    yield services.create_connection(
        owner=user,
        sealer=configured.sealer(),
        secret="theirs",
        name="shop",
        base_url=there.url,
        auth="bearer",
        allow_private=True,
    )
    configured.client().connections.close()


def call_api(*arguments: str) -> str:
    out = io.StringIO()
    call_command("call_api", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_answer_is_printed_and_the_call_recorded(shop: Connection, there: HostileServer):
    there.on["/orders"] = lambda talk, _: talk.answer(200, b"made")

    said = call_api(
        *("orders", "--user", "alice", "--connection", "shop", "--method", "POST"),
        *("--json", '{"id": 1}', "--header", "X-Trace: abc"),
    )

    heard = there.heard[0]
    assert said == "made\n"
    assert (heard.body, heard.headers["x-trace"]) == (b'{"id":1}', "abc")
    assert heard.headers["authorization"] == "Bearer theirs"
    assert CallRecord.objects.get().state == "ok"


def test_forms_and_files_are_sent(shop: Connection, there: HostileServer, folder: Path):
    there.on["/"] = lambda talk, _: talk.answer()
    (folder / "a.xml").write_text("<a/>")
    by = ("", "--user", "alice", "--connection", "shop", "--method", "POST")

    call_api(*by, "--form", "a=1", "--form", "b=x=y")
    call_api(*by, "--xml", str(folder / "a.xml"))

    assert [heard.body for heard in there.heard] == [b"a=1&b=x%3Dy", b"<a/>"]


def test_without_a_good_answer_it_ends_with_an_error(shop: Connection, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(404, b"none such")

    with pytest.raises(CommandError, match="404"):
        call_api("", "--user", "alice", "--connection", "shop")


@pytest.mark.parametrize(
    "arguments",
    [
        ("https://a.example", "--user", "nobody"),
        ("x", "--user", "alice", "--connection", "none such"),
        ("file:///etc/passwd", "--user", "alice"),
        ("http://127.0.0.1:1/", "--user", "alice"),
        ("https://a.example", "--user", "alice", "--json", "{"),
        ("https://a.example", "--user", "alice", "--xml", "/none/such"),
        ("https://a.example", "--user", "alice", "--header", "Host: b.example"),
    ],
)
def test_what_cannot_be_called_is_said_in_a_sentence(arguments: tuple[str, ...], user: User):
    with pytest.raises(CommandError):
        call_api(*arguments)


def test_secrets_are_sealed_anew(shop: Connection, settings: object):
    out = io.StringIO()

    call_command("reseal_secrets", stdout=out)

    shop.refresh_from_db()
    assert out.getvalue() == "1 rows were sealed anew.\n"
    assert configured.sealer().unseal(shop.sealed_secret) == "theirs"


def test_it_is_said_if_a_key_is_missing(shop: Connection):
    Connection.objects.update(sealed_secret=Sealer(["lost"]).seal("x"))

    with pytest.raises(CommandError):
        call_command("reseal_secrets", stdout=io.StringIO())
