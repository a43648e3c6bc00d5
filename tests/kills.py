"""kill -9 at random moments while files arrive by all protocols: nothing that was told may be lost.

`python -m tests.kills 200` kills so often and prints what it saw; the suite does it less often.
"""

import hashlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import requests

import tests.environment  # noqa: F401 - a home, if this is run as a program
from tests.kill_ways import PATIENCE_S, WAYS, Line
from tests.lives import Lives
from tests.serving import Server, prepared_home

LIFE_S = 10.0
WHOLE = random.Random(6).randbytes(12 * 2**20)


@dataclass
class Seen:
    """What the clients saw."""

    kills: int = 0
    cuts: int = 0
    losses: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)  # file id -> MD5 of what was sent
    files: Counter[str] = field(default_factory=Counter)  # by way
    answers: int = 0

    def count_cut(self) -> None:
        self.cuts += 1

    def count_answer(self) -> None:
        self.answers += 1


class Sender(threading.Thread):
    """Sends one file after the other by one way, until it is told to stop."""

    def __init__(self, way: str, line: Line, seen: Seen, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._way = way
        self._line = line
        self._seen = seen
        self._is_over = stop

    def run(self) -> None:
        while not self._is_over.is_set():
            start = self._line.random.randrange(2**20)
            most = 2**20 if self._way == "form" else 10 * 2**20
            content = WHOLE[start:][: self._line.random.randrange(1, most)]
            try:
                file_id = WAYS[self._way].send(self._line, content)
            except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
                self._seen.losses.append(f"{self._way}: {error!r}")
                return
            self._seen.digests[file_id] = hashlib.md5(content).hexdigest()
            self._seen.files[self._way] += 1


def killed(home: Path, *, kills: int, seed: int = 1) -> Seen:
    """What is seen while the server is killed so often, and after it was started again."""
    seen, stop, moments = Seen(), threading.Event(), random.Random(seed)
    lives = Lives(home)
    key = prepared_home.copy_to(home)
    with lives:
        senders = [
            Sender(way, line_to(lives.port, key, seed + number, seen), seen, stop)
            for number, way in enumerate(WAYS)
        ]
        for sender in senders:
            sender.start()
        while seen.kills < kills and not seen.losses:
            wait_for_a_moment(seen, moments)
            lives.kill()
            seen.kills += 1
        stop.set()
        for sender in senders:
            sender.join()
    with Server(home, {"RATE_LIMIT_ENABLED": "0"}) as server:
        for file_id, md5 in seen.digests.items():
            wait_for_digest(server.url, key, file_id, md5, seen)
    return seen


def line_to(port: int, key: str, seed: int, seen: Seen) -> Line:
    return Line(port, key, seed, on_answer=seen.count_answer, on_cut=seen.count_cut)


def wait_for_a_moment(seen: Seen, moments: random.Random) -> None:
    """Each life gives some answers, however slow the machine is; then it may end at any moment."""
    until, deadline = seen.answers + moments.randrange(1, 15), time.monotonic() + LIFE_S
    while seen.answers < until and time.monotonic() < deadline and not seen.losses:
        time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.05))


def wait_for_digest(url: str, key: str, file_id: str, md5: str, seen: Seen) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = requests.get(
            f"{url}/api/uploads/{file_id}/", headers={"Authorization": f"Bearer {key}"}, timeout=20
        )
        got = answer.json()
        if answer.ok and got["state"] in ("finished", "failed"):
            break
        time.sleep(0.1)
    if (got.get("state"), got.get("md5")) != ("finished", md5):
        seen.losses.append(f"{file_id}: {got}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        result = killed(Path(folder) / "home", kills=int(sys.argv[1]))
    print(
        f"{result.kills} kills, {result.cuts} requests cut, files finished: {dict(result.files)}, "
        f"{len(result.losses)} losses"
    )
    sys.exit("\n".join(result.losses) or None)
