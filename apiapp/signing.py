"""Signatures of Standard Webhooks, by its own library; ours and others'.  Plain Python.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

HEADERS = ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
SECRET_BYTES = 32
SECRET_LENGTHS = range(24, 65)  # bytes that the specification allows
TOLERANCE_S = 300
MOST_ID_CHARS = 255
MOST_SIGNATURES = 10  # in one header: while a secret is changed there are two


class SigningError(Exception):
    """Base of these errors."""


class BadSecret(SigningError):
    """No secret of Standard Webhooks."""

    def __init__(self) -> None:
        super().__init__("a secret is whsec_ and the base64 of 24 to 64 bytes")


class NotSigned(SigningError):
    """A message that nobody who is known signed, or not now."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def checked_secret(secret: str) -> str:
    """The same.  Raises BadSecret."""
    if not secret.startswith(PREFIX) or len(key_of(secret)) not in SECRET_LENGTHS:
        raise BadSecret
    return secret


def key_of(secret: str) -> bytes:
    """The bytes of a secret as it is written.  Raises BadSecret.

    The library by itself reads whatever it can in what is no base64, nothing among it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:  # also of letters that are no ASCII
        raise BadSecret from error
    if not key:
        raise BadSecret
    return key


def signed_headers(
    *, message_id: str, content: bytes, secrets_: Iterable[str], now: datetime
) -> dict[str, str]:
    """The three headers; one signature by each secret, so that receivers may know either.

    Raises BadSecret.
    """
    at, text = now.astimezone(UTC), content.decode()
    signatures = [Webhook(key_of(secret)).sign(message_id, at, text) for secret in secrets_]
    return {ID: message_id, TIMESTAMP: str(int(at.timestamp())), SIGNATURE: " ".join(signatures)}


def signer_of(
    headers: Mapping[str, str], content: bytes, *, secrets_: Sequence[str], now: datetime
) -> int:
    """Which of the secrets the message is signed with.  Raises NotSigned.

    headers: found by their names in lower case.  What is no secret signs nothing.
    """
    message_id = headers.get(ID, "")
    if not 0 < len(message_id) <= MOST_ID_CHARS or not message_id.isascii() or "\0" in message_id:
        raise NotSigned(f"{ID} is missing, or is none")
    at, text = signed_at(headers.get(TIMESTAMP, ""), now), text_of(content)
    sent = headers.get(SIGNATURE, "").split()[:MOST_SIGNATURES]
    for number, secret in enumerate(secrets_):
        try:
            wanted = Webhook(key_of(secret)).sign(message_id, at, text)
        except BadSecret:
            continue
        if any(hmac.compare_digest(wanted.encode(), each.encode()) for each in sent):
            return number
    raise NotSigned(f"{SIGNATURE} is not by anybody who is known here")


def signed_at(timestamp: str, now: datetime) -> datetime:
    """Raises NotSigned for what was signed too long ago, or for later."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 10):
        raise NotSigned(f"{TIMESTAMP} is missing, or is no number of seconds")
    at = datetime.fromtimestamp(int(timestamp), UTC)
    away_s = abs((now - at).total_seconds())
    if away_s > TOLERANCE_S:
        raise NotSigned(f"it was signed {away_s:.0f} s away from now; {TOLERANCE_S} s may be")
    return at


def text_of(content: bytes) -> str:
    """Raises NotSigned."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NotSigned("the body is not UTF-8") from error
