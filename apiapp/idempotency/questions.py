"""What a request asks, and under which key."""

import hashlib
import re

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.request import Request

from apiapp.idempotency.errors import BadKey
from apiapp.idempotency.services import Question
from apiapp.keys.callers import Caller
from apiapp.keys.rate_limits import address_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"  # of an answer that was given before
# A structured string (RFC 8941, section 3.3.3), as the draft has it, or the bare text.
KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


def key_in(sent: str) -> str:
    """The key in the value of the header.  Raises BadKey."""
    found = KEY.fullmatch(sent.strip())
    if not found:
        raise BadKey
    return found[1] or found[2]


def question_of(request: Request, sent_key: str) -> Question:
    """Raises BadKey, and what reading the body raises."""
    caller = request.auth if isinstance(request.auth, Caller) else None
    remote_address = request.META.get("REMOTE_ADDR", "")
    return Question(
        caller=caller.name if caller else address_of(remote_address),
        key=key_in(sent_key),
        fingerprint=fingerprint_of(request, is_known=caller is not None),
    )


def fingerprint_of(request: Request, *, is_known: bool) -> str:
    """Equal for requests that ask for the same.

    What a stranger shows as Authorization is part of the question: examples tell it back.  So is
    what is preferred: it may change what is done.
    """
    parts = [
        request.method or "",
        request.path.rstrip("/"),
        request.META.get("QUERY_STRING", ""),
        "" if is_known else request.META.get("HTTP_AUTHORIZATION", ""),
        request.META.get("HTTP_ACCEPT", ""),
        *filter(None, [request.META.get("HTTP_PREFER")]),
    ]
    together = hashlib.sha256("\0".join(parts).encode())
    together.update(body_digest(request))
    return together.hexdigest()


def body_digest(request: Request) -> bytes:
    """Of a multipart form its fields: what lies between them differs with each sending."""
    if not str(request.content_type).startswith("multipart/"):
        return hashlib.sha256(request.body).digest()
    form = request.data
    assert isinstance(form, QueryDict)
    digest = hashlib.sha256()
    for name, values in sorted(form.lists()):
        for value in values:
            digest.update(f"{name}\0".encode())
            digest.update(content_of(value))
    return digest.digest()


def content_of(value: str | UploadedFile) -> bytes:
    if isinstance(value, str):
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
    content = hashlib.sha256(str(value.name).encode())
    for chunk in value.chunks():
        content.update(chunk)
    value.seek(0)
    return content.digest()
