"""Signed messages as Standard Webhooks has them (specification 1.0.0, symmetric signatures)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from apiapp.payments.errors import BadSignature

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX, VERSION = "whsec_", "v1"
TOLERANCE_S = 300
MOST_ID_CHARS = 255
MOST_SIGNATURES = 10  # in one header: while a secret is changed there are two


def key_of(secret: str) -> bytes:
    """The bytes of a secret as it is written.  Raises ValueError."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def signature_of(secret: str, *, message_id: str, timestamp: str, body: bytes) -> str:
    """Raises ValueError for a secret that is none."""
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def signed_headers(secret: str, *, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    signature = signature_of(secret, message_id=message_id, timestamp=timestamp, body=body)
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: signature}


def signer_of(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime
) -> int:
    """Which of `secrets` the message is signed with.  Raises BadSignature.

    headers: with names of any case, as Django's are.
    """
    message_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not 0 < len(message_id) <= MOST_ID_CHARS or not message_id.isascii():
        raise BadSignature(f"{ID} is missing, or is none")
    require_now(timestamp, now)
    sent = headers.get(SIGNATURE, "").split()[:MOST_SIGNATURES]
    for number, secret in enumerate(secrets):
        try:
            wanted = signature_of(secret, message_id=message_id, timestamp=timestamp, body=body)
        except (ValueError, binascii.Error):
            continue
        if any(hmac.compare_digest(wanted.encode(), each.encode()) for each in sent):
            return number
    raise BadSignature(f"{SIGNATURE} is not that of a gateway which is known here")


def require_now(timestamp: str, now: datetime) -> None:
    """Raises BadSignature for what was signed too long ago, or for later."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise BadSignature(f"{TIMESTAMP} is missing, or is no number of seconds")
    away_s = abs(now.astimezone(UTC).timestamp() - int(timestamp))
    if away_s > TOLERANCE_S:
        raise BadSignature(f"it was signed {away_s:.0f} s away from now; {TOLERANCE_S} s may be")
