"""A bucket of each test's own, on the server of moto, which speaks S3 over HTTP."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from apiapp.uploads.storage import FileStore
from apiapp.uploads.stores.s3 import FinishedBucket, client_for
from apiapp.uploads.stores.s3_location import MIB, Location


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 finds them; moto takes any."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def location(s3_url: str) -> Location:
    return Location(
        bucket=f"files-{uuid.uuid4().hex}",
        prefix="sluice/",
        endpoint=s3_url,
        region="us-east-1",
        addressing="path",
        part_bytes=5 * MIB,
    )


@pytest.fixture
def client(location: Location) -> Any:
    """Of the test itself, and of its bucket; `calls` are the operations it was asked for."""
    client = client_for(location)
    client.create_bucket(Bucket=location.bucket)
    client.calls = []
    client.meta.events.register(
        "before-call.s3", lambda model, **_: client.calls.append(model.name)
    )
    return client


@pytest.fixture
def bucket(location: Location, client: Any) -> FinishedBucket:
    return FinishedBucket(location, client=client)


@pytest.fixture
def store(tmp_path: Path, bucket: FinishedBucket) -> FileStore:
    return FileStore(tmp_path / "uploads", elsewhere=bucket)


@pytest.fixture
def keys(location: Location, client: Any) -> Any:
    """keys() -> what is in the bucket."""

    def listed() -> list[str]:
        found = client.list_objects_v2(Bucket=location.bucket).get("Contents", ())
        return [each["Key"] for each in found]

    return listed
