"""Blocking: what has arrived is kept, and told as JSON."""

import hashlib
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apiapp.idempotency import services as idempotency
from apiapp.idempotency.questions import HEADER, REPLAYED, key_in
from apiapp.idempotency.services import Question, Terms
from apiapp.keys.callers import Caller
from apiapp.uploads.arriving import ArrivingChunk, ArrivingFile
from apiapp.uploads.digests import md5_from_hex
from apiapp.uploads.errors import BadForm
from apiapp.uploads.exchange import Answer, Scope, header, headers_besides

KEY = HEADER.lower().encode()


def keep_chunk(chunk: ArrivingChunk, rest: list[Any], md5: str) -> Answer:
    got = chunk.keep(rest, md5=md5)
    claim = chunk.claim
    return {
        "file_id": claim.file_id,
        "index": claim.index,
        "size": claim.length_bytes,
        "md5": got,
    }


def keep_form_chunk(
    caller: Caller, chunk: ArrivingChunk, rest: list[Any], fields: dict[str, str]
) -> Answer:
    """Raises BadForm without an index, BadChecksum, and what placing and keeping raise."""
    if "index" not in fields:
        raise BadForm("the form has no field 'index'")
    if not chunk.is_placed:
        chunk.place(caller=caller, index=fields["index"])
    return keep_chunk(chunk, rest, md5_from_hex(fields["md5"]) if fields.get("md5") else "")


def keep_file(caller: Caller, scope: Scope, file: ArrivingFile, rest: list[Any]) -> Answer:
    """Keep the file; under an Idempotency-Key, once.

    Raises BadKey, KeyReused, StillInProgress, and what completing and keeping raise.
    """
    has_key = any(name == KEY for name, _ in scope["headers"])
    file.complete(rest)
    if not has_key:
        return stored(file)
    asked = f"{scope['path'].rstrip('/')}\0{file.filename}\0{file.sha256}"
    question = Question(
        caller.name, key_in(header(scope, KEY)), hashlib.sha256(asked.encode()).hexdigest()
    )
    held = idempotency.claim(
        question=question,
        using="default",
        terms=Terms(lease_s=settings.IDEMPOTENCY_LEASE_S, keep_s=settings.IDEMPOTENCY_KEEP_S),
        now=timezone.now(),
    )
    if isinstance(held, idempotency.Answer):
        headers_besides(scope)[REPLAYED] = "true"
        return orjson.loads(held.body)
    try:
        with transaction.atomic():
            answer = stored(file)
            idempotency.keep(held, idempotency.Answer(200, {}, orjson.dumps(answer)))
    except BaseException:
        idempotency.release(held)
        raise
    return answer


def stored(file: ArrivingFile) -> Answer:
    upload = file.keep()
    return {
        "file_id": upload.file_id,
        "filename": upload.filename,
        "size": upload.size,
        "md5": upload.md5,
        "sha256": upload.sha256,
    }
