"""The store and the limits as the settings say: for entry points, which pass them on."""

from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings

from apiapp.uploads.services import Limits
from apiapp.uploads.storage import FileStore
from apiapp.uploads.stores.base import Elsewhere
from apiapp.uploads.stores.s3_location import parse_location

S3 = "apiapp.uploads.stores.s3"  # by its name, as boto3 is loaded with it


def store() -> FileStore:
    return FileStore(
        settings.UPLOAD_FOLDER,
        elsewhere=elsewhere(settings.UPLOAD_STORE) if settings.UPLOAD_STORE else None,
        reserve_bytes=settings.UPLOAD_FREE_DISK_BYTES,
    )


@cache
def elsewhere(url: str) -> Elsewhere:
    """Where verified files stay; one client for all of this process.  Raises BadLocation."""
    location = parse_location(url)
    bucket: Elsewhere = s3().FinishedBucket(location)
    return bucket


def s3() -> Any:
    """The module that speaks it."""
    return import_module(S3)


def limits() -> Limits:
    return Limits(
        file_bytes=settings.UPLOAD_MAX_BYTES,
        user_bytes=settings.UPLOAD_USER_QUOTA_BYTES,
        chunk_bytes=settings.UPLOAD_CHUNK_BYTES,
        expires_s=settings.UPLOAD_EXPIRES_S,
        open_uploads=settings.UPLOAD_MAX_OPEN,
        least_bytes_per_s=settings.UPLOAD_MIN_BYTES_PER_S,
    )
