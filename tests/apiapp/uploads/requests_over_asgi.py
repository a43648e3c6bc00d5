"""Requests to an ASGI app, piece by piece, as a server would bring them."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from apiapp.keys.callers import Caller

COMPLETE, GONE, STALLED, WAITING = "complete", "gone", "stalled", "waiting"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    json: dict[str, Any]


@dataclass
class Request:
    """One request; `ending` is what comes after the pieces: their end, or trouble."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] = ()
    ending: str = COMPLETE
    has_stalled: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def scope(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        return {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in self.headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }

    async def send_to(self, app: Any) -> Answer | None:
        """The answer; None when there was none."""
        pieces = iter(self.pieces)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            for piece in pieces:
                return {"type": "http.request", "body": piece, "more_body": True}
            if self.ending == WAITING:
                self.has_stalled.set()
                await self.goes_on.wait()
            if self.ending == GONE:
                return {"type": "http.disconnect"}
            if self.ending == STALLED:
                self.has_stalled.set()
                await asyncio.Event().wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(self.scope, receive, send)
        if not sent:
            return None
        start, body = sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        assert headers.get("content-length", "0") == str(len(body["body"]))
        return Answer(start["status"], headers, json.loads(body["body"] or b"{}"))


def in_pieces(content: bytes, piece_bytes: int) -> list[bytes]:
    return [content[at : at + piece_bytes] for at in range(0, len(content), piece_bytes)]


def form(parts: Iterable[tuple[str, str | None, bytes]], boundary: str = "XX") -> bytes:
    """A multipart body; a part is (name, file name or None, content)."""
    body = b""
    for name, filename, content in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += f'; filename="{filename}"'.encode() if filename is not None else b""
        body += b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=XX"}


def session_cookie(caller: Caller) -> dict[str, str]:
    """The header of a browser that `caller` is signed in with."""

    client = Client()
    client.force_login(caller.user)
    (cookie,) = client.cookies.values()
    return {"Cookie": f"{cookie.key}={cookie.value}"}
