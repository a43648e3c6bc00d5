"""Sends a file to a server in chunks, in parallel, and goes on where it was broken off.  Blocking.

What is needed to go on is one note in a folder of the user: which upload the file belongs to.  What
has arrived, the server knows.
"""

import base64
import hashlib
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

from apiapp.uploads.client_errors import (
    KeyRefused,
    NotASluiceServer,
    RequestRefused,
    SendingStopped,
    ServerUnreachable,
    SourceChanged,
    VerificationEnded,
)
from apiapp.uploads.ranges import indexes_in

TIMEOUT_S = (10.0, 120.0)  # to connect, to be answered
ATTEMPTS = 10
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
POLL_S = 0.3
# 507, a full disk, is for a person to mend; the others may be better in a moment.
WORTH_ANOTHER_TRY = {408, 429, 500, 502, 503, 504}
RESUMABLE = {"receiving", "failed", "verifying", "finished"}

OnProgress = Callable[[int], None]  # bytes that have arrived


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was when sending began."""

    path: Path
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Raises OSError."""
        with path.open("rb"):  # readable, and no folder
            facts = path.stat()
        return cls(path=path.resolve(), size=facts.st_size, mtime_ns=facts.st_mtime_ns)

    def chunk(self, index: int, chunk_size: int) -> bytes:
        """Raises SourceChanged."""
        offset = index * chunk_size
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                content = file.read(chunk_size)
        except OSError as error:
            raise SourceChanged(name=self.path.name) from error
        if len(content) != min(chunk_size, self.size - offset):
            raise SourceChanged(name=self.path.name)
        return content

    def require_unchanged(self) -> None:
        """Raises SourceChanged."""
        try:
            facts = self.path.stat()
        except OSError as error:
            raise SourceChanged(name=self.path.name) from error
        if (facts.st_size, facts.st_mtime_ns) != (self.size, self.mtime_ns):
            raise SourceChanged(name=self.path.name)


class Note:
    """Remembers, between two runs, which upload on a server is that of a file.

    announced: what was said of the file besides; said otherwise, it is another upload.
    """

    def __init__(
        self, folder: Path, *, url: str, source: Source, announced: dict[str, Any]
    ) -> None:
        facts = repr((url, source.path, source.size, source.mtime_ns, sorted(announced.items())))
        self._path = folder / hashlib.sha256(facts.encode()).hexdigest()

    def read(self) -> str | None:
        try:
            return self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def write(self, file_id: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.write_text(file_id, encoding="ascii")

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)


class Bearer(requests.auth.AuthBase):
    """Shows a key.  As a header alone it would give way to an entry in ~/.netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Server:
    """A server as a client sees it; used by several threads, each with a connection of its own.

    stop: set to have every call end soon, by raising SendingStopped.  authority: the file of a
    certificate authority to trust in place of the usual ones.
    """

    def __init__(
        self, url: str, key: str, *, stop: threading.Event, authority: Path | None = None
    ) -> None:
        """Raises KeyRefused for what no header can carry."""
        self.url = url.rstrip("/")
        if not (key.isascii() and key.isprintable()):
            raise KeyRefused(url=self.url)
        self._auth = Bearer(key)
        self._stop = stop
        self._trusted = str(authority) if authority else True
        self._local = threading.local()
        self._has_answered = False

    def begin(self, announced: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", "/api/uploads/", json=announced)

    def upload(self, file_id: str) -> dict[str, Any]:
        return self._call("GET", f"/api/uploads/{file_id}/")

    def put_chunk(self, file_id: str, index: int, content: bytes) -> None:
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        self._call(
            "PUT",
            f"/api/uploads/{file_id}/chunks/{index}/",
            data=content,
            headers={"Content-MD5": base64.b64encode(digest).decode()},
        )

    def complete(self, file_id: str, digests: dict[str, str]) -> dict[str, Any]:
        return self._call("POST", f"/api/uploads/{file_id}/complete/", json=digests)

    def job(self, job_id: int) -> dict[str, Any]:
        return self._call("GET", f"/api/jobs/{job_id}/")

    def pause(self, pause_s: float) -> None:
        """Raises SendingStopped."""
        if self._stop.wait(pause_s):
            raise SendingStopped

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The answer as JSON; what may pass by itself is tried again.  Raises SendError."""
        for pause_s in pauses():
            self.pause(0)
            try:
                answer = self._session().request(
                    method,
                    self.url + path,
                    auth=self._auth,
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                    verify=self._trusted,
                    **request,
                )
            except requests.RequestException as error:
                if not self._has_answered or pause_s is None:
                    raise ServerUnreachable(url=self.url, reason=reason_of(error)) from error
            else:
                self._has_answered = True
                if answer.status_code not in WORTH_ANOTHER_TRY or pause_s is None:
                    return self._read(answer)
            self.pause(pause_s)
        raise AssertionError("the last attempt raises or returns")

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _read(self, answer: requests.Response) -> dict[str, Any]:
        if answer.status_code == requests.codes.unauthorized:
            raise KeyRefused(url=self.url)
        try:
            content = answer.json()
        except ValueError as error:
            raise NotASluiceServer(url=self.url, status=answer.status_code) from error
        if not isinstance(content, dict):
            raise NotASluiceServer(url=self.url, status=answer.status_code)
        if not answer.ok:
            raise refusal(answer.status_code, content)
        return content


