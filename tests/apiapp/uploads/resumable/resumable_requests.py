"""Resumable uploads, as their clients speak them, to a receiver of the test's own."""

import asyncio
import hashlib
from base64 import b64encode
from typing import Any

from apiapp.uploads.resumable_receive import ResumableReceiver
from tests.apiapp.uploads.requests_over_asgi import Answer, Request, in_pieces

BODY_TYPE = "application/partial-upload"
CHUNKED = {"Content-Length": None, "Transfer-Encoding": "chunked"}
URL = "http://testserver/api/resumable/"


class ResumableClient:
    """One caller; every method is one request.  A header of None is not sent."""

    def __init__(self, receiver: ResumableReceiver, key: dict[str, str]) -> None:
        self.receiver = receiver
        self.key = key

    def request(self, method: str, path: str = "/api/resumable/", **facts: Any) -> Request:
        headers = {"Host": "testserver", **self.key, **facts.pop("headers", {})}
        return Request(method, path, {k: v for k, v in headers.items() if v is not None}, **facts)

    def sending(
        self, method: str, path: str, content: bytes, complete: str, **facts: Any
    ) -> Request:
        headers = {
            "Content-Length": str(len(content)),
            "Upload-Complete": complete,
            **facts.pop("headers", {}),
        }
        pieces = in_pieces(content, facts.pop("piece_bytes", 40_000))
        return self.request(method, path, headers=headers, pieces=pieces, **facts)

    def posting(self, content: bytes = b"", complete: str = "?1", **facts: Any) -> Request:
        return self.sending("POST", "/api/resumable/", content, complete, **facts)

    def patching(
        self, path: str, content: bytes, offset: Any, complete: str = "?0", **facts: Any
    ) -> Request:
        headers = {"Content-Type": BODY_TYPE, "Upload-Offset": str(offset)}
        facts["headers"] = {**headers, **facts.get("headers", {})}
        return self.sending("PATCH", path, content, complete, **facts)

    def ask(self, *requests: Request) -> list[Answer | None]:
        """The answers to requests that are sent at the same time."""

        async def all_of_them() -> list[Answer | None]:
            return await asyncio.gather(*(each.send_to(self.receiver) for each in requests))

        return asyncio.run(all_of_them())

    def answer(self, request: Request) -> Answer:
        (got,) = self.ask(request)
        assert got
        assert got.headers["upload-draft-interop-version"] == "8"
        return got

    def post(self, content: bytes = b"", complete: str = "?1", **headers: Any) -> Answer:
        """`upload_length=3` is the header Upload-Length."""
        return self.answer(self.posting(content, complete, headers=as_headers(headers)))

    def created(self, content: bytes = b"", **headers: Any) -> str:
        """The path of a new upload that has not ended."""
        got = self.post(content, "?0", **headers)
        assert got.status == 201, got.json
        return path_of(got)

    def patch(
        self, path: str, content: bytes, offset: Any, complete: str = "?0", **headers: Any
    ) -> Answer:
        request = self.patching(path, content, offset, complete, headers=as_headers(headers))
        return self.answer(request)

    def head(self, path: str, **headers: Any) -> Answer:
        return self.answer(self.request("HEAD", path, headers=as_headers(headers)))

    def state(self, path: str) -> tuple[str, str, str | None]:
        """Offset, whether it is complete, and the length, as they are told."""
        got = self.head(path)
        assert got.status == 204
        told = got.headers
        return told["upload-offset"], told["upload-complete"], told.get("upload-length")

    def delete(self, path: str) -> Answer:
        return self.answer(self.request("DELETE", path))


def as_headers(given: dict[str, Any]) -> dict[str, Any]:
    named = {name.replace("_", "-").title(): value for name, value in given.items()}
    return {name: None if value is None else str(value) for name, value in named.items()}


def path_of(got: Answer) -> str:
    url = got.headers["location"]
    assert url.startswith(URL)
    return url.removeprefix("http://testserver")


def digest_of(content: bytes, algorithm: str = "sha-256") -> str:
    """A Repr-Digest or Content-Digest."""
    digest = hashlib.new(algorithm.replace("-", ""), content).digest()
    return f"{algorithm}=:{b64encode(digest).decode()}:"
