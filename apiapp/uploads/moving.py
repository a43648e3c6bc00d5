"""Finished files of the time before there was an object store, on their way there."""

from contextlib import suppress

from apiapp.uploads.errors import StoredFileMissing
from apiapp.uploads.merging import MOVING, OnProgress
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore
from apiapp.uploads.stores.base import OnSent


def move_what_is_left(*, store: FileStore, on_progress: OnProgress) -> int:
    """Move finished files from this disk to where they stay now; return how many.

    Raises StoreUnavailable, and what `on_progress` raises; a later call goes on.
    """
    moved = 0
    if store.elsewhere is None:
        return moved
    for file_id in store.left_here():
        upload = Upload.objects.filter(pk=file_id, state=Upload.State.FINISHED).first()
        if upload is None:  # a stray, or one that is just being finished
            continue
        with suppress(StoredFileMissing):  # deleted meanwhile
            store.move_away(file_id, on_sent=telling(on_progress, upload))
            moved += 1
    return moved


def telling(on_progress: OnProgress, upload: Upload) -> OnSent:
    """Tell how much of this file is there."""
    return lambda done: on_progress(done, upload.size, "bytes", MOVING)
