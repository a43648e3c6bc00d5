"""An HTTP server that behaves as Elasticsearch does, or as it does on a bad day.

It keeps documents, and answers `_bulk`, `_search`, `_count` and what a client asks first; the
official client is the judge of that.
"""

import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Fault = Callable[["Exchange", list[dict[str, Any]]], bool]  # whether it has answered


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
        path = self.path.partition("?")[0]
        if path.endswith("/_bulk"):
            self._bulk(body)
        elif path.endswith("/_search"):
            hits = [{"_index": each[0], "_id": each[1], "_source": source}
                    for each, source in self.server.owner.documents.items()]  # fmt: skip
            self.answer(200, {"hits": {"total": {"value": len(hits)}, "hits": hits}})
        else:
            self.answer(404, {})

    do_PUT = do_POST

    def do_GET(self) -> None:
        self.answer(200, {"version": {"number": "9.0.0"}, "tagline": "You Know, for Search"})

    def _bulk(self, body: bytes) -> None:
        owner = self.server.owner
        assert body.endswith(b"\n"), "the last line must end"
        lines = [json.loads(line) for line in body.split(b"\n")[:-1]]
        actions, sources = lines[::2], lines[1::2]
        assert len(actions) == len(sources)
        with owner.lock:
            owner.asked.append(self.headers)
            owner.paths.append(self.path)
            fault = owner.faults.pop(0) if owner.faults else None
        if fault and fault(self, actions):
            owner.changed()
            return
        items = []
        for action, source in zip(actions, sources, strict=True):
            items.append(owner.create(action["create"], source))
        self.answer(200, {"errors": any("error" in i["create"] for i in items), "items": items})
        owner.changed()

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {
            "X-Elastic-Product": "Elasticsearch",
            "Content-Type": "application/vnd.elasticsearch+json;compatible-with=9",
            "Content-Length": str(len(raw)),
            **(headers or {}),
        }
        self.send_response(status)
        for name, value in said.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: "BulkServer"

    def handle_error(self, *_where: Any) -> None:
        pass  # a client that left, as some faults make it


class BulkServer:
    """faults: each is for one request of `_bulk`, the first first."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self.asked: list[Any] = []
        self.paths: list[str] = []
        self.mapping_refuses: Callable[[dict[str, Any]], bool] = lambda source: False
        self.lock = threading.Lock()
        self._condition = threading.Condition()

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), Exchange)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def create(self, named: dict[str, str], source: dict[str, Any]) -> dict[str, Any]:
        key = (named["_index"], named["_id"])
        told: dict[str, Any] = {"_index": key[0], "_id": key[1], "status": 201}
        with self.lock:
            if key in self.documents:
                told |= {"status": 409, "error": {"type": "version_conflict_engine_exception"}}
            elif self.mapping_refuses(source):
                told |= {"status": 400, "error": {"type": "document_parsing_exception"}}
            else:
                self.documents[key] = source
        return {"create": told}

    def changed(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def messages(self) -> list[str]:
        with self.lock:
            return [each["message"] for each in self.documents.values()]

    def wait_for(self, what: Callable[[], bool], limit_s: float = 60.0) -> None:
        with self._condition:
            assert self._condition.wait_for(what, timeout=limit_s), self.messages()[:20]
