"""Which states a payment has, and from which it comes into which."""

from enum import Enum

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    PENDING = "pending", _("pending")  # the gateway has not said anything
    REQUIRES_ACTION = "requires_action", _("waits for the customer")
    PAID = "paid", _("paid")
    FAILED = "failed", _("failed")
    REFUNDED = "refunded", _("refunded")


# A gateway's words may come in any order, and some never: what it says last of all may be the
# first that arrives.  There is no way back.
MOVES: dict[str, frozenset[str]] = {
    State.PENDING: frozenset([State.REQUIRES_ACTION, State.PAID, State.FAILED, State.REFUNDED]),
    State.REQUIRES_ACTION: frozenset([State.PAID, State.FAILED, State.REFUNDED]),
    State.PAID: frozenset([State.REFUNDED]),
    State.FAILED: frozenset(),
    State.REFUNDED: frozenset(),
}
ENDED = tuple(state for state, following in MOVES.items() if not following)


class Verdict(Enum):
    """What to do with a state that is reported.

    LATE: of a time that is over.  CONFLICT: it cannot have come to that; a person has to look.
    """

    MOVE = "move"
    SAME = "same"
    LATE = "late"
    CONFLICT = "conflict"


def verdict_on(reported: str, *, now: str) -> Verdict:
    if reported == now:
        return Verdict.SAME
    if reported in MOVES[now]:
        return Verdict.MOVE
    return Verdict.LATE if now in MOVES[reported] else Verdict.CONFLICT
