"""What is told to others of uploads."""

from datetime import datetime

from apiapp.outbox import services as outbox
from apiapp.uploads.models import Upload


def tell_finished(upload: Upload, *, now: datetime) -> None:
    """In the transaction that finishes it.  Parts of others are nobody's file."""
    if upload.is_partial:
        return
    outbox.tell(
        "upload.finished",
        audience=[upload.owner_id],
        data={
            "file_id": upload.file_id,
            "filename": upload.filename,
            "size": upload.size,
            "md5": upload.md5,
            "sha256": upload.sha256,
        },
        now=now,
    )
