"""What is to be found of an upload, in an answer, a row or on disk."""

import hashlib
from typing import Any

from apiapp.uploads import merging, services
from apiapp.uploads.models import Upload
from apiapp.uploads.storage import FileStore
from tests.apiapp.uploads.appended.tus_requests import id_in
from tests.apiapp.uploads.made import md5_of
from tests.apiapp.uploads.requests_over_asgi import Answer


def problem_of(got: Answer) -> tuple[int, str]:
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["status"] == got.status
    return got.status, got.json["type"].removeprefix("urn:sluice:problem:")


def row(path: str) -> Upload:
    return Upload.objects.get(pk=id_in(path))


def finished(path: str, store: FileStore, clock: Any) -> bytes:
    """The bytes of an upload once its merge has run."""
    upload = row(path)
    assert upload.state == Upload.State.VERIFYING
    assert upload.job and upload.job.kwargs == {"file_id": upload.file_id}
    merging.merge(
        file_id=upload.file_id, store=store, clock=clock, on_progress=lambda *a, **k: None
    )
    upload = row(path)
    content = services.path_of(upload, store).read_bytes()
    assert (upload.state, upload.size, upload.received) == ("finished", len(content), len(content))
    assert (upload.md5, upload.sha256) == (md5_of(content), hashlib.sha256(content).hexdigest())
    return content


def files_in(store: FileStore) -> list[str]:
    return sorted(path.name for path in store._folder.rglob("*") if path.is_file())
