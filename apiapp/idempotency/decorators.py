"""What makes a `post` method answer the second sending of a request as the first.

What was refused is not kept: the same key may try again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import replayable
from apiapp.idempotency import services
from apiapp.idempotency.errors import StillInProgress
from apiapp.idempotency.questions import HEADER, REPLAYED, question_of
from apiapp.idempotency.services import Answer, Claim, Terms

Post = Callable[..., Any]
Work = Callable[[UUID | None], Any]


class Refused(Exception):
    """Leaves the transaction of a request that is answered with an error."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def idempotent(*, using: str = "default") -> Callable[[Post], Post]:
    """For work that is one transaction of the database `using`: the answer is committed with it."""

    def decorate(post: Post) -> Post:
        @wraps(post)
        def answered(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            around = partial(transaction.atomic, using=using)
            work: Work = lambda _work_id: post(view, request, *args, **kwargs)  # noqa: E731
            return once(view, request, work, using=using, around=around)

        return replayable(answered)

    return decorate


def idempotent_by_work_id(post: Post) -> Post:
    """For work that no single transaction holds.

    `post` is given a `work_id`, None if there is no key; seeing the same one again, it has to find
    what it did for it already.
    """

    @wraps(post)
    def answered(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        def work(work_id: UUID | None) -> Any:
            return post(view, request, *args, work_id=work_id, **kwargs)

        return once(view, request, work, using="default", around=nullcontext)

    return replayable(answered)


def once(
    view: Any,
    request: Request,
    work: Work,
    *,
    using: str,
    around: Callable[[], AbstractContextManager[Any]],
) -> Any:
    """The answer of `work`, or the one it gave when this request was sent before.

    Raises BadKey, KeyReused, StillInProgress, and what `work` raises.
    """
    sent_key = request.headers.get(HEADER)
    if sent_key is None:
        return work(None)
    held = services.claim(
        question=question_of(request, sent_key), using=using, terms=terms(), now=timezone.now()
    )
    if isinstance(held, Answer):
        return replayed(held)
    try:
        with around():
            return kept(held, view, request, work(held.work_id))
    except Refused as refused:
        services.release(held)
        return refused.response
    except StillInProgress:
        services.put_back(held, now=timezone.now())
        raise
    except BaseException:
        services.release(held)
        raise


def terms() -> Terms:
    return Terms(lease_s=settings.IDEMPOTENCY_LEASE_S, keep_s=settings.IDEMPOTENCY_KEEP_S)


def kept(held: Claim, view: Any, request: Request, response: Response) -> Response:
    """The response, rendered and kept.  Raises Refused for one that is an error."""
    if response.status_code >= status.HTTP_400_BAD_REQUEST:
        raise Refused(response)
    response.accepted_renderer = request.accepted_renderer
    response.accepted_media_type = request.accepted_media_type
    response.renderer_context = view.get_renderer_context()  # type: ignore[attr-defined]
    response.render()
    answer = Answer(response.status_code, dict(response.headers), response.content)
    services.keep(held, answer)
    return response


def replayed(answer: Answer) -> HttpResponse:
    """Byte for byte as it was; one header says that nothing was done this time."""
    headers = {**answer.headers, REPLAYED: "true"}
    return HttpResponse(answer.body, status=answer.status, headers=headers)
