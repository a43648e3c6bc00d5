"""/api/webhooks/incoming/: what others tell, and /sources/: who they are."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp import signing
from apiapp.http.errors import BodyTooLarge
from apiapp.http.promises import refuses
from apiapp.http.views import ApiView, located
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.outbound import configured as outbound
from apiapp.outbound.errors import SecretLost
from apiapp.signing import BadSecret
from apiapp.webhooks import receiving
from apiapp.webhooks.errors import NotVerified, SourceTaken, UnknownSource
from apiapp.webhooks.models import Received, Source
from apiapp.webhooks.serializers import Accepted, ReceivedDetail, Secrets, SourceDetail

MOST_BYTES = 256 * 1024  # of one message


class SourceList(ApiView, generics.ListAPIView[Source]):
    """GET: who may tell the caller something.  POST: let somebody."""

    scope = scopes.WEBHOOKS
    serializer_class = SourceDetail

    def get_queryset(self) -> QuerySet[Source]:
        return receiving.sources_of(caller_of(self.request))

    @extend_schema(request=SourceDetail, responses={201: SourceDetail})
    @refuses(SourceTaken, BadSecret)
    @idempotent()
    def post(self, request: Request) -> Response:
        wanted = SourceDetail(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = receiving.create_source(
            owner=caller_of(request).user, sealer=outbound.sealer(), **wanted.validated_data
        )
        return located(request, SourceDetail(row).data, route="api-webhooks-source", key=row.name)


class SourceView(ApiView):
    """GET: one source.  DELETE: believe it no more, and forget what it told."""

    scope = scopes.WEBHOOKS

    @extend_schema(responses=SourceDetail)
    def get(self, request: Request, source: str) -> Response:
        return Response(SourceDetail(receiving.get_source(caller_of(request), source)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, source: str) -> Response:
        receiving.get_source(caller_of(request), source).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class SourceSecrets(ApiView):
    """GET: by which secret the source has to sign."""

    scope = scopes.WEBHOOKS

    @extend_schema(responses=Secrets)
    @refuses(SecretLost)
    def get(self, request: Request, source: str) -> Response:
        row = receiving.get_source(caller_of(request), source)
        found = [outbound.sealer().unseal(row.sealed_secret)]
        return Response({"secrets": found}, headers={"Cache-Control": "no-store"})


class ReceivedFilter(serializers.Serializer[Any]):
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]


class ReceivedList(ApiView, generics.ListAPIView[Received]):
    """GET: what sources told, newest first."""

    scope = scopes.WEBHOOKS
    serializer_class = ReceivedDetail

    def get_queryset(self) -> QuerySet[Received]:
        wanted = ReceivedFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return receiving.received_of(caller_of(self.request), **wanted.validated_data)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "source",
                {"type": "string", "pattern": "^[-a-zA-Z0-9_]*$", "maxLength": 50},
                description="Only what this one told.",
            )
        ]
    )
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Incoming(ApiView):
    """POST: what a source tells; its signature says who it is.  The same id is taken once."""

    authentication_classes = []
    permission_classes = [AllowAny]
    rate_policy = "open"

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description="Standard Webhooks.")
            for name in signing.HEADERS
        ],
        request={"application/json": {"type": "object", "additionalProperties": {}}},
        responses={200: Accepted, 201: Accepted},
        description="201: it is kept, whoever sends it again. 200: it came before.",
    )
    @refuses(UnknownSource, NotVerified, SecretLost)
    def post(self, request: Request, source: str) -> Response:
        content = request.body
        if len(content) > MOST_BYTES:
            raise BodyTooLarge(size_bytes=len(content), limit_bytes=MOST_BYTES)
        _, is_new = receiving.receive(
            name=source,
            headers={name: request.headers.get(name, "") for name in signing.HEADERS},
            content=content,
            sealer=outbound.sealer(),
            now=timezone.now(),
        )
        if is_new:
            return Response({"status": "accepted"}, status=status.HTTP_201_CREATED)
        return Response({"status": "duplicate"})
