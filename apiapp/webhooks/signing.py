"""Signatures of Standard Webhooks, by its own library: plain Python.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from apiapp.webhooks.errors import BadSecret, NotVerified

PREFIX = "whsec_"
SECRET_BYTES = 32
SECRET_LENGTHS = range(24, 65)  # bytes that the specification allows
MOST_ID_CHARS = 255
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def checked_secret(secret: str) -> str:
    """The same.  Raises BadSecret."""
    try:
        content = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadSecret from error
    if not secret.startswith(PREFIX) or len(content) not in SECRET_LENGTHS:
        raise BadSecret
    return secret


def signed_headers(
    *, message_id: str, content: bytes, secrets_: Iterable[str], now: datetime
) -> dict[str, str]:
    """The three headers; one signature by each secret, so that receivers may know either."""
    at, text = now.astimezone(UTC), content.decode()
    signatures = [Webhook(secret).sign(message_id, at, text) for secret in secrets_]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def verified(*, secret: str, headers: Mapping[str, str], content: bytes) -> tuple[str, str]:
    """(id, JSON) of a message that is signed, and of these five minutes.

    headers: by their names in lower case.  Raises NotVerified.
    """
    shown = {name: headers.get(name, "") for name in HEADERS}
    message_id = shown["webhook-id"]
    if len(message_id) > MOST_ID_CHARS or "\0" in message_id:
        raise NotVerified("the webhook-id is too long, or has characters that none has")
    try:
        Webhook(secret).verify(content, shown, json_parse=False)
        json.loads(content, parse_constant=no_number)
        return message_id, content.decode()
    except WebhookVerificationError as error:
        raise NotVerified(str(error)) from error
    except (ValueError, RecursionError) as error:  # the library lets pass what it cannot read
        raise NotVerified("a header or the body cannot be read") from error


def no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
