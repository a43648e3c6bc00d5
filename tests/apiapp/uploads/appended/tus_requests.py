"""tus, as its clients speak it, to a receiver of the test's own."""

import asyncio
import base64
from collections.abc import Iterable
from typing import Any

from apiapp.uploads.tus_receive import TusReceiver
from tests.apiapp.uploads.requests_over_asgi import Answer, Request, in_pieces

VERSION = {"Tus-Resumable": "1.0.0"}
BODY_TYPE = "application/offset+octet-stream"


def base64_of(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.b64encode(raw).decode()


class TusClient:
    """One caller; every method is one request."""

    def __init__(self, receiver: TusReceiver, key: dict[str, str]) -> None:
        self.receiver = receiver
        self.key = key

    def request(self, method: str, path: str = "/api/tus/", **facts: Any) -> Request:
        headers = {"Host": "testserver", **self.key, **VERSION, **facts.pop("headers", {})}
        return Request(method, path, {k: v for k, v in headers.items() if v is not None}, **facts)

    def patching(self, path: str, content: bytes, offset: Any, **facts: Any) -> Request:
        headers = {
            "Content-Type": BODY_TYPE,
            "Content-Length": str(len(content)),
            "Upload-Offset": str(offset),
            **facts.pop("headers", {}),
        }
        pieces = in_pieces(content, facts.pop("piece_bytes", 40_000))
        return self.request("PATCH", path, headers=headers, pieces=pieces, **facts)

    def ask(self, *requests: Request) -> list[Answer | None]:
        """The answers to requests that are sent at the same time."""

        async def all_of_them() -> list[Answer | None]:
            return await asyncio.gather(*(each.send_to(self.receiver) for each in requests))

        return asyncio.run(all_of_them())

    def answer(self, request: Request) -> Answer:
        (got,) = self.ask(request)
        assert got
        assert got.headers["tus-resumable"] == "1.0.0"
        return got

    def post(self, **headers: Any) -> Answer:
        """The answer to a creation; `upload_length=3` is the header Upload-Length."""
        return self.answer(self.request("POST", headers=as_headers(headers)))

    def created(self, length: int | None = None, **headers: Any) -> str:
        """The path of a new upload."""
        told = {"upload_length": length} if length is not None else {"upload_defer_length": 1}
        got = self.post(
            **({} if "upload_concat" in headers and length is None else told), **headers
        )
        assert got.status == 201, got.json
        return path_of(got)

    def head(self, path: str, **headers: Any) -> Answer:
        return self.answer(self.request("HEAD", path, headers=as_headers(headers)))

    def offset(self, path: str) -> int:
        return int(self.head(path).headers["upload-offset"])

    def patch(self, path: str, content: bytes, offset: Any, **facts: Any) -> Answer:
        return self.answer(self.patching(path, content, offset, **facts))

    def sent(self, path: str, content: bytes, *, patches: Iterable[int] = ()) -> None:
        """Send all of it, cut at these offsets."""
        at = 0
        for end in [*patches, len(content)]:
            assert self.patch(path, content[at:end], at).status == 204
            at = end

    def delete(self, path: str) -> Answer:
        return self.answer(self.request("DELETE", path))


def as_headers(given: dict[str, Any]) -> dict[str, Any]:
    named = {name.replace("_", "-").title(): value for name, value in given.items()}
    return {name: None if value is None else str(value) for name, value in named.items()}


def path_of(got: Answer) -> str:
    url = got.headers["location"]
    assert url.startswith("http://testserver/api/tus/")
    return url.removeprefix("http://testserver")


def id_in(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
