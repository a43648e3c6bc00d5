"""Requests as bytes, so that a test says exactly what goes over the wire."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.serving import Server

TIMEOUT_S = 30


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    server: Server,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: str | bytes = b"",
) -> Answer:
    """One request on a connection of its own; texts travel as UTF-8, no header is added unasked."""
    content = body.encode() if isinstance(body, str) else body
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value.encode())
        if content or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
