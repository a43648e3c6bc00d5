"""kill -9 of the worker at random moments while events are told: each arrives, none is lost.

`python -m tests.webhook_kills 200` kills so often and prints what it saw; the suite does it less
often.  The receiver takes what is sent, breaks off, or says that it is busy; what it got is to be,
for each event, the same message under the same id as often as it came.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import tests.environment  # noqa: F401 - a home, if this is run as a program
from tests.lives import WorkerLives
from tests.serving import ROOT, prepared_home

LIFE_S = 15.0
PATIENCE_S = 180.0
ON_THEIR_WAY = 12  # events at the same time
# Whatever is killed is tried again soon, and no delivery is ever given up.
QUICK = {
    "JOB_LEASE_S": "1",
    "JOB_RETRY_DELAY_S": "0.05",
    "WEBHOOK_RETRY_S": ",".join(["0.05"] * 200),
}
TELLER = """
import json, sys
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from apiapp.outbound import configured
from apiapp.outbox import services as outbox
from apiapp.webhooks import services
from apiapp.webhooks.models import Delivery
owner, _ = User.objects.get_or_create(username="teller")
def answer(found):
    print("=" + json.dumps(found), flush=True)
for command in sys.stdin:
    name, _, rest = command.strip().partition(" ")
    if name == "subscribe":
        row = services.subscribe(owner=owner, sealer=configured.sealer(), url=rest, allow_private=True)
        answer(services.secrets_of(row, sealer=configured.sealer(), now=timezone.now()))
    elif name == "tell":
        with transaction.atomic():
            told = outbox.tell(
                "upload.finished", audience=[owner.pk], data={"n": rest}, now=timezone.now()
            )
        answer(told.uid)
    else:
        answer(list(Delivery.objects.values_list("event__uid", "state")))
"""


class Teller:
    """A process in which things happen: it is not killed, so what it says has been committed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-c", TELLER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("="):
                return json.loads(line[1:])
        raise AssertionError("nothing can happen any more")

    def close(self) -> None:
        self._process.communicate()


@dataclass
class Seen:
    """told: ids of events, in the order in which they happened.  messages: what came, by its id."""

    kills: int = 0
    told: list[str] = field(default_factory=list)
    messages: dict[str, set[bytes]] = field(default_factory=dict)
    arrivals: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


class Receiver(ThreadingHTTPServer):
    """Verifies all that comes; takes most of it."""

    daemon_threads = True

    def __init__(self, seen: Seen, moods: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.seen, self.moods = seen, moods
        self.secret = ""
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who sent it was killed meanwhile."""

    def status_for(self, headers: dict[str, str], content: bytes) -> int | None:
        """None: break off, without a word."""
        with self.lock:
            uid = headers.get("webhook-id", "")
            try:
                told = Webhook(self.secret).verify(content, headers)
                if told["id"] != uid:
                    self.seen.faults.append(f"{uid}: the message's id is {told['id']}")
            except WebhookVerificationError as error:
                self.seen.faults.append(f"{uid}: {error}")
            self.seen.arrivals[uid] += 1
            self.seen.messages.setdefault(uid, set()).add(content)
            mood = self.moods.random()
            if mood < 0.05:
                return None
            if mood < 0.1:
                return 503
            self.seen.taken.add(uid)
            return 204


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        content = self.rfile.read(length)
        if len(content) < length:  # cut by a kill: nothing was said
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.status_for(headers, content)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None: ...


def killed(
    home: Path, *, kills: int, seed: int = 1, environment: dict[str, str] | None = None
) -> Seen:
    """What is seen while the worker is killed so often, and once all has arrived."""
    seen, moments = Seen(), random.Random(seed)
    lives = WorkerLives(home, {**QUICK, **(environment or {})})
    prepared_home.copy_to(home)
    receiver = Receiver(seen, random.Random(seed + 1))
    threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
    teller = Teller(lives.environment)
    try:
        (receiver.secret,) = teller.ask(f"subscribe {receiver.url}")
        with lives:
            while seen.kills < kills and not seen.faults:
                live_for_a_while(seen, teller, moments)
                lives.kill()
                seen.kills += 1
            states = states_at_the_end(seen, teller)
    finally:
        teller.close()
        receiver.shutdown()
        receiver.server_close()
    seen.faults += faults_in(seen, states)
    return seen


def live_for_a_while(seen: Seen, teller: Teller, moments: random.Random) -> None:
    """Things happen, and some arrive, however slow the machine is; then it may end at any moment."""
    until, deadline = len(seen.taken) + moments.randrange(1, 20), time.monotonic() + LIFE_S
    while len(seen.taken) < until and time.monotonic() < deadline and not seen.faults:
        if len(seen.told) - len(seen.taken) < ON_THEIR_WAY:
            seen.told.append(teller.ask(f"tell {len(seen.told)}"))
        else:
            time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.05))
    if moments.random() < 0.5:  # also while an event is being read on
        seen.told.append(teller.ask(f"tell {len(seen.told)}"))
        time.sleep(moments.uniform(0, 0.02))


def states_at_the_end(seen: Seen, teller: Teller) -> list[tuple[str, str]]:
    """Of each delivery: (id of its event, state), once all are noted as delivered, or after long."""
    states: list[tuple[str, str]] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not seen.faults:
        states = teller.ask("states")
        if Counter(state for _, state in states) == {"delivered": len(seen.told)}:
            break
        time.sleep(0.1)
    return states


def faults_in(seen: Seen, states: list[tuple[str, str]]) -> list[str]:
    told, deliveries = set(seen.told), Counter(uid for uid, _ in states)
    return [
        *(f"{uid}: lost" for uid in seen.told if uid not in seen.taken),
        *(f"{uid}: came, and never happened" for uid in seen.arrivals.keys() - told),
        *(f"{uid}: {len(each)} messages" for uid, each in seen.messages.items() if len(each) > 1),
        *(f"{uid}: {deliveries[uid]} deliveries" for uid in seen.told if deliveries[uid] != 1),
        *(f"{uid}: {state}" for uid, state in states if state != "delivered"),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        seed = int(sys.argv[2]) if sys.argv[2:] else 1
        result = killed(Path(folder) / "home", kills=int(sys.argv[1]), seed=seed)
    again = sum(count - 1 for count in result.arrivals.values())
    print(
        f"{result.kills} kills, {len(result.told)} events, {sum(result.arrivals.values())} arrivals, "
        f"{again} of them again, {len(result.faults)} faults"
    )
    with suppress(BrokenPipeError):
        sys.exit("\n".join(result.faults) or None)
