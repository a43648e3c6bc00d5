"""Verified files in a bucket of S3, or of a service that speaks it.  Blocking.

    <prefix>finished/<file_id>

A file comes there from this machine's disk by one request or, if it is large, by a multipart upload
(see s3_sending.py): the object appears when all of it is there, and is never changed.  Whether the
service keeps what it was sent is seen by MD5 (Content-MD5), for each request.

This module imports boto3, which takes half a second and 60 MB: it is loaded by its name, and only
where UPLOAD_STORE names a bucket.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from apiapp.uploads.errors import StoredFileMissing, StoreUnavailable
from apiapp.uploads.names import FILE_ID
from apiapp.uploads.stores.base import OnSent, not_of_interest
from apiapp.uploads.stores.s3_errors import NO_KEY, NO_UPLOAD, code_of, unavailable_told
from apiapp.uploads.stores.s3_location import Location
from apiapp.uploads.stores.s3_reading import Body, ObjectReader, buffered
from apiapp.uploads.stores.s3_sending import Sending, Target, begun_at, begun_below

CONNECT_S, READ_S = 3.0, 60.0
ATTEMPTS = 3  # of each request, before a job is put off
CONNECTIONS = 32


def client_for(location: Location) -> Any:
    """Credentials, and what the location leaves open, are found where boto3 always looks."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=location.endpoint or None,
        region_name=location.region or None,
        config=Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
            s3={"addressing_style": location.addressing},
            # Content-MD5 does it, which every service knows.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def why_unusable(location: Location) -> str:
    """What keeps the bucket from being looked into; empty: nothing."""
    try:
        FinishedBucket(location).require_usable()
    except (ClientError, BotoCoreError, ValueError) as error:  # the latter of a bad setting
        return str(error)
    return ""


class FinishedBucket:
    """A place for finished files; used by many threads at once."""

    def __init__(self, location: Location, *, client: Any = None) -> None:
        self._location = location
        self._prefix = f"{location.prefix}finished/"
        self._client = client or client_for(location)

    def keep(self, file_id: str, source: Path, *, on_sent: OnSent = not_of_interest) -> None:
        target = self._target(file_id)
        try:
            with unavailable_told():
                self._send(target, source, on_sent)
        except FileNotFoundError as error:
            if not self.has(file_id):
                raise StoredFileMissing from error
        source.unlink(missing_ok=True)

    def has(self, file_id: str) -> bool:
        with unavailable_told():
            return self._size_bytes(self._target(file_id)) is not None

    def open(self, file_id: str) -> BinaryIO:
        target = self._target(file_id)
        with unavailable_told():
            size_bytes = self._size_bytes(target)
        if size_bytes is None:
            raise StoredFileMissing

        def begin(offset_bytes: int, end_bytes: int) -> Body:
            wanted = f"bytes={offset_bytes}-{end_bytes - 1}"
            answer = self._client.get_object(**target.names, Range=wanted)
            return cast(Body, answer["Body"])

        return cast(BinaryIO, buffered(ObjectReader(begin, size_bytes=size_bytes)))

    def delete(self, file_id: str) -> None:
        """What cannot be reached now is found by its tombstone later."""
        try:
            with unavailable_told():
                self._client.delete_object(**self._target(file_id).names)
        except StoreUnavailable:
            return

    def kept(self, *, before: datetime) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2")
        with unavailable_told():
            for page in pages.paginate(Bucket=self._location.bucket, Prefix=self._prefix):
                for each in page.get("Contents", ()):
                    if each["LastModified"] < before:
                        yield from self._file_ids(each["Key"])

    def begun(self, *, before: datetime) -> Iterator[str]:
        with unavailable_told():
            for each in begun_below(
                self._client, bucket=self._location.bucket, prefix=self._prefix
            ):
                if each["Initiated"] < before:
                    yield from self._file_ids(each["Key"])

    def forget_begun(self, file_id: str) -> None:
        target = self._target(file_id)
        with unavailable_told():
            for begun in list(begun_at(target)):
                self._client.abort_multipart_upload(**target.names, UploadId=begun)

    def require_usable(self) -> None:
        """Raises what boto3 raises where the bucket cannot be reached or looked into."""
        self._client.list_objects_v2(Bucket=self._location.bucket, Prefix=self._prefix, MaxKeys=1)

    def _send(self, target: Target, source: Path, on_sent: OnSent) -> None:
        size_bytes = source.stat().st_size
        if self._size_bytes(target) == size_bytes:  # sent by a run that was killed just then
            return
        try:
            Sending(target, source, wanted_part_bytes=self._location.part_bytes).send(on_sent)
        except ClientError as error:  # another run may have been faster
            if code_of(error) != NO_UPLOAD or self._size_bytes(target) != size_bytes:
                raise

    def _size_bytes(self, target: Target) -> int | None:
        """None: there is no such object."""
        try:
            return int(self._client.head_object(**target.names)["ContentLength"])
        except ClientError as error:
            if code_of(error) not in NO_KEY:
                raise
        self.require_usable()  # the bucket itself may be what is not there
        return None

    def _target(self, file_id: str) -> Target:
        """Raises ValueError for an id that was not made here."""
        if not FILE_ID.fullmatch(file_id):
            raise ValueError(f"not a name of ours: {file_id!r}")
        return Target(self._client, self._location.bucket, self._prefix + file_id)

    def _file_ids(self, key: str) -> Iterator[str]:
        """The id in the key, if it is one of ours."""
        file_id = key.removeprefix(self._prefix)
        if FILE_ID.fullmatch(file_id):
            yield file_id
