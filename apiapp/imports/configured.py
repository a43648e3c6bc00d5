"""What reading a file may cost, as the settings say: for entry points, which pass it on."""

from django.conf import settings

from apiapp.imports.pipeline.containers import Limits


def limits() -> Limits:
    return Limits(
        unpacked_bytes=settings.IMPORT_UNPACKED_LIMIT_BYTES,
        free_disk_bytes=settings.UPLOAD_FREE_DISK_BYTES,
        memory_bytes=settings.IMPORT_READER_MEMORY_BYTES,
        folder=settings.UPLOAD_FOLDER,
        lanes_from_bytes=settings.IMPORT_LANES_FROM_BYTES if settings.IMPORT_LANES else None,
    )
