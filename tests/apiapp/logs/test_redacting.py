"""Secrets are looked for in lines as they are written, from every place that they slip in from."""

import io
import json
import logging
import secrets
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.redacting import clean, redacted, redacting
from apiapp.logs.terminal import terminal_formatter

WORD = "Kx9vQ2mLr7TzWc4Y"  # the secret in most of them
OWN = secrets.token_urlsafe(48)  # as SECRET_KEY is made
REDACT = redacting([OWN, "postgres"])
FORMATTERS = {"json": ecs_formatter(REDACT), "text": terminal_formatter(REDACT, colors=False)}

SECRET_TEXTS = {
    "an API key": (f"Bearer 0123456789ab.{WORD}_-{WORD}", WORD),
    "an API key alone": (f"key 0123456789ab.{WORD}{WORD} is unknown", WORD),
    "an API key in an address": (f"http://localhost/?q=0123456789ab%2E{WORD}{WORD}", WORD),
    "an API key as a password": (f"rtsp://x:0123456789ab.{WORD}{WORD}@host/", WORD),
    "a header": (f"Authorization: Bearer {WORD}", WORD),
    "headers in Python": (f"{{'Authorization': 'Bearer {WORD}', 'Host': 'x'}}", WORD),
    "raw headers": (f"[(b'authorization', b'Basic {WORD}=='), (b'host', b'x')]", WORD),
    "basic": (f"Basic {WORD}==", WORD),
    "digest": (f'Authorization: Digest username="a" response={WORD}', WORD),
    "Elasticsearch's": (f"ApiKey {WORD}==", WORD),
    "a cookie": (f"Cookie: a=b; sluice_session_8000={WORD}; sluice_csrf_8000=y", WORD),
    "a cookie that is set": (f"Set-Cookie: sessionid={WORD}; Path=/", WORD),
    "cookies in JSON": (json.dumps({"Cookie": f"theirs={WORD}"}), WORD),
    "a form": (f"username=alice&password={WORD}&next=/", WORD),
    "a form's new one": (f"new_password={WORD}", WORD),
    "JSON": (json.dumps({"username": "alice", "password": WORD}), WORD),
    "JSON with quotes": (json.dumps({"client_secret": f'{WORD}"{WORD}'}), WORD),
    "JSON without spaces": (f'{{"access_token":"{WORD}"}}', WORD),
    "a dict": (f"{{'api_key': '{WORD}', 'n': 1}}", WORD),
    "a link's path": (f"/screens/main/open/slk_{WORD}/", WORD),
    "a link's query": (f"/ws/screens/main/?codec=h264&token=slk_{WORD}&x=1", WORD),
    "an escaped link": (f"?token=%73lk_{WORD}&pin=4711", WORD),
    "a PIN": ("/screens/main/?pin=471100", "471100"),
    "a login link": (f"http://localhost:8000/login/{WORD}{WORD}/", WORD),
    "a database": (f"postgres://sluice:{WORD}@db.example.org:5432/sluice", WORD),
    "a database, escaped": (f"postgresql://sluice:{WORD}%40%2F@db/sluice", WORD),
    "a database, not escaped": (f"postgres://sluice:a@{WORD}@db/sluice", WORD),
    "Redis": (f"redis://:{WORD}@127.0.0.1:6379/0", WORD),
    "RabbitMQ": (f"amqps://u:{WORD}@mq:5671//", WORD),
    "a connection string": (f"host=db user=sluice password={WORD} dbname=x", WORD),
    "Elasticsearch": (f"https://elastic:{WORD}@es:9200", WORD),
    "a webhook's": (f"whsec_{WORD}+/{WORD}==", WORD),
    "S3's": (f"AWS_SECRET_ACCESS_KEY={WORD}", WORD),
    "S3's signature": (f"https://s3/bucket/x?X-Amz-Signature={WORD}&X-Amz-Date=1", WORD),
    "a private key": (f"-----BEGIN PRIVATE KEY-----\n{WORD}\n-----END PRIVATE KEY-----", WORD),
    "the server's own": (f"bad signature made with {OWN}", OWN),
}


def lines(message: str, *arguments: object, **more: Any) -> list[str]:
    """What a record comes to in every form."""
    written = []
    for formatter in FORMATTERS.values():
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger = logging.Logger("test")
        logger.addHandler(handler)
        logger.warning(message, *arguments, **more)
        written.append(stream.getvalue())
    return written


@pytest.mark.parametrize("kind", SECRET_TEXTS)
def test_no_secret_is_in_a_line_wherever_it_slipped_in(kind: str):
    text, secret = SECRET_TEXTS[kind]
    try:
        raise LookupError(text)
    except LookupError:
        said = [*lines(text), *lines("got %s", text), *lines("broken", exc_info=True)]
        said += [*lines("here", stack_info=True), *lines("%r", {"body": [text]})]

    assert [line for line in said if secret in line] == []


@pytest.mark.parametrize("kind", SECRET_TEXTS)
def test_nor_in_a_field_nor_escaped(kind: str):
    text, secret = SECRET_TEXTS[kind]

    assert secret not in json.dumps(clean({"a": {"b": [text]}}, REDACT))
    if not set(text) & set("'\" ;"):  # what may stand in an address
        assert secret not in REDACT(f"GET /x?next={quote(text, safe=':/?=&@+')}")


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "Authorization", "HTTP_COOKIE", "api_key", "client_secret",
     "access_token", "webhook_secret", "private_key", "sessionid", "pin"],
)  # fmt: skip
def test_fields_with_such_names_are_never_written(name: str):
    assert clean({name: WORD}, REDACT) == {name: "***"}
    assert clean({name: [WORD]}, REDACT) == {name: "***"}


@pytest.mark.parametrize(
    "text",
    [
        "spin=3, a token was sent",
        "GET /api/datasets/orders/rows/?page=2 200",
        "postgres://127.0.0.1:5432/postgres",
        "https://example.org/path:with@sign",
        "the password is too short",
        "basic authentication",
        "2026-11-22T10:00:00.000Z",
        "job 17 (imports.load), attempt 1: error 0123456789ab",
        "postgres is not a secret",
    ],
)
def test_what_opens_nothing_stays(text: str):
    assert REDACT(text) == text


def test_who_showed_a_key_can_still_be_found_by_its_prefix():
    assert "0123456789ab.***" in redacted(f"key 0123456789ab.{WORD}{WORD} is unknown")


@given(st.text())
def test_any_text_comes_to_one_line_that_is_json(text: str):
    as_json, for_people = lines("%s", text)

    assert json.loads(as_json)["message"] is not None
    assert as_json.count("\n") == 1
    assert len(for_people.splitlines()) == 1


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("nan"), b"\xff", object(), {1: {2, 3}}])
def test_nothing_is_too_strange_to_be_written(value: object):
    as_json, _ = lines("x")
    said, _ = lines("%s", value, extra={"status_code": value})

    assert orjson.loads(said)["ecs.version"] == orjson.loads(as_json)["ecs.version"]


def test_a_text_without_end_is_cut():
    said, _ = lines("x" * 10**6)

    assert len(said) < 40_000
    assert "967232 characters more" in said


def test_text_made_to_be_slow_is_not():
    """Each of them within the time that the suite gives any test."""
    for hostile in ("://" * 20_000, "a" * 100_000 + "://" + ":" * 50_000, "token" * 20_000,
                    "cookie" + " " * 100_000, '"password":"' + "\\" * 100_000,
                    "bearer" + " " * 100_000, "a-" * 50_000 + "://x:y"):  # fmt: skip
        redacted(hostile[:32_768])
