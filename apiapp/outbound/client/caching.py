"""Answers that the other side lets be kept, by its own words (RFC 9111).  Plain Python.

A private cache: an answer is given again to the partition that asked for it, with the same
credentials.  Nothing is kept on a guess: without a lifetime or a validator, an answer is not stored,
and what has become stale is never given without asking.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from apiapp.outbound.client.calls import Answer

MOST_BYTES = 2**20  # of an answer that is stored
MOST_VARIANTS = 8
KEPT_S = 24 * 3600.0  # a stale answer, for its validator
STORABLE = frozenset([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])  # RFC 9110, 15.1
READING = ("GET", "HEAD")
CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")
# What another message must not overwrite (RFC 9111, section 3.2).
OF_THE_MESSAGE = frozenset(
    ["content-length", "content-encoding", "transfer-encoding", "connection"]
)
CREDENTIALS = ("authorization", "cookie")

Variant = dict[str, Any]  # of builtins alone, so that any store can write it down


class AnswerStore(Protocol):
    """Where answers are kept.  A store that is away has nothing, and keeps nothing."""

    def get(self, key: str) -> list[Variant] | None: ...

    def set(self, key: str, variants: list[Variant], *, keep_s: float) -> None: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as its answer depends on it."""

    method: str
    url: str
    headers: Mapping[str, str]
    partition: str

    def header(self, name: str) -> str:
        return next((v for k, v in self.headers.items() if k.lower() == name), "")

    @property
    def directives(self) -> dict[str, str]:
        return directives_of(self.header("cache-control"))

    @property
    def key(self) -> str:
        whose = [self.partition, *(self.header(name) for name in CREDENTIALS)]
        return hashlib.sha256("\0".join([*whose, self.url]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """What the store has: an answer that is fresh, or conditions under which to ask again."""

    fresh: Answer | None = None
    conditions: dict[str, str] = field(default_factory=dict)
    stale: Variant | None = None
    variants: list[Variant] = field(default_factory=list)
    may_keep: bool = False


def looked_up(asked: Asked, store: AnswerStore, *, now: datetime) -> Found:
    wanted = asked.directives
    is_own_business = any(asked.header(name) for name in (*CONDITIONS, "range"))
    if asked.method != "GET" or is_own_business or "no-store" in wanted:
        return Found()
    variants = store.get(asked.key) or []
    variant = next((each for each in variants if fits(each, asked)), None)
    if variant is None:
        return Found(variants=variants, may_keep=True)
    if is_fresh(variant, wanted, now):
        age = str(int(age_s(variant, now)))
        return Found(fresh=answer_of(variant, url=asked.url, age=age))
    return Found(conditions=conditions_of(variant), stale=variant, variants=variants, may_keep=True)


def kept(
    asked: Asked, answer: Answer, found: Found, store: AnswerStore, *, now: datetime
) -> Answer:
    """The answer to give; the store is told what it has to know."""
    if asked.method not in READING:
        if answer.is_good and asked.method != "OPTIONS":
            store.delete(asked.key)  # RFC 9111, section 4.4
        return answer
    if not found.may_keep:
        return answer
    if found.stale and answer.status == 304:
        answer = freshened(found.stale, answer)
    others = [each for each in found.variants if each is not found.stale]
    if not is_storable(asked, answer):
        if found.stale and answer.status < 500:
            write(store, asked.key, others)
        return answer
    write(store, asked.key, [variant_of(asked, answer, now), *others])
    return answer


def write(store: AnswerStore, key: str, variants: list[Variant]) -> None:
    if variants:
        store.set(key, variants[:MOST_VARIANTS], keep_s=KEPT_S)
    else:
        store.delete(key)


def directives_of(value: str) -> dict[str, str]:
    """Of Cache-Control, in lower case; those without a value have the empty one."""
    pairs = (part.strip().partition("=") for part in value.split(",") if part.strip())
    return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


def is_storable(asked: Asked, answer: Answer) -> bool:
    """RFC 9111, section 3, for a private cache."""
    said = directives_of(answer.header("Cache-Control") or "")
    if answer.status not in STORABLE or "no-store" in said or "no-store" in asked.directives:
        return False
    if (answer.header("Vary") or "").strip() == "*" or len(answer.content) > MOST_BYTES:
        return False
    has_validator = bool(answer.header("ETag") or answer.header("Last-Modified"))
    return has_validator or lifetime_s(answer) > 0


def lifetime_s(answer: Answer) -> float:
    """RFC 9111, section 4.2.1, without guesses; 0: it has to be asked about each time."""
    said = directives_of(answer.header("Cache-Control") or "")
    if "no-cache" in said:
        return 0.0
    if "max-age" in said:
        return seconds(said["max-age"])
    expires, date = moment(answer.header("Expires")), moment(answer.header("Date"))
    if expires is None or date is None:
        return 0.0
    return max(0.0, (expires - date).total_seconds())


def seconds(text: str) -> float:
    return float(text[:10]) if text.isascii() and text.isdecimal() else 0.0


def moment(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def variant_of(asked: Asked, answer: Answer, now: datetime) -> Variant:
    names = [name.strip().lower() for name in (answer.header("Vary") or "").split(",")]
    date = moment(answer.header("Date"))
    apparent_s = max(0.0, (now - date).total_seconds()) if date else 0.0
    return {
        "vary": {name: asked.header(name) for name in names if name},
        "status": answer.status,
        "headers": [list(pair) for pair in answer.headers],
        "content": answer.content,
        "at_s": now.timestamp(),
        "age_s": max(apparent_s, seconds((answer.header("Age") or "").strip())),
        "lifetime_s": lifetime_s(answer),
    }


def fits(variant: Variant, asked: Asked) -> bool:
    return all(asked.header(name) == value for name, value in variant["vary"].items())


def age_s(variant: Variant, now: datetime) -> float:
    """RFC 9111, section 4.2.3."""
    return float(variant["age_s"] + max(0.0, now.timestamp() - variant["at_s"]))


def is_fresh(variant: Variant, wanted: Mapping[str, str], now: datetime) -> bool:
    if "no-cache" in wanted:
        return False
    lifetime = variant["lifetime_s"]
    if "max-age" in wanted:
        lifetime = min(lifetime, seconds(wanted["max-age"]))
    return age_s(variant, now) + seconds(wanted.get("min-fresh", "")) < lifetime


def answer_of(variant: Variant, *, url: str, age: str = "") -> Answer:
    pairs = [
        (name, value) for name, value in variant["headers"] if name.lower() != "age" or not age
    ]
    pairs += [("Age", age)] if age else []
    return Answer(variant["status"], tuple(pairs), variant["content"], url)


def conditions_of(variant: Variant) -> dict[str, str]:
    answer = answer_of(variant, url="")
    found = {
        "If-None-Match": answer.header("ETag"),
        "If-Modified-Since": answer.header("Last-Modified"),
    }
    return {name: value for name, value in found.items() if value}


def freshened(stale: Variant, answer: Answer) -> Answer:
    """The stored answer with the headers of the 304 that confirms it (RFC 9111, section 4.3.4)."""
    newer = [pair for pair in answer.headers if pair[0].lower() not in OF_THE_MESSAGE]
    names = {name.lower() for name, _ in newer} | {"age"}
    old = answer_of(stale, url=answer.url)
    rest = [pair for pair in old.headers if pair[0].lower() not in names]
    return replace(old, headers=tuple([*rest, *newer]))
