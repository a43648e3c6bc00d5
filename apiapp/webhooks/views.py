"""/api/webhooks/: subscriptions to what happens here, and what was sent for each."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import bodiless, refuses
from apiapp.http.views import ApiView, located
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.outbound import configured as outbound
from apiapp.outbound.errors import SecretLost
from apiapp.webhooks import queueing, services
from apiapp.webhooks.errors import SubscriptionPaused, TooManySubscriptions
from apiapp.webhooks.models import Delivery, Subscription
from apiapp.webhooks.serializers import (
    DeliveryDetail,
    DeliverySummary,
    FailedReplayWish,
    Replayed,
    RotationWish,
    Secrets,
    SubscriptionDetail,
)


class SubscriptionList(ApiView, generics.ListAPIView[Subscription]):
    """GET: the caller's subscriptions.  POST: be told of what happens."""

    scope = scopes.WEBHOOKS
    serializer_class = SubscriptionDetail

    def get_queryset(self) -> QuerySet[Subscription]:
        return services.subscriptions_of(caller_of(self.request))

    @extend_schema(request=SubscriptionDetail, responses={201: SubscriptionDetail})
    @refuses(TooManySubscriptions)
    @idempotent()
    def post(self, request: Request) -> Response:
        caller = caller_of(request)
        wanted = SubscriptionDetail(data=request.data, context={"by_staff": caller.sees_all})
        wanted.is_valid(raise_exception=True)
        row = services.subscribe(
            owner=caller.user, sealer=outbound.sealer(), **wanted.validated_data
        )
        told = SubscriptionDetail(row).data
        return located(request, told, route="api-webhooks-subscription", key=row.pk)


class SubscriptionView(ApiView):
    """GET: one subscription.  PATCH: change it.  DELETE: remove it, with its log."""

    scope = scopes.WEBHOOKS
    serializer_class = SubscriptionDetail

    @extend_schema(responses=SubscriptionDetail)
    def get(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        return Response(SubscriptionDetail(row).data)

    @extend_schema(request=SubscriptionDetail, responses=SubscriptionDetail)
    def patch(self, request: Request, subscription_id: int) -> Response:
        caller = caller_of(request)
        row = services.get_subscription(caller, subscription_id)
        wanted = SubscriptionDetail(
            row, data=request.data, partial=True, context={"by_staff": caller.sees_all}
        )
        wanted.is_valid(raise_exception=True)
        changed = services.change(
            row=row, values=dict(wanted.validated_data), by_staff=caller.sees_all
        )
        return Response(SubscriptionDetail(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, subscription_id: int) -> Response:
        services.get_subscription(caller_of(request), subscription_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class SubscriptionSecrets(ApiView):
    """GET: by which secrets messages to it are signed."""

    scope = scopes.WEBHOOKS

    @extend_schema(responses=Secrets)
    @refuses(SecretLost)
    def get(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        found = services.secrets_of(row, sealer=outbound.sealer(), now=timezone.now())
        return Response({"secrets": found}, headers={"Cache-Control": "no-store"})


class SubscriptionRotation(ApiView):
    """POST: a new secret; for a while the former one signs, too."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=RotationWish, responses=SubscriptionDetail)
    @refuses(SecretLost)
    @bodiless
    @idempotent()
    def post(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        wanted = RotationWish(data=request.data)
        wanted.is_valid(raise_exception=True)
        rotated = services.rotate(
            row=row,
            sealer=outbound.sealer(),
            grace_s=wanted.validated_data["grace_s"],
            now=timezone.now(),
        )
        return Response(SubscriptionDetail(rotated).data)


class SubscriptionPause(ApiView):
    """POST: send nothing more; what happens meanwhile waits."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=None, responses=SubscriptionDetail)
    @idempotent()
    def post(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        by_hand = Subscription.Paused.BY_HAND
        paused = services.pause(row=row, why=by_hand, now=timezone.now())
        return Response(SubscriptionDetail(paused).data)


class SubscriptionResumption(ApiView):
    """POST: send again, what waited first."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=None, responses=SubscriptionDetail)
    @idempotent()
    def post(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        return Response(SubscriptionDetail(queueing.resume(row=row, now=timezone.now())).data)


class SubscriptionTest(ApiView):
    """POST: send a test event, to this subscription alone."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=None, responses={202: DeliveryDetail})
    @refuses(SubscriptionPaused)
    @idempotent()
    def post(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        return accepted(request, queueing.send_test(row=row, now=timezone.now()))


class SubscriptionReplay(ApiView):
    """POST: send again what has failed, and was not delivered since; 10,000 messages at most."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=FailedReplayWish, responses={202: Replayed})
    @refuses(SubscriptionPaused)
    @bodiless
    @idempotent()
    def post(self, request: Request, subscription_id: int) -> Response:
        row = services.get_subscription(caller_of(request), subscription_id)
        wanted = FailedReplayWish(data=request.data)
        wanted.is_valid(raise_exception=True)
        done = queueing.replay_failed(row=row, now=timezone.now(), **wanted.validated_data)
        return Response(Replayed(done).data, status=status.HTTP_202_ACCEPTED)


class DeliveryFilter(serializers.Serializer[Any]):
    state = serializers.MultipleChoiceField(choices=Delivery.State.choices, required=False)
    subscription = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class DeliveryList(ApiView, generics.ListAPIView[Delivery]):
    """GET: what was sent, or is to be, newest first."""

    scope = scopes.WEBHOOKS
    serializer_class = DeliverySummary

    def get_queryset(self) -> QuerySet[Delivery]:
        wanted = DeliveryFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        rows = services.deliveries_of(caller_of(self.request))
        if "subscription" in values:
            rows = rows.filter(subscription_id=values["subscription"])
        return rows.filter(state__in=values["state"]) if values.get("state") else rows

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=Delivery.State.values, many=True),
            OpenApiParameter(
                "subscription",
                {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                description="Only those of this one.",
            ),
        ]
    )
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class DeliveryView(ApiView):
    """GET: one delivery: what is sent, and what came of each attempt."""

    scope = scopes.WEBHOOKS

    @extend_schema(responses=DeliveryDetail)
    def get(self, request: Request, delivery_id: int) -> Response:
        return Response(DeliveryDetail(services.get_delivery(caller_of(request), delivery_id)).data)


class DeliveryReplay(ApiView):
    """POST: send the same message again, under the same id."""

    scope = scopes.WEBHOOKS

    @extend_schema(request=None, responses={202: DeliveryDetail})
    @refuses(SubscriptionPaused)
    @idempotent()
    def post(self, request: Request, delivery_id: int) -> Response:
        row = services.get_delivery(caller_of(request), delivery_id)
        return accepted(request, queueing.replay(row=row, now=timezone.now()))


def accepted(request: Request, made: Delivery) -> Response:
    told, code = DeliveryDetail(made).data, status.HTTP_202_ACCEPTED
    return located(request, told, route="api-webhooks-delivery", key=made.pk, status=code)
