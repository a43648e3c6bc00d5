"""kill -9 at random moments while orders are charged: each is charged once, and ends.

`python -m tests.payment_kills 200` kills so often and prints what it saw; the suite does it less
often.  Half of the clients send a request again until it is answered, as its Idempotency-Key lets
them; the others leave, and reconciling has to find out what became of it.
"""

import json
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
from tests.lives import Lives
from tests.sandbox_process import SandboxProcess
from tests.serving import prepared_home

SENDERS = 4
LIFE_S = 10.0
PATIENCE_S = 60.0
RECONCILE = """
import json
from django.utils import timezone
from apiapp.outbound import configured
from apiapp.payments import charging
from apiapp.payments.models import Payment
for _ in range(2):
    Payment.objects.filter(state="pending").update(next_look_at=timezone.now())
    charging.reconcile(means=configured.means(), longest_s=30, check=lambda: None)
rows = Payment.objects.values_list("order_id", "state", "key")
print(json.dumps([[order, state, str(key)] for order, state, key in rows]))
"""


@dataclass
class Seen:
    """charges: at the gateway, by order.  payments: (order, state, reference) of each here."""

    kills: int = 0
    cuts: int = 0
    answers: dict[str, str] = field(default_factory=dict)  # order -> payment_url, or ""
    charges: Counter[str] = field(default_factory=Counter)
    payments: list[tuple[str, str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Shop(threading.Thread):
    """Charges one order after the other."""

    def __init__(self, number: int, url: str, key: str, seen: Seen, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._number, self._url, self._seen, self._stop_asked = number, url, seen, stop
        self._headers = {"Authorization": f"Bearer {key}"}
        self._stays = number % 2 == 0

    def run(self) -> None:
        count = 0
        while not self._stop_asked.is_set():
            count += 1
            self._charge(f"order-{self._number}-{count}")

    def _charge(self, order: str) -> None:
        body = {"order_id": order, "amount": "12.50", "currency": "EUR"}
        headers = {**self._headers, "Idempotency-Key": order}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = requests.post(
                    f"{self._url}/api/payments/", json=body, headers=headers, timeout=PATIENCE_S
                )
            except requests.ConnectionError:
                self._seen.cuts += 1
                if not self._stays:
                    return
                continue
            if answer.status_code in (201, 202):
                self._seen.answers[order] = answer.json()["payment_url"]
                return
            if answer.status_code not in (409, 429):
                self._seen.faults.append(f"{order}: {answer.status_code} {answer.text[:200]}")
                return
            time.sleep(0.05)
        self._seen.faults.append(f"{order}: no answer")


def killed(
    home: Path, *, kills: int, seed: int = 1, environment: dict[str, str] | None = None
) -> Seen:
    """What is seen while the server is killed so often, and after all has been reconciled."""
    seen, stop, moments = Seen(), threading.Event(), random.Random(seed)
    lives = Lives(home, {"IDEMPOTENCY_LEASE_S": "0.3", **(environment or {})})
    key = prepared_home.copy_to(home)
    if environment:  # another database, which has the tables and no key
        key = lives.manage("create_api_key", "--user", "shop", "--create-user").strip()
    with SandboxProcess(lives.environment) as sandbox, lives:
        shops = [Shop(number, lives.url, key, seen, stop) for number in range(SENDERS)]
        for shop in shops:
            shop.start()
        while seen.kills < kills and not seen.faults:
            wait_for_a_moment(seen, moments)
            lives.kill()
            seen.kills += 1
        stop.set()
        for shop in shops:
            shop.join()
        seen.payments = json.loads(lives.manage("shell", "-c", RECONCILE).splitlines()[-1])
        seen.charges = Counter(each["order_id"] for each in sandbox.charges())
        known = {each["reference"] for each in sandbox.charges()}
    seen.faults += faults_in(seen, known)
    return seen


def wait_for_a_moment(seen: Seen, moments: random.Random) -> None:
    """Each life gives some answers, however slow the machine is; then it may end at any moment."""
    until, deadline = len(seen.answers) + moments.randrange(1, 6), time.monotonic() + LIFE_S
    while len(seen.answers) < until and time.monotonic() < deadline and not seen.faults:
        time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.05))


def faults_in(seen: Seen, known: set[str]) -> list[str]:
    twice = [order for order, count in seen.charges.items() if count > 1]
    rows = Counter(order for order, _, _ in seen.payments)
    return [
        *(f"{order}: charged twice" for order in twice),
        *(f"{order}: {count} payments" for order, count in rows.items() if count > 1),
        *(f"{order}: charged, and not known here" for order in seen.charges.keys() - rows.keys()),
        *(f"{order}: answered, and gone" for order in seen.answers.keys() - rows.keys()),
        *(f"{order}: {state}" for order, state, _ in seen.payments if state != "requires_action"),
        *(f"{order}: not at the gateway" for order, _, key in seen.payments if key not in known),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        result = killed(Path(folder) / "home", kills=int(sys.argv[1]))
    print(
        f"{result.kills} kills, {result.cuts} requests cut, {len(result.answers)} orders answered, "
        f"{len(result.payments)} payments, {sum(result.charges.values())} charges at the gateway, "
        f"{len(result.faults)} faults"
    )
    sys.exit("\n".join(result.faults) or None)