def send(
    *,
    source: Source,
    server: Server,
    note: Note,
    parallel: int,
    announced: dict[str, Any],
    on_progress: OnProgress,
) -> str:
    """Send what is missing of the file, have it verified, and return its file id.

    announced: optional `chunk_size`, `md5`, `sha256`.  Raises SendError; the next call goes on.
    """
    upload = begun_upload(server, note, source) or server.begin(
        {"filename": source.path.name, "size": source.size, **announced}
    )
    file_id = str(upload["file_id"])
    note.write(file_id)
    if upload["state"] in ("receiving", "failed"):
        send_chunks(source, server, upload, parallel=parallel, on_progress=on_progress)
        source.require_unchanged()
    if upload["state"] != "finished":
        digests = {name: announced[name] for name in ("md5", "sha256") if announced.get(name)}
        wait_for_verification(server, server.complete(file_id, digests))
    note.forget()
    return file_id


def begun_upload(server: Server, note: Note, source: Source) -> dict[str, Any] | None:
    """The upload that an earlier run began for this file, if the server still has it."""
    file_id = note.read()
    if file_id is None:
        return None
    try:
        upload = server.upload(file_id)
    except RequestRefused as error:
        if error.status != requests.codes.not_found:
            raise
        return None
    return upload if upload["size"] == source.size and upload["state"] in RESUMABLE else None


def send_chunks(
    source: Source,
    server: Server,
    upload: dict[str, Any],
    *,
    parallel: int,
    on_progress: OnProgress,
) -> None:
    """Send the missing chunks over `parallel` connections.  Raises what the first to fail raised."""
    arrived = Counter(upload["received"], on_progress)
    todo = Shared(indexes_in(upload["missing_chunks"]))
    failures: list[Exception] = []

    def work() -> None:
        try:
            for index in todo:
                content = source.chunk(index, upload["chunk_size"])
                server.put_chunk(upload["file_id"], index, content)
                arrived.add(len(content))
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
            failures.append(error)
            todo.end()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.1)  # so that Ctrl-C is heard
    if failures:
        raise failures[0]


def wait_for_verification(server: Server, completed: dict[str, Any]) -> None:
    """Raises VerificationEnded."""
    job = completed["job"]
    while job and job["state"] in ("queued", "running"):
        server.pause(POLL_S)
        job = server.job(job["id"])
    if job and job["state"] != "succeeded":
        reason = job["error"] or f"it was {job['state']}"
        raise VerificationEnded(f"the server could not verify the file: {reason}")


class Counter:
    """Adds up what several threads sent."""

    def __init__(self, start: int, on_change: OnProgress) -> None:
        self._sum = start
        self._on_change = on_change
        self._lock = threading.Lock()
        on_change(start)

    def add(self, number: int) -> None:
        with self._lock:
            self._sum += number
            self._on_change(self._sum)


class Shared:
    """An iterable that several threads empty together."""

    def __init__(self, items: Iterable[int]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()
        self._has_ended = False

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            if self._has_ended:
                raise StopIteration
            return next(self._items)

    def end(self) -> None:
        """Nobody gets anything more."""
        self._has_ended = True


def pauses() -> Iterator[float | None]:
    """How long to wait after each attempt; None after the last."""
    for attempt in range(ATTEMPTS - 1):
        longest_s = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)
        yield longest_s * random.uniform(0.5, 1.0)  # nosec B311 # a pause is no secret
    yield None


def reason_of(error: requests.RequestException) -> str:
    """Its cause in few words."""
    if isinstance(error, requests.Timeout):
        return "it takes too long"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted; name its authority by --ca, see docs/https.md"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)


def refusal(status: int, problem: dict[str, Any]) -> RequestRefused:
    detail = str(problem.get("detail", f"status {status}"))
    if problem.get("errors"):
        detail = f"{detail} {problem['errors']}"
    return RequestRefused(status=status, type=str(problem.get("type", "")), detail=detail)
