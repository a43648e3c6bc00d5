"""What the sandbox does: charges as it is asked to, tells of it by callbacks, fails on demand."""

import json
import secrets
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from apiapp.payments.sandbox.store import Refused, Store
from apiapp.signing import signed_headers

CALLBACK_S = 10.0
RETRY_WAITS_S = (0.0, 1.0, 2.0, 5.0, 10.0)
ENDS = {"pay": ("paid", ""), "decline": ("failed", "The card was declined.")}


KINDS = {"slow_s": float, "fail": int, "lose": int, "twice": bool, "silent": bool}


@dataclass
class Behaviour:
    """How it is to behave badly.

    slow_s: before each answer.  fail, lose: so many of the next requests that charge or refund are
    answered with 503, having done nothing; or are done and never answered.  twice: each callback
    comes twice.  silent: none comes.
    """

    slow_s: float = 0.0
    fail: int = 0
    lose: int = 0
    twice: bool = False
    silent: bool = False

    def change(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused."""
        for name, value in wanted.items():
            if name not in KINDS or not isinstance(value, int | float):
                raise Refused(422, "bad-behaviour", f"known are {', '.join(KINDS)}")
        for name, value in wanted.items():
            setattr(self, name, KINDS[name](value))
        return asdict(self)


@dataclass
class Gateway:
    """callback_url: where callbacks go, "" for nowhere.  url: its own."""

    store: Store
    url: str
    signing_secret: str
    callback_url: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_next(self, name: str) -> bool:
        """Whether this request is one of the next that are to fail, or to be lost."""
        with self._lock:
            left = getattr(self.behaviour, name)
            setattr(self.behaviour, name, max(0, left - 1))
            return bool(left > 0)

    def click(self, reference: str, what: str) -> dict[str, Any]:
        """As the customer on the page.  Raises Refused."""
        status, failure = ENDS[what]
        shown = self.store.end(reference, status=status, failure=failure, url=self.url)
        self.tell(shown)
        return shown

    def tell(self, charge: dict[str, Any]) -> None:
        """In the background, again until it is taken, like any gateway."""
        if not self.callback_url or self.behaviour.silent:
            return
        told = {"type": f"charge.{charge['status']}", "data": charge}
        message = (f"msg_{secrets.token_hex(8)}", json.dumps(told).encode())
        for _ in range(2 if self.behaviour.twice else 1):
            threading.Thread(target=self._deliver, args=message, daemon=True).start()

    def _deliver(self, message_id: str, body: bytes) -> None:
        for wait_s in RETRY_WAITS_S:
            time.sleep(wait_s)
            signed = signed_headers(
                message_id=message_id,
                content=body,
                secrets_=[self.signing_secret],
                now=datetime.now(UTC),
            )
            headers = {**signed, "Content-Type": "application/json"}
            request = urllib.request.Request(self.callback_url, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=CALLBACK_S):  # nosec B310 # as told on the command line
                    return
            except OSError:
                continue
