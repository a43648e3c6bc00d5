"""A small server that keeps the upload protocol, and fails when it is told to."""

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DROP = "drop"  # end the connection without an answer


class FakeUploads:
    """One upload at a time.

    failures: what to answer, in order, before the truth is told: a status, or DROP.
    """

    def __init__(self) -> None:
        self.chunks: dict[int, bytes] = {}
        self.facts: dict[str, Any] = {}
        self.failures: list[int | str] = []
        self.headers: list[dict[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.verification: dict[str, Any] = {"id": 1, "state": "succeeded", "error": ""}
        self.url = ""
        self.lock = threading.Lock()

    @property
    def content(self) -> bytes:
        return b"".join(self.chunks[index] for index in sorted(self.chunks))

    def upload(self) -> dict[str, Any]:
        total = -(-self.facts["size"] // self.facts["chunk_size"])
        missing = [[index, index] for index in range(total) if index not in self.chunks]
        received = sum(map(len, self.chunks.values()))
        return {**self.facts, "missing_chunks": missing, "received": received}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        tail = path.removeprefix("/api/uploads/").strip("/").split("/")
        if method == "POST" and tail == [""]:
            wanted = {"chunk_size": 4, **json.loads(body)}
            self.chunks = {}
            self.facts = {**wanted, "file_id": f"{len(self.headers):032x}", "state": "receiving"}
            return 201, self.upload()
        if path.startswith("/api/jobs/"):
            return 200, self.verification
        if tail[0] != self.facts.get("file_id"):
            return 404, {"detail": "there is no such upload"}
        if method == "PUT":
            self.chunks[int(tail[2])] = body
        if tail[-1] == "complete":
            self.facts["state"] = "verifying"
            return 202, {**self.upload(), "job": {**self.verification, "state": "queued"}}
        return 200, self.upload()


def handler_for(uploads: FakeUploads) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with uploads.lock:
                uploads.asked[self.command] += 1
                uploads.headers.append(dict(self.headers))
                failure = uploads.failures.pop(0) if uploads.failures else None
                if failure is None:
                    status, facts = uploads.answer(self.command, self.path, body)
            if failure == DROP:
                self.close_connection = True
                return
            if failure is not None:
                status, facts = int(failure), {"detail": f"no: {failure}"}
            self.send(status, json.dumps(facts).encode())

        do_GET = do_POST = do_PUT = serve

        def send(self, status: int, answer: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def running(uploads: FakeUploads) -> Iterator[FakeUploads]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(uploads))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    uploads.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield uploads
    finally:
        server.shutdown()
        server.server_close()


def content_md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()
