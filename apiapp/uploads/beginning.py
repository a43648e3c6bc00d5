"""Blocking: begin an upload whose bytes are appended at an offset."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apiapp.keys.callers import Caller
from apiapp.uploads import concatenating, services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.models import Upload


@dataclass(frozen=True, slots=True)
class AnnouncedAppend:
    """What a client says of a file that it is going to append to.

    size: None: it will be told later.  metadata, concat: the headers of tus, as they came.
    part_ids: what a final upload is made of; its size is theirs.
    """

    protocol: Upload.Protocol
    filename: str
    size: int | None
    metadata: str = ""
    concat: str = ""
    part_ids: tuple[str, ...] = ()
    md5: str = ""
    sha256: str = ""


def create(*, caller: Caller, announced: AnnouncedAppend, terms: Terms) -> Upload:
    """Begin an upload; one of no bytes is complete at once, and so may be one made of others.

    Raises FileTooLarge, QuotaExceeded, DiskFull, TooManyUploads; for one made of others BadParts,
    UnknownUpload, UploadGone.
    """
    upload = Upload(
        owner=caller.user,
        protocol=announced.protocol,
        filename=services.clean_filename(announced.filename),
        size=announced.size,
        chunk_size=0,
        total_chunks=0,
        metadata=announced.metadata,
        concat=announced.concat,
        expected_md5=announced.md5,
        expected_sha256=announced.sha256,
        expires_at=terms.clock() + timedelta(seconds=terms.limits.expires_s),
    )
    if announced.part_ids:
        concatenating.create_final(upload, announced.part_ids, caller=caller, terms=terms)
    else:
        create_empty(upload, terms=terms)
    return upload


def create_empty(upload: Upload, *, terms: Terms) -> None:
    services.require_fits(size=upload.size or 0, limits=terms.limits, store=terms.store)
    terms.store.create(upload.file_id)
    try:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=upload.owner_id)
            services.require_quota(
                owner_id=upload.owner_id, size=upload.size or 0, limits=terms.limits
            )
            services.require_few_open(upload.owner_id, limits=terms.limits)
            if upload.is_partial and upload.size is not None:
                concatenating.add_slice(upload, store=terms.store, now=terms.clock())
            upload.save(force_insert=True)
            if upload.size == 0 and is_complete_when_all_is_there(upload):
                services.start_merge(upload, now=terms.clock())
    except BaseException:
        terms.store.delete_unfinished(upload.file_id)
        raise


def is_complete_when_all_is_there(upload: Upload) -> bool:
    """Whether nobody has to say so."""
    return upload.protocol == Upload.Protocol.TUS and not upload.is_partial
