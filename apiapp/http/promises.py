"""What a handler says of itself, for its documentation.  Nothing here changes what it does."""

from collections.abc import Callable
from typing import Any, TypeVar

Handler = TypeVar("Handler", bound=Callable[..., Any])


def refuses(*errors: type[Exception]) -> Callable[[Handler], Handler]:
    """It raises these, beside what every handler of its kind may raise.

    A class stands for those of its subclasses that problems.PROBLEMS lists, too.
    """

    def decorate(handler: Handler) -> Handler:
        handler.refusals = errors  # type: ignore[attr-defined]
        return handler

    return decorate


def conditional(handler: Handler) -> Handler:
    """It calls `conditional.require_match` before it changes anything."""
    handler.is_conditional = True  # type: ignore[attr-defined]
    return handler


def paged(handler: Handler) -> Handler:
    """It answers a page of a list, though its view is none of DRF's lists."""
    handler.is_paged = True  # type: ignore[attr-defined]
    return handler


def bodiless(handler: Handler) -> Handler:
    """It also takes no body at all."""
    handler.may_be_bodiless = True  # type: ignore[attr-defined]
    return handler


def replayable(handler: Handler) -> Handler:
    """It answers the second sending of a request with an Idempotency-Key as the first."""
    handler.is_replayable = True  # type: ignore[attr-defined]
    return handler
