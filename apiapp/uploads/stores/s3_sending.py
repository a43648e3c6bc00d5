"""A file on its way to S3, in parts.  Blocking.

Parts are cut alike each time, and one that is there already, as its MD5 says, is not sent again:
so a run that was killed after hours is gone on with.  Two runs at once send the same bytes to the
same places, and the first one's end is the other's.
"""

import base64
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from io import FileIO
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

from apiapp.uploads.disk import BLOCK_BYTES
from apiapp.uploads.stores.base import OnSent
from apiapp.uploads.stores.s3_location import part_bytes_for

THREADS = 4
LOOK_S = 1.0  # how often it is asked whether to go on
CONTENT = "application/octet-stream"  # never what a browser may guess and run

Part = dict[str, Any]  # as boto3 wants it named when all are sent


class Slice(io.RawIOBase):
    """A range of a file, for one thread.  Reading raises InterruptedError once `is_over`."""

    def __init__(self, path: Path, *, offset_bytes: int, length_bytes: int, is_over: Event) -> None:
        self._file = FileIO(path)
        self._offset_bytes = offset_bytes
        self._length_bytes = length_bytes
        self._is_over = is_over
        self.seek(0)

    def __len__(self) -> int:
        return self._length_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell() - self._offset_bytes

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = self._length_bytes if whence == os.SEEK_END else 0
        base = self.tell() if whence == os.SEEK_CUR else base
        return self._file.seek(self._offset_bytes + base + offset) - self._offset_bytes

    def readinto(self, buffer: Any) -> int:
        if self._is_over.is_set():
            raise InterruptedError
        wanted = max(0, min(len(buffer), self._length_bytes - self.tell()))
        return self._file.readinto(memoryview(buffer)[:wanted]) or 0

    def md5(self) -> bytes:
        """Of all of it, which is to be read again then."""
        md5 = hashlib.md5(usedforsecurity=False)
        while block := self.read(BLOCK_BYTES):
            md5.update(block)
        self.seek(0)
        return md5.digest()

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Target:
    """One object to be, and the client that makes it."""

    client: Any
    bucket: str
    key: str

    @property
    def names(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}


class Sending:
    """May raise what boto3 raises, and FileNotFoundError where another run has ended it."""

    def __init__(self, target: Target, source: Path, *, wanted_part_bytes: int) -> None:
        self._target = target
        self._client = target.client
        self._source = source
        self._size_bytes = size_bytes = source.stat().st_size
        self._part_bytes = part_bytes_for(size_bytes, wanted_bytes=wanted_part_bytes)
        self._is_over = Event()

    def send(self, on_sent: OnSent) -> None:
        """What `on_sent` raises ends it; what has arrived by then stays for the next run."""
        on_sent(0)
        if self._size_bytes <= self._part_bytes:
            self._put()
        else:
            self._send_parts(on_sent)

    def _put(self) -> None:
        with self._slice(0, self._size_bytes) as body:
            md5 = base64_of(body.md5())
            self._client.put_object(
                **self._target.names, Body=body, ContentMD5=md5, ContentType=CONTENT
            )

    def _send_parts(self, on_sent: OnSent) -> None:
        begun = next(begun_at(self._target), None) or self._begin()
        there = self._parts_there(begun)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        try:
            parts = self._sent_by(
                lambda number: pool.submit(self._send_part, begun, number, there.get(number, "")),
                on_sent,
            )
        finally:
            self._is_over.set()
            pool.shutdown(wait=False, cancel_futures=True)  # what is under way sees it by itself
        self._client.complete_multipart_upload(
            **self._target.names, UploadId=begun, MultipartUpload={"Parts": parts}
        )

    def _sent_by(self, begin: Callable[[int], "Future[Part]"], on_sent: OnSent) -> list[Part]:
        """All parts in order, once `begin` has been called for each and each has been sent."""
        numbers = iter(range(1, -(-self._size_bytes // self._part_bytes) + 1))
        under_way: set[Future[Part]] = set()
        sent: list[Part] = []
        while True:
            under_way |= {begin(number) for number in islice(numbers, THREADS - len(under_way))}
            if not under_way:
                return sorted(sent, key=lambda part: part["PartNumber"])
            done, under_way = wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            sent += [each.result() for each in done]
            on_sent(min(len(sent) * self._part_bytes, self._size_bytes))

    def _send_part(self, begun: str, number: int, etag_there: str) -> Part:
        offset_bytes = (number - 1) * self._part_bytes
        length_bytes = min(self._part_bytes, self._size_bytes - offset_bytes)
        with self._slice(offset_bytes, length_bytes) as body:
            md5 = body.md5()
            if etag_there.strip('"') == md5.hex():
                return {"PartNumber": number, "ETag": etag_there}
            answer = self._client.upload_part(
                **self._target.names,
                UploadId=begun,
                PartNumber=number,
                Body=body,
                ContentMD5=base64_of(md5),
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _slice(self, offset_bytes: int, length_bytes: int) -> Slice:
        return Slice(
            self._source,
            offset_bytes=offset_bytes,
            length_bytes=length_bytes,
            is_over=self._is_over,
        )

    def _begin(self) -> str:
        answer = self._client.create_multipart_upload(**self._target.names, ContentType=CONTENT)
        return str(answer["UploadId"])

    def _parts_there(self, begun: str) -> dict[int, str]:
        """Number -> ETag."""
        pages = self._client.get_paginator("list_parts").paginate(
            **self._target.names, UploadId=begun
        )
        return {
            each["PartNumber"]: each["ETag"] for page in pages for each in page.get("Parts", ())
        }


def begun_at(target: Target) -> Iterator[str]:
    """The ids of multipart uploads to this key that have not ended."""
    for each in begun_below(target.client, bucket=target.bucket, prefix=target.key):
        if each["Key"] == target.key:
            yield each["UploadId"]


def begun_below(client: Any, *, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    pages: Callable[..., Any] = client.get_paginator("list_multipart_uploads").paginate
    for page in pages(Bucket=bucket, Prefix=prefix):
        yield from page.get("Uploads", ())


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
