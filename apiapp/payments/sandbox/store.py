"""What the sandbox knows of charges and refunds, in a file of its own.  Thread-safe."""

import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS charge (
    reference TEXT PRIMARY KEY, id TEXT NOT NULL, order_id TEXT NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, failure TEXT NOT NULL DEFAULT '',
    return_url TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS refund (
    reference TEXT PRIMARY KEY, charge TEXT NOT NULL REFERENCES charge, amount TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answered (key TEXT PRIMARY KEY, request TEXT NOT NULL);
"""
RETURN_URL = "ALTER TABLE charge ADD COLUMN return_url TEXT NOT NULL DEFAULT ''"
ADDRESS = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)
CHARGE_FIELDS = ("reference", "order_id", "amount", "currency")


@dataclass
class Refused(Exception):
    """As it is answered."""

    status: int
    error: str
    detail: str


class Store:
    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(TABLES)
        if "return_url" not in {each["name"] for each in self._rows("PRAGMA table_info(charge)")}:
            self._database.execute(RETURN_URL)  # a file of an earlier version

    def close(self) -> None:
        self._database.close()

    def charge(self, key: str, asked: dict[str, str], *, url: str) -> dict[str, Any]:
        """Make the charge; of a key that was seen, the one that was made.  Raises Refused."""
        values = [asked.get(name, "") for name in CHARGE_FIELDS]
        if not key or not all(isinstance(value, str) and value for value in values):
            raise Refused(400, "bad-request", "key, reference, order_id, amount, currency: texts")
        back = asked.get("return_url", "")
        if back and not (isinstance(back, str) and ADDRESS.fullmatch(back)):
            raise Refused(400, "bad-request", "return_url is no address of the web")
        with self._transaction():
            if self._is_new(key, asked):
                self._database.execute(
                    "INSERT INTO charge "
                    "(id, status, return_url, reference, order_id, amount, currency) "
                    "VALUES (?, 'requires_action', ?, ?, ?, ?, ?)",
                    [f"ch_{secrets.token_hex(8)}", back, *values],
                )
            return self.shown(asked["reference"], url=url)

    def refund(self, key: str, charge: str, asked: dict[str, str], *, url: str) -> dict[str, Any]:
        """Raises Refused."""
        reference, amount = asked.get("reference", ""), asked.get("amount", "")
        with self._transaction():
            shown = self.shown(charge, url=url)
            if self._is_new(key, {**asked, "charge": charge}):
                left = Decimal(shown["amount"]) - Decimal(shown["refunded"])
                if shown["status"] != "paid" or not 0 < number_in(amount) <= left:
                    raise Refused(422, "not-refundable", f"{left} is left of what was paid")
                self._database.execute(
                    "INSERT INTO refund (reference, charge, amount) VALUES (?, ?, ?)",
                    [reference, charge, amount],
                )
                if number_in(amount) == left:
                    self._set(charge, "refunded")
            return self.shown(charge, url=url)

    def end(self, reference: str, *, status: str, failure: str = "", url: str) -> dict[str, Any]:
        """What the customer did on the page; the second click changes nothing.  Raises Refused."""
        with self._transaction():
            if self.shown(reference, url=url)["status"] == "requires_action":
                self._set(reference, status, failure)
            return self.shown(reference, url=url)

    def shown(self, reference: str, *, url: str) -> dict[str, Any]:
        """The charge as the protocol has it.  Raises Refused."""
        with self._lock:
            found = self._rows("SELECT * FROM charge WHERE reference = ?", reference)
            refunds = self._rows("SELECT * FROM refund WHERE charge = ?", reference)
        if not found:
            raise Refused(404, "unknown-charge", "there is no such charge")
        refunded = sum((Decimal(each["amount"]) for each in refunds), Decimal(0))
        return {
            **found[0],
            "refunded": str(refunded),
            "refunds": [
                {"reference": each["reference"], "amount": each["amount"], "status": "succeeded"}
                for each in refunds
            ],
            "payment_url": f"{url}/pay/{reference}",
        }

    def charges(self) -> list[dict[str, Any]]:
        """All of them, the newest first."""
        return self._rows("SELECT * FROM charge ORDER BY rowid DESC")

    def _is_new(self, key: str, asked: dict[str, str]) -> bool:
        """Raises Refused for a key of another request."""
        request = json.dumps(asked, sort_keys=True)
        seen = self._rows("SELECT request FROM answered WHERE key = ?", key)
        if seen and seen[0]["request"] != request:
            raise Refused(422, "key-reused", "the key came with another request")
        if not seen:
            self._database.execute("INSERT INTO answered VALUES (?, ?)", [key, request])
        return not seen

    def _set(self, reference: str, status: str, failure: str = "") -> None:
        self._database.execute(
            "UPDATE charge SET status = ?, failure = ? WHERE reference = ?",
            [status, failure, reference],
        )

    def _rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._database.execute(query, values)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def number_in(text: Any) -> Decimal:
    """0: none that can be given back."""
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
