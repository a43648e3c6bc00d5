"""Who is calling, as every entry point passes it on."""

from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Model, QuerySet

from apiapp.keys import scopes

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user and what this way of calling lets them do."""

    user: User
    scopes: frozenset[str]
    key_prefix: str = ""  # of the API key that was shown, if one was

    @property
    def name(self) -> str:
        """Who is counted, and whose idempotency keys are meant: each API key is one of its own."""
        return f"key:{self.key_prefix}" if self.key_prefix else f"user:{self.user.pk}"

    @property
    def sees_all(self) -> bool:
        """Staff see everybody's objects; through a key only if it has the scope `admin`."""
        return self.user.is_staff and scopes.ADMIN in self.scopes

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def may_see(self, owner_id: int) -> bool:
        """Whether what this user owns is `visible`."""
        return self.sees_all or owner_id == self.user.pk

    def visible(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows whose `owner` is the caller; all of them for one who sees all."""
        return rows if self.sees_all else rows.filter(owner=self.user)


def person(user: AbstractBaseUser | AnonymousUser) -> Caller:
    """The caller behind a password or a session: a person, with every scope."""
    assert isinstance(user, User)
    return Caller(user=user, scopes=frozenset(scopes.ALL_SCOPES))
