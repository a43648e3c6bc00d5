"""A file that comes byte by byte, each in a PATCH of its own, while others go on calling.

`python -m tests.tiny_patches 10000` prints what it takes; the suite sends fewer.
"""

import hashlib
import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import requests

import tests.environment  # noqa: F401 - a home, if this is run as a program
from tests.memory import resident_bytes
from tests.serving import Server

VERSION = {"Tus-Resumable": "1.0.0"}
BODY_TYPE = "application/offset+octet-stream"
MIB = 2**20
WARM_RATIO = 0.25  # what is loaded and cached with the first is not counted as growth
PAUSE_S = 0.02  # between two calls of somebody else
IDLE_S = 5.0
PATIENCE_S = 60.0


@dataclass
class Seen:
    """What it took.  file_id, md5: of the file as it was sent."""

    file_id: str
    md5: str
    took_s: float
    warm_bytes: int  # of memory, once some were sent
    end_bytes: int


@dataclass
class Others:
    """How long somebody else waits for answers, in seconds."""

    waits_s: list[float] = field(default_factory=list)

    def words(self) -> str:
        p99_s = quantiles(self.waits_s, n=100)[-1]
        return (
            f"{len(self.waits_s)} answers, p50 {median(self.waits_s) * 1000:.1f} ms, "
            f"p99 {p99_s * 1000:.1f} ms, longest {max(self.waits_s) * 1000:.0f} ms"
        )


def sent(server: Server, *, patches: int) -> Seen:
    """Send a file of so many bytes by tus, one after the other."""
    content = bytes(number % 251 for number in range(patches))
    headers = {**server.headers, **VERSION}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    connection.request("POST", "/api/tus/", headers={**headers, "Upload-Length": str(patches)})
    created = connection.getresponse()
    created.read()
    path = "/" + created.headers["Location"].split("/", 3)[3]
    began_at, warm_bytes = time.monotonic(), 0
    for offset in range(patches):
        told = {"Upload-Offset": str(offset), "Content-Type": BODY_TYPE}
        connection.request("PATCH", path, content[offset : offset + 1], {**headers, **told})
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(offset + 1))
        if offset == int(patches * WARM_RATIO):
            warm_bytes = resident_bytes(server)
    took_s = time.monotonic() - began_at
    connection.close()
    return Seen(
        file_id=path.rstrip("/").rpartition("/")[2],
        md5=hashlib.md5(content).hexdigest(),
        took_s=took_s,
        warm_bytes=warm_bytes,
        end_bytes=resident_bytes(server),
    )


def wait_for_digest(server: Server, seen: Seen) -> None:
    url, until = f"{server.url}/api/uploads/{seen.file_id}/", time.monotonic() + PATIENCE_S
    while requests.get(url, headers=server.headers, timeout=40).json()["md5"] != seen.md5:
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def calling(server: Server, key: dict[str, str]) -> Iterator[Others]:
    """Somebody else, who asks for the list of his uploads again and again within the block."""
    others, is_over = Others(), threading.Event()

    def call() -> None:
        with requests.Session() as session:
            while not is_over.wait(PAUSE_S):
                asked_at = time.monotonic()
                session.get(f"{server.url}/api/uploads/", headers=key).raise_for_status()
                others.waits_s.append(time.monotonic() - asked_at)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        yield others
    finally:
        is_over.set()
        thread.join()


def main(patches: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "home", {"RATE_LIMIT_ENABLED": "0"}) as server,
    ):
        made = server.manage("create_api_key", "--user", "other", "--create-user")
        key = {"Authorization": f"Bearer {made.stdout.strip()}"}
        with calling(server, key) as idle:
            time.sleep(IDLE_S)
        with calling(server, key) as beside:
            seen = sent(server, patches=patches)
        wait_for_digest(server, seen)
    grown = (seen.end_bytes - seen.warm_bytes) / MIB
    print(f"{patches} PATCHes in {seen.took_s:.1f} s, {patches / seen.took_s:.0f} a second")
    print(
        f"memory {seen.end_bytes / MIB:.0f} MiB; grown by {grown:.1f} MiB after the first quarter"
    )
    print(f"somebody else, before: {idle.words()}")
    print(f"somebody else, beside: {beside.words()}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
