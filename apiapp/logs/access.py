"""A line for each request, made and written in a thread of its own.

Whoever answers leaves a few words in a queue, which takes less than a microsecond; the lines are
made a moment later, some at a time, so that no request waits for the interpreter meanwhile.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

from apiapp.logs.ecs import Fields, as_text, base, of_caller, timestamp
from apiapp.logs.redacting import redacted, shortened

MOST_WAITING = 50_000
GATHER_S = 0.2
AT_ONCE = 50  # made without letting others at the interpreter: a fifth of a millisecond
FLUSH_S = 1.0
LEFT = 0  # the status of a request whose client left before there was an answer
FAILED = 500

logger = logging.getLogger("access")


class Request(NamedTuple):
    """status: LEFT, or the answer's.  ended_s: by the clock.  caller, user_name: empty for strangers.

    method: one that HTTP knows.  request_id: of apiapp.http.request_ids, so of harmless characters.
    """

    ended_s: float
    method: str
    path: str
    route: str
    status: int
    duration_ns: int
    address: str
    request_id: str
    caller: str
    user_name: str
    sent_bytes: int
    received_bytes: int


class AccessLog:
    """Writes to every handler of the root logger that takes lines which are made already."""

    def __init__(self) -> None:
        self.dropped = 0
        self._begin()
        atexit.register(self.flush)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._waiting: deque[Request] = deque()
        self._came, self._written = threading.Event(), threading.Event()
        self._written.set()
        self._is_hurried = threading.Event()
        self._is_idle = True
        self._thread: threading.Thread | None = None

    def note(self, request: Request) -> None:
        """Never blocks; drops and counts what is too much."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(request)
        if self._is_idle:  # to wake a thread takes longer than all the rest
            self._wake()

    def flush(self) -> bool:
        """Whether all was written within a moment."""
        self._is_hurried.set()
        try:
            deadline = time.monotonic() + FLUSH_S
            while self._waiting or not self._written.is_set():
                if time.monotonic() > deadline or self._thread is None:
                    return False
                time.sleep(0.005)
            return True
        finally:
            self._is_hurried.clear()

    def _wake(self) -> None:
        self._is_idle = False
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
            self._thread.start()
        self._came.set()

    def _run(self) -> None:
        while True:
            self._came.wait()
            self._came.clear()
            self._is_hurried.wait(GATHER_S)
            self._written.clear()
            while self._waiting:
                self._write_some()
            self._written.set()
            self._is_idle = True
            if self._waiting:  # came between the last look and the word that it is idle
                self._came.set()

    def _write_some(self) -> None:
        count = min(AT_ONCE, len(self._waiting))
        lines = [line_of(self._waiting.popleft()) for _ in range(count)]
        for handler in logging.getLogger().handlers:
            write: Any = getattr(handler, "write_lines", None)
            if write:
                write(lines)
        time.sleep(0)


def line_of(request: Request) -> bytes:
    """The parts that are the same for many requests are made once: so it takes 2 us, and not 7."""
    status, path = request.status, json_of_path(request.path)
    rest = rest_of(os.getpid(), request.method, request.route, status)
    told = status or "left before an answer"
    return (
        f'{{"@timestamp":"{timestamp_of(request.ended_s)}","log.level":"info",'
        f'"message":"{request.method} {path} {told}",{rest},"url.path":"{path}",'
        f'"event.duration":{request.duration_ns},"http.request.id":"{request.request_id}",'
        f'"http.request.body.bytes":{request.received_bytes},'
        f'"http.response.body.bytes":{request.sent_bytes},'
        f"{json_of_caller(request.address, request.caller, request.user_name)}}}"
    ).encode()


@lru_cache(maxsize=1024)
def json_of_path(path: str) -> str:
    """Without its quotes."""
    return as_text(redacted(shortened(path)))[1:-1]


@lru_cache(maxsize=1024)
def rest_of(_pid: int, method: str, route: str, status: int) -> str:
    """The fields that hang on these alone."""
    usual = base("", "", "", "access")
    fields: Fields = {name: usual[name] for name in list(usual)[3:]} | {
        "log.logger": logger.name,
        "event.category": ["web"],
        "event.type": ["access"],
        "event.outcome": "failure" if status >= FAILED or status == LEFT else "success",
        "http.request.method": method,
        "labels.route": route,
    }
    if status:
        fields["http.response.status_code"] = status
    return as_text(fields)[1:-1]


@lru_cache(maxsize=1024)
def json_of_caller(address: str, caller: str, user_name: str) -> str:
    fields = {"client.address": shortened(address), **of_caller(caller, user_name)}
    return as_text(fields)[1:-1]


def timestamp_of(seconds: float) -> str:
    """As ecs.timestamp, for many lines of one second."""
    whole = int(seconds)
    return f"{second_of(whole)}{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def second_of(whole: int) -> str:
    return timestamp(whole)[:-4]
