"""Uploads that are made of others (tus 1.0.0, Concatenation).  Blocking.

Clients split a file, send its parts at the same time and then name them in order.  So partial
uploads of known length that one user begins within a moment are made slices of one file, in the
order in which they were begun: if that is the file that the client then asks for, it is there,
and not a byte is copied.  Anything else is copied in the right order by the merge.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apiapp.keys.callers import Caller
from apiapp.uploads import services
from apiapp.uploads.arriving import Terms
from apiapp.uploads.errors import BadParts, StoredFileMissing, UploadGone
from apiapp.uploads.folding import NEWS_BYTES
from apiapp.uploads.holds import Place
from apiapp.uploads.models import PARTIAL, FinalPart, Upload, new_file_id
from apiapp.uploads.storage import FileStore

TOGETHER = timedelta(seconds=5)  # parts of one file are begun within it
UNEVEN_BYTES = 256  # by which parts of one file differ at most: what does not divide evenly
MAX_PARTS = 1000


def add_slice(upload: Upload, *, store: FileStore, now: datetime) -> None:
    """Give a partial upload its place behind those that were begun just before it.

    In the transaction that holds the owner's row, so one at a time.
    """
    assert upload.size is not None
    last = (
        Upload.objects.filter(
            owner=upload.owner_id,
            concat=PARTIAL,
            created_at__gt=now - TOGETHER,
            state=Upload.State.RECEIVING,
            finals=None,
        )
        .exclude(slice_of="")
        .order_by("-created_at", "-slice_offset")
        .first()
    )
    fits = last and abs((last.size or 0) - upload.size) < UNEVEN_BYTES
    upload.slice_of = last.slice_of if last and fits else new_file_id()
    upload.slice_offset = store.add_slice(upload.slice_of, size_bytes=upload.size)


def place_of(upload: Upload) -> Place:
    """Where the bytes of an upload are that are being appended to it."""
    return Place(upload.slice_of or upload.file_id, upload.slice_offset)


# --- digests of slices --------------------------------------------------------------------------


def tell_kept(part: Upload, *, terms: Terms) -> None:
    """Of a file of slices the beginning may be digested, as far as it is kept."""
    end_bytes = part.slice_offset + part.received
    if not part.slice_of or not terms.folding.follows(end_bytes):
        return
    told_bytes = terms.folding.told_bytes(part.slice_of)
    is_news = part.slice_offset <= told_bytes <= end_bytes - NEWS_BYTES
    if not (is_news or part.has_all_bytes):  # or it is told with what comes before it
        return
    finals = Upload.objects.filter(parts__partial=part) if part.has_all_bytes else None
    size = finals.values_list("size", flat=True).first() if finals is not None else None
    tell_slices(part.slice_of, size=size, terms=terms)


def tell_slices(shared_id: str, *, size: int | None, terms: Terms) -> None:
    """size: of the file that it is to be; None: nobody has said."""
    path, into = terms.store.places(shared_id)
    kept_bytes = slices_kept_bytes(shared_id)
    terms.folding.note(shared_id, path=path, into=into, size=size, kept_bytes=kept_bytes)


def slices_kept_bytes(shared_id: str) -> int:
    """How much of a file of slices, from its beginning, is kept."""
    slices = Upload.objects.filter(slice_of=shared_id).order_by("slice_offset", "size")
    end = 0
    for offset, size, received in slices.values_list("slice_offset", "size", "received"):
        if offset != end:  # one was deleted, or goes on in a file of its own
            break
        end += received
        if received != size:
            break
    return end


# --- final uploads ------------------------------------------------------------------------------


def create_final(upload: Upload, part_ids: Sequence[str], *, caller: Caller, terms: Terms) -> None:
    """Record the new `upload`, made of these parts in this order; if all are there, start its merge.

    Raises BadParts, UnknownUpload, UploadGone, FileTooLarge, QuotaExceeded, DiskFull.
    """
    now, limits = terms.clock(), terms.limits
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=upload.owner_id)
        parts = parts_named(part_ids, caller=caller, now=now)
        known = [part.size for part in parts if part.size is not None]
        upload.size = sum(known) if len(known) == len(parts) else None
        services.require_fits(size=sum(known), limits=limits, store=terms.store)
        if len(set(part_ids)) < len(part_ids) or FinalPart.objects.filter(partial__in=parts):
            services.require_quota(owner_id=upload.owner_id, size=sum(known), limits=limits)
        services.require_few_open(upload.owner_id, limits=limits)
        upload.save(force_insert=True)
        FinalPart.objects.bulk_create(
            FinalPart(final=upload, partial=part, position=position)
            for position, part in enumerate(parts)
        )
        if all(part.has_all_bytes for part in parts):
            services.start_merge(upload, now=now)
    if parts[0].slice_of and terms.folding.follows(sum(known)):
        tell_slices(parts[0].slice_of, size=upload.size, terms=terms)


def parts_named(part_ids: Sequence[str], *, caller: Caller, now: datetime) -> list[Upload]:
    """The partial uploads of these ids, in order; their rows are held.

    Raises BadParts, UnknownUpload, UploadGone.
    """
    if not 0 < len(part_ids) <= MAX_PARTS:
        raise BadParts(f"a final upload has from 1 to {MAX_PARTS} parts, not {len(part_ids)}")
    rows = services.uploads_of(caller).select_for_update(of=("self",), no_key=True)
    possible = {each for each in part_ids if "\0" not in each}  # PostgreSQL cannot be asked for it
    found = {each.pk: each for each in rows.filter(pk__in=possible).order_by("pk")}
    for file_id in part_ids:
        part = found.get(file_id) or services.appended_upload(caller, file_id, now=now)
        if not part.is_partial:
            raise BadParts(f"{file_id[:40]!r} is not a partial upload")
        if part.state != Upload.State.RECEIVING or services.has_expired(part, now=now):
            raise UploadGone  # it has become a part of another file, for good
    return [found[file_id] for file_id in part_ids]


def start_what_waits_for(part: Upload, *, now: datetime) -> None:
    """Start the merge of every final upload that this part, now complete, was the last for."""
    waiting = Upload.objects.filter(parts__partial=part, state=Upload.State.RECEIVING)
    for file_id in sorted(set(waiting.values_list("pk", flat=True))):
        start_if_complete(file_id, now=now)


@transaction.atomic
def start_if_complete(file_id: str, *, now: datetime) -> None:
    # One at a time: of two last parts, the one that comes second sees the first.
    final = (
        Upload.objects.select_for_update(no_key=True)
        .filter(pk=file_id, state=Upload.State.RECEIVING)
        .first()
    )
    parts = parts_of(final) if final else []
    if final and all(part.has_all_bytes for part in parts):
        final.size = sum(part.received for part in parts)
        services.start_merge(final, now=now)


def parts_of(final: Upload) -> list[Upload]:
    """In order; one may be there more than once."""
    return [each.partial for each in final.parts.order_by("position").select_related("partial")]


# --- merging ------------------------------------------------------------------------------------


def gather(final: Upload, *, store: FileStore) -> None:
    """Have the bytes of the parts in the sealed file of `final`.

    Safe to call again.  Raises StoredFileMissing, DiskFull.
    """
    parts = parts_of(final)
    if not parts:  # all were deleted just now
        raise StoredFileMissing
    shared_id = parts[0].slice_of
    if is_as_it_lies(final, parts, store=store):
        store.adopt(final.file_id, shared_id=shared_id)
    else:
        store.gather(final.file_id, [(place_of(part), part.received) for part in parts])


@transaction.atomic
def is_as_it_lies(final: Upload, parts: Sequence[Upload], *, store: FileStore) -> bool:
    """Whether the parts, in order, are all of one file, and that nobody else needs.

    If so they are `final`'s from now on: no other final upload can be made of them.
    """
    ids = [part.pk for part in parts]
    rows = Upload.objects.filter(pk__in=ids)
    held = {part.pk: part for part in rows.select_for_update(no_key=True).order_by("pk")}
    if len(held) < len(parts):
        return False
    if all(part.state == Upload.State.VERIFYING for part in held.values()):
        return True  # an earlier run decided so
    if not is_whole([held[pk] for pk in ids], store=store):
        return False
    if FinalPart.objects.filter(partial__in=ids).exclude(final=final).exists():
        return False
    rows.update(state=Upload.State.VERIFYING)
    return True


def is_whole(parts: Sequence[Upload], *, store: FileStore) -> bool:
    """Whether these are all slices of one file, in its order."""
    shared_id, end = parts[0].slice_of, 0
    for part in parts:
        if not shared_id or part.slice_of != shared_id or part.slice_offset != end:
            return False
        end += part.received
    try:
        return store.slices_size_bytes(shared_id) == end
    except StoredFileMissing:
        return False


def remove_parts(final: Upload, *, store: FileStore, now: datetime) -> None:
    """Delete what `final`, which is finished, was made of, unless another waits for it."""
    for part in list(no_longer_needed(final)):
        with transaction.atomic():
            locked = Upload.objects.select_for_update().filter(pk=part.pk).first()
            if locked is None:
                continue
            services.bury(locked, now=now)
        services.delete_bytes(part, store=store)


def no_longer_needed(final: Upload) -> Iterator[Upload]:
    waiting = FinalPart.objects.exclude(final=final).exclude(final__state=Upload.State.FINISHED)
    parts = Upload.objects.filter(finals__final=final).distinct()
    yield from parts.exclude(pk__in=waiting.values("partial"))
