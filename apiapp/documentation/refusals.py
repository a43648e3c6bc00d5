"""What an operation can be answered with when it is refused: the errors, by what the view is."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, generics

from apiapp.http import errors as http
from apiapp.http.negotiation import OneForm
from apiapp.idempotency import errors as idempotency
from apiapp.keys import errors as keys
from apiapp.keys.authentication import LoginsThrottled
from apiapp.keys.permissions import SAFE_METHODS
from apiapp.problems import PROBLEMS, listed_as
from apiapp.uploads.errors import BodyStalled

Kinds = Iterable[type[Exception]]

ALWAYS = (keys.TooManyRequests,)
KNOWN_CALLER = (
    exceptions.NotAuthenticated,
    exceptions.AuthenticationFailed,
    LoginsThrottled,
)
BODY = (
    SuspiciousOperation,  # Django's, of bodies that are too much in some way
    http.BodyTooLarge,
    http.EncodedBody,
    BodyStalled,
    UnreadablePostError,
    exceptions.ParseError,
)
FIELDS = (
    http.BodyTooDeep,
    http.TooManyFields,
    exceptions.UnsupportedMediaType,
    exceptions.ValidationError,
)
REPLAYED = (idempotency.BadKey, idempotency.KeyReused, idempotency.StillInProgress)
CONDITIONS = (http.PreconditionFailed, http.BadCondition)
BAD_HOST = (400, "bad-request")
BROKEN = (500, "internal-error")
NOTHING_THERE = (404, "not-found")
# What DRF's own handler answers, where a view keeps to that.
PLAIN = (exceptions.APIException, Http404, PermissionDenied)


def errors_of(view: Any, method: str, path: str) -> Iterator[type[Exception]]:
    """Every error that the handler of `method` may raise, with the bases of some."""
    handler = getattr(view, method.lower())
    yield from ALWAYS
    yield from getattr(handler, "refusals", ())
    if not has_one_form(view):
        yield exceptions.NotAcceptable
    if view.authentication_classes:
        yield from KNOWN_CALLER
        if method not in SAFE_METHODS or scope_of(view, method):
            yield exceptions.PermissionDenied
    if method in ("POST", "PUT", "PATCH"):
        yield from BODY
    if getattr(handler, "is_replayable", False):
        yield from REPLAYED
    if getattr(handler, "is_conditional", False):
        yield from CONDITIONS
    if is_list(view, method):
        yield http.BadParameter


def has_one_form(view: Any) -> bool:
    """Whether answers are in one form, whatever is accepted."""
    return view.is_received_elsewhere or issubclass(view.content_negotiation_class, OneForm)


def scope_of(view: Any, method: str) -> str | None:
    """As keys.permissions.HasScope asks for it."""
    side = "read_scope" if method in SAFE_METHODS else "write_scope"
    return getattr(view, side, None) or getattr(view, "scope", None)


def is_list(view: Any, method: str) -> bool:
    return method == "GET" and isinstance(view, generics.ListAPIView | generics.ListCreateAPIView)


def problems_of(view: Any, method: str, path: str, *, has_fields: bool) -> dict[int, list[str]]:
    """Status -> the types of problem it can have, without those that the view tells otherwise."""
    kinds = {*errors_of(view, method, path), *(FIELDS if has_fields else ())}
    if not view.tells_problems:
        kinds = {kind for kind in kinds if not issubclass(kind, PLAIN)}
    told = {BAD_HOST, *(listed_as(kind) for kind in with_listed_subclasses(kinds))}
    if view.tells_problems:
        told.add(BROKEN)
    if "{" in path:
        told.add(NOTHING_THERE)  # what is in the path may make it another path
    types: dict[int, list[str]] = {}
    for status, type_ in sorted(entry for entry in told if entry):
        types.setdefault(status, []).append(type_)
    return types


def with_listed_subclasses(kinds: Kinds) -> set[type[Exception]]:
    return {
        *kinds,
        *(listed for listed in PROBLEMS if any(issubclass(listed, kind) for kind in kinds)),
    }
