"""Requests that are begun and not ended, by callers who may be slow or mean it."""

import socket
from typing import Any

import requests

BOUNDARY = "XX"
BEGUN_BYTES = 1000
WHOLE_BYTES = 1_000_000


class HalfOpen:
    """One request of which the head and some of the body were sent."""

    def __init__(
        self, port: int, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        told = {"Host": "127.0.0.1", "Content-Length": str(WHOLE_BYTES), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._connection.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)

    def send(self, more: bytes) -> None:
        self._connection.sendall(more)

    def answer(self) -> bytes:
        """All that comes until the server ends the connection."""
        answer = b""
        try:
            while block := self._connection.recv(2**16):
                answer += block
        except ConnectionError:  # it may end before it was heard
            pass
        return answer

    def close(self) -> None:
        self._connection.close()


class Kinds:
    """Every kind of request with a body, by one caller."""

    def __init__(self, url: str, port: int, key: dict[str, str]) -> None:
        self._port = port
        self._key = key
        begun = {"filename": "half.bin", "size": WHOLE_BYTES, "chunk_size": WHOLE_BYTES}
        got = requests.post(f"{url}/api/uploads/", json=begun, headers=key, timeout=40)
        assert got.status_code == 201, got.text
        self._file_id = got.json()["file_id"]

    def tus(self) -> HalfOpen:
        return self._begin(
            "POST",
            "/api/tus/",
            **{
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(WHOLE_BYTES),
                "Content-Type": "application/offset+octet-stream",
            },
        )

    def chunk(self) -> HalfOpen:
        return self._begin("PUT", f"/api/uploads/{self._file_id}/chunks/0")

    def form(self) -> HalfOpen:
        opening = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        )
        told = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self._begin("POST", "/api/upload", opening.encode(), **told)

    def json(self) -> HalfOpen:
        return self._begin("POST", "/api/uploads/", b"{", **{"Content-Type": "application/json"})

    def _begin(self, method: str, path: str, opening: bytes = b"", **headers: Any) -> HalfOpen:
        body = opening + b" " * BEGUN_BYTES
        return HalfOpen(self._port, method, path, {**self._key, **headers}, body)

    def all(self) -> list[Any]:
        return [self.tus, self.chunk, self.form, self.json]
