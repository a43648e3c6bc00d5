"""/api/outbound/: connections to others' APIs, calls to them, and what came of each."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import bodiless, refuses
from apiapp.http.views import ApiView, located
from apiapp.idempotency.decorators import idempotent, idempotent_by_work_id
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.outbound import calling, configured, services
from apiapp.outbound.errors import (
    ConnectionGone,
    FileGone,
    NameTaken,
    SecretLost,
    TooManyCalls,
    UnknownConnection,
)
from apiapp.outbound.models import CallRecord, Connection
from apiapp.outbound.serializers import (
    CallDetail,
    CallSummary,
    ConnectionDetail,
    NewCall,
    ReplayWish,
    ask_of,
)
from apiapp.uploads.errors import UnknownUpload, UploadNotFinished


class ConnectionList(ApiView, generics.ListAPIView[Connection]):
    """GET: the caller's connections.  POST: make one."""

    scope = scopes.OUTBOUND
    serializer_class = ConnectionDetail

    def get_queryset(self) -> QuerySet[Connection]:
        return services.connections_of(caller_of(self.request))

    @extend_schema(request=ConnectionDetail, responses={201: ConnectionDetail})
    @refuses(NameTaken)
    @idempotent()
    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        wanted = ConnectionDetail(data=request.data, context={"by_staff": caller.sees_all})
        wanted.is_valid(raise_exception=True)
        row = services.create_connection(
            owner=caller.user, sealer=configured.sealer(), **wanted.validated_data
        )
        return located(
            request, ConnectionDetail(row).data, route="api-outbound-connection", key=row.pk
        )


class ConnectionView(ApiView):
    """GET: one connection.  PATCH: change it.  DELETE: remove it; records of its calls stay."""

    scope = scopes.OUTBOUND
    serializer_class = ConnectionDetail

    @extend_schema(responses=ConnectionDetail)
    def get(self, request: Request, connection_id: int) -> Response:
        row = services.get_connection(caller_of(request), connection_id)
        return Response(ConnectionDetail(row).data)

    @extend_schema(
        request=ConnectionDetail,
        responses=ConnectionDetail,
        description="A new origin takes the secret away, unless it is given again, and what staff "
        "allowed.",
    )
    @refuses(NameTaken)
    def patch(self, request: Request, connection_id: int) -> Response:
        caller = caller_of(request)
        row = services.get_connection(caller, connection_id)
        wanted = ConnectionDetail(
            row, data=request.data, partial=True, context={"by_staff": caller.sees_all}
        )
        wanted.is_valid(raise_exception=True)
        values = dict(wanted.validated_data)
        secret = values.pop("secret", None)
        changed = services.change_connection(
            row=row,
            sealer=configured.sealer(),
            by_staff=caller.sees_all,
            values=values,
            secret=secret,
        )
        return Response(ConnectionDetail(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, connection_id: int) -> Response:
        services.get_connection(caller_of(request), connection_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class CallFilter(serializers.Serializer[Any]):
    state = serializers.MultipleChoiceField(choices=CallRecord.State.choices, required=False)
    connection = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class CallList(ApiView, generics.ListAPIView[CallRecord]):
    """GET: the caller's calls, newest first.  POST: call somebody."""

    scope = scopes.OUTBOUND
    serializer_class = CallSummary

    def get_queryset(self) -> QuerySet[CallRecord]:
        wanted = CallFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        return services.calls_of(
            caller_of(self.request),
            states=values.get("state", ()),
            connection_id=values.get("connection"),
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=CallRecord.State.values, many=True),
            OpenApiParameter(
                "connection",
                {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                description="Only calls by this one.",
            ),
        ]
    )
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewCall,
        responses={201: CallDetail, 202: CallDetail},
        description="201: the call was made; `state` says what came of it, also if nothing good did. "
        "202: a job makes it.",
    )
    @refuses(UnknownConnection, TooManyCalls, UnknownUpload, UploadNotFinished)
    @idempotent_by_work_id
    def post(self, request: Request, work_id: UUID | None = None) -> Response:
        wanted = NewCall(data=request.data)
        wanted.is_valid(raise_exception=True)
        values, caller = wanted.validated_data, caller_of(request)
        chosen = values["connection"]
        connection = services.get_connection(caller, chosen) if chosen else None
        place = partial(
            calling.place,
            caller=caller,
            ask=ask_of(values, connection),
            connection=connection,
            work_id=work_id,
        )
        return answered(request, place, in_background=values["background"])


class CallView(ApiView):
    """GET: one call, and what came of it."""

    scope = scopes.OUTBOUND

    @extend_schema(responses=CallDetail)
    def get(self, request: Request, call_id: int) -> Response:
        return Response(CallDetail(services.get_call(caller_of(request), call_id)).data)


class CallReplay(ApiView):
    """POST: the same call again, with what its connection has now."""

    scope = scopes.OUTBOUND

    @extend_schema(request=ReplayWish, responses={201: CallDetail, 202: CallDetail})
    @refuses(TooManyCalls, ConnectionGone, FileGone, SecretLost)
    @bodiless
    @idempotent_by_work_id
    def post(self, request: Request, call_id: int, work_id: UUID | None = None) -> Response:
        caller = caller_of(request)
        first = services.get_call(caller, call_id)
        wanted = ReplayWish(data=request.data)
        wanted.is_valid(raise_exception=True)
        place = partial(calling.replay, row=first, caller=caller, work_id=work_id)
        return answered(request, place, in_background=wanted.validated_data["background"])


def answered(
    request: Request, place: Callable[..., CallRecord], *, in_background: bool
) -> Response:
    """Raises TooManyCalls before anything is placed; StillInProgress."""
    means = configured.means()
    with nullcontext() if in_background else configured.turn():
        row = place(sealer=means.sealer, now=timezone.now(), in_background=in_background)
        if not in_background:
            row = calling.make(row=row, means=means, longest_s=settings.OUTBOUND.now_s)
    code = status.HTTP_202_ACCEPTED if in_background else status.HTTP_201_CREATED
    return located(
        request, CallDetail(row).data, route="api-outbound-call", key=row.pk, status=code
    )
