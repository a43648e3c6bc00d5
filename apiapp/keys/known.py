"""Keys that were looked up a moment ago, without what opens anything: there is only its HMAC."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from apiapp.caching.configured import shared
from apiapp.caching.tiers import Terms, Tiers
from apiapp.keys.models import ApiKey

WAIT_S = 1.0
# Of the owner; the rest, the hash of the password above all, is read from the database when needed.
OWNER_FIELDS = ("id", "is_superuser", "username", "is_staff", "is_active")  # in the model's order


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A row of a key that is not revoked, and its owner."""

    prefix: str
    secret_hmac: str
    scopes: frozenset[str]
    expires_at: datetime | None
    owner: User


def known(row: ApiKey) -> KnownKey:
    owner = user_with({name: getattr(row.owner, name) for name in OWNER_FIELDS})
    return KnownKey(row.prefix, row.secret_hmac, frozenset(row.scopes), row.expires_at, owner)


def user_with(values: dict[str, Any]) -> User:
    """A user of whom this much is known; the database is asked for the rest."""
    return User.from_db("default", OWNER_FIELDS, [values[name] for name in OWNER_FIELDS])


class KeyForm:
    """JSON."""

    def dump(self, value: KnownKey) -> bytes:
        said = {
            "prefix": value.prefix,
            "secret_hmac": value.secret_hmac,
            "scopes": sorted(value.scopes),
            "expires_at": value.expires_at.isoformat() if value.expires_at else None,
            "owner": {name: getattr(value.owner, name) for name in OWNER_FIELDS},
        }
        return json.dumps(said).encode()

    def load(self, said: bytes) -> KnownKey:
        values = json.loads(said)
        ends = values["expires_at"]
        return KnownKey(
            prefix=values["prefix"],
            secret_hmac=values["secret_hmac"],
            scopes=frozenset(values["scopes"]),
            expires_at=datetime.fromisoformat(ends) if ends else None,
            owner=user_with(values["owner"]),
        )


@cache
def known_keys() -> Tiers[KnownKey]:
    """Of this process, by its settings."""
    terms = Terms(
        cache="keys",
        entries=settings.CACHING.entries,
        keep_s=settings.CACHING.keys_s,
        alone_s=min(settings.CACHING.keys_alone_s, settings.CACHING.keys_s),
        wait_s=WAIT_S,
    )
    return Tiers(terms, KeyForm(), shared())
