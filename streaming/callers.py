"""Who is calling, as middleware of the project says it on a request or a scope."""

from dataclasses import dataclass
from typing import Any, Protocol


class Caller(Protocol):
    """An authenticated user and what this way of calling lets them do."""

    @property
    def user(self) -> Any:
        """A row of AUTH_USER_MODEL."""

    @property
    def name(self) -> str:
        """Unique, and the same for each call of this user, or with this key."""

    @property
    def sees_all(self) -> bool:
        """Whether everybody's screens are theirs to see and to change."""

    def may(self, scope: str) -> bool:
        """Whether this way of calling has the scope."""


@dataclass(frozen=True, slots=True)
class Person:
    """The Caller behind the session of a page: a person, who may do whatever is theirs."""

    user: Any

    @property
    def name(self) -> str:
        return f"user:{self.user.pk}"

    @property
    def sees_all(self) -> bool:
        return bool(self.user.is_staff)

    def may(self, scope: str) -> bool:
        return True


SCOPE = "screens"
