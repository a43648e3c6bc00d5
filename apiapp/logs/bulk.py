"""Elasticsearch's bulk API: what is sent, and what the answer means.

Each document has an id of its own and is created, never indexed: one that is sent twice, because no
answer came, is there once.  Source: Elasticsearch's reference, "Bulk API".
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # of an item as of the whole
CONFLICT = 409  # it is there already
TOO_LARGE = 413
LONGEST_WAIT_S = 300.0  # that Retry-After may ask for


class Document(NamedTuple):
    """day: `2026.11.22`, of which its index is.  source: a line of the log."""

    id: str
    day: str
    source: bytes


@dataclass(slots=True)
class Outcome:
    """again: not taken, and worth another try.  refused: never to be taken, and why the first was.

    is_away: the other side is to be left alone for a while, for wait_s if it says how long.
    """

    again: list[Document] = field(default_factory=list)
    refused: int = 0
    reason: str = ""
    is_away: bool = False
    wait_s: float = 0.0
    is_too_large: bool = False


def body_of(documents: Sequence[Document], index: str) -> bytes:
    """The request's body, packed; `index` is what its name begins with."""
    lines = []
    for document in documents:
        name = f"{index}-{document.day}"
        lines += [orjson.dumps({"create": {"_index": name, "_id": document.id}}), document.source]
    return gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1)


def outcome_of(
    documents: Sequence[Document], status: int, headers: Mapping[str, str], body: bytes
) -> Outcome:
    """What became of the documents.  An answer that cannot be believed is none."""
    if status == TOO_LARGE:
        return Outcome(again=list(documents), is_too_large=True, reason="413: too large")
    if status != 200:
        return away(documents, f"answers {status}", wait_s=seconds_of(headers))
    items = items_of(body)
    if items is None or len(items) != len(documents):
        return away(documents, "its answer is none of the bulk API")
    outcome = Outcome()
    for document, item in zip(documents, items, strict=True):
        judge(document, item, outcome)
    outcome.is_away = len(outcome.again) == len(documents)
    return outcome


def away(documents: Sequence[Document], reason: str, wait_s: float = 0.0) -> Outcome:
    return Outcome(again=list(documents), is_away=True, reason=reason, wait_s=wait_s)


def judge(document: Document, item: Any, outcome: Outcome) -> None:
    told = item.get("create") if isinstance(item, dict) else None
    status = told.get("status") if isinstance(told, dict) else None
    if not isinstance(told, dict) or told.get("_id", document.id) != document.id:
        status = None
    if not isinstance(status, int) or status in AGAIN:
        outcome.again.append(document)
    elif not 200 <= status < 300 and status != CONFLICT:
        outcome.refused += 1
        outcome.reason = outcome.reason or f"{status}: {told.get('error') if told else ''}"[:500]


def items_of(body: bytes) -> list[Any] | None:
    try:
        told = orjson.loads(body)
    except ValueError:
        return None
    items = told.get("items") if isinstance(told, dict) else None
    return items if isinstance(items, list) else None


def seconds_of(headers: Mapping[str, str]) -> float:
    """Of Retry-After, where it is a number."""
    said = headers.get("Retry-After", "")
    return min(float(said), LONGEST_WAIT_S) if said.isdecimal() and said.isascii() else 0.0
