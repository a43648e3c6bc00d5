"""The store and the limits as the settings say: for entry points, which pass them on."""

from django.conf import settings

from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore


def store() -> FileStore:
    return FileStore(settings.UPLOAD_FOLDER, reserve_bytes=settings.UPLOAD_FREE_DISK_BYTES)


def limits() -> Limits:
    return Limits(
        file_bytes=settings.UPLOAD_MAX_BYTES,
        user_bytes=settings.UPLOAD_USER_QUOTA_BYTES,
        chunk_bytes=settings.UPLOAD_CHUNK_BYTES,
        expires_s=settings.UPLOAD_EXPIRES_S,
    )
