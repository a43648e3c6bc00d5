"""The sandbox over HTTP: the protocol for programs, a page for who pays, behaviour for tests.

POST /charges                      GET /charges  GET /charges/{reference}
POST /charges/{reference}/refunds  PUT /behaviour
GET  /  GET /pay/{reference}       POST /pay/{reference}/pay  POST /pay/{reference}/decline
"""

import hmac
import json
import re
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apiapp.payments.sandbox import pages
from apiapp.payments.sandbox.gateway import Gateway
from apiapp.payments.sandbox.store import Refused

LARGEST_BODY_BYTES = 100_000
IDLE_S = 60.0
REFERENCE = r"[0-9a-f-]{1,36}"
ROUTES: dict[str, str] = {
    r"POST /charges": "charge",
    r"GET /charges": "charges",
    rf"GET /charges/({REFERENCE})": "look",
    rf"POST /charges/({REFERENCE})/refunds": "refund",
    r"PUT /behaviour": "behave",
    r"GET /": "home",
    rf"GET /pay/({REFERENCE})": "page",
    rf"POST /pay/({REFERENCE})/(pay|decline)": "click",
}
FOR_ANYBODY = ("home", "page", "click")


class Lost(Exception):
    """It was done, and is never answered."""


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], gateway: Gateway, api_key: str) -> None:
        super().__init__(address, Requests)
        self.gateway = gateway
        self.api_key = api_key

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may leave, or be killed, before the answer: that is what it is for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SandboxServer
    timeout = IDLE_S

    def do_GET(self) -> None:
        try:
            self._answer(*self._found())
        except Refused as refused:
            told = {"error": refused.error, "detail": refused.detail}
            self._answer(refused.status, told)
        except Lost:
            self.close_connection = True

    do_POST = do_PUT = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what happened is on the page."""

    def _found(self) -> tuple[int, Any]:
        """Raises Refused, Lost."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY_BYTES:
            self.close_connection = True
            raise Refused(413, "too-large", "the body is too large")
        body = self.rfile.read(length)
        asked = f"{self.command} {self.path.partition('?')[0]}"
        for route, name in ROUTES.items():
            if found := re.fullmatch(route, asked):
                if name not in FOR_ANYBODY:
                    self._require_key()
                act: Callable[..., tuple[int, Any]] = getattr(self, f"_{name}")
                return act(body, *found.groups())
        raise Refused(404, "no-such-address", "there is nothing here")

    def _require_key(self) -> None:
        shown = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(shown, f"Bearer {self.server.api_key}".encode()):
            raise Refused(401, "bad-key", "the key is not that of this sandbox")

    def _badly(self, act: Callable[[], dict[str, Any]]) -> tuple[int, Any]:
        """As it was told to behave.  Raises Lost."""
        gateway = self.server.gateway
        if gateway.is_next("fail"):
            raise Refused(503, "failing", "as it was told to")
        done = act()
        if gateway.is_next("lose"):
            raise Lost
        time.sleep(gateway.behaviour.slow_s)
        return 201, done

    # --- for programs
    def _charge(self, body: bytes) -> tuple[int, Any]:
        key, gateway = self.headers.get("Idempotency-Key", ""), self.server.gateway
        asked = json_of(body)
        return self._badly(lambda: gateway.store.charge(key, asked, url=gateway.url))

    def _refund(self, body: bytes, reference: str) -> tuple[int, Any]:
        key, gateway = self.headers.get("Idempotency-Key", ""), self.server.gateway
        asked = json_of(body)

        def act() -> dict[str, Any]:
            shown = gateway.store.refund(key, reference, asked, url=gateway.url)
            gateway.tell(shown)
            return shown

        return self._badly(act)

    def _look(self, _body: bytes, reference: str) -> tuple[int, Any]:
        gateway = self.server.gateway
        return 200, gateway.store.shown(reference, url=gateway.url)

    def _charges(self, _body: bytes) -> tuple[int, Any]:
        return 200, {"data": self.server.gateway.store.charges()}

    def _behave(self, body: bytes) -> tuple[int, Any]:
        return 200, self.server.gateway.behaviour.change(json_of(body))

    # --- for who pays
    def _home(self, _body: bytes) -> tuple[int, Any]:
        return 200, pages.home(self.server.gateway.store.charges())

    def _page(self, _body: bytes, reference: str) -> tuple[int, Any]:
        gateway = self.server.gateway
        return 200, pages.charge(gateway.store.shown(reference, url=gateway.url))

    def _click(self, _body: bytes, reference: str, what: str) -> tuple[int, Any]:
        """Back to where the shop wants its customer; who knows its key said where that is."""
        shown = self.server.gateway.click(reference, what)
        if shown["return_url"]:
            return 303, {"location": shown["return_url"]}
        return 200, pages.charge(shown)

    def _answer(self, status: int, told: Any) -> None:
        is_page = isinstance(told, str)
        content = told.encode() if is_page else json.dumps(told).encode()
        self.send_response(status)
        kind = "text/html; charset=utf-8" if is_page else "application/json"
        self.send_header("Content-Type", kind)
        if status == 303:
            self.send_header("Location", told["location"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def json_of(body: bytes) -> dict[str, Any]:
    """Raises Refused."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refused(400, "bad-request", "the body is no JSON object")
    return told
