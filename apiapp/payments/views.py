"""/api/payments/: charge an order once, follow it, give it back; and what gateways tell."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import bodiless, refuses
from apiapp.http.views import ApiView, located
from apiapp.idempotency.decorators import idempotent_by_work_id
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.outbound import configured
from apiapp.outbound.errors import TooManyCalls
from apiapp.payments import callbacks, charging, services
from apiapp.payments.errors import NoGateway, NotRefundable, OrderHasPayment, RefundTooLarge
from apiapp.payments.models import Payment, Refund
from apiapp.payments.serializers import NewPayment, PaymentDetail, PaymentSummary, RefundWish
from apiapp.payments.states import State


class PaymentFilter(serializers.Serializer[Any]):
    status = serializers.MultipleChoiceField(choices=State.choices, required=False)
    order_id = serializers.CharField(required=False, allow_blank=True, max_length=100)


class PaymentList(ApiView, generics.ListAPIView[Payment]):
    """GET: the caller's payments, newest first.  POST: charge an order, once."""

    scope = scopes.PAYMENTS
    serializer_class = PaymentSummary

    def get_queryset(self) -> QuerySet[Payment]:
        wanted = PaymentFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        return services.payments_of(
            caller_of(self.request),
            states=values.get("status", ()),
            order_id=values.get("order_id", ""),
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("status", str, enum=State.values, many=True),
            OpenApiParameter("order_id", {"type": "string", "maxLength": 100}),
        ]
    )
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewPayment,
        responses={201: PaymentDetail, 202: PaymentDetail},
        description="201: the gateway has answered; lead the customer to `payment_url` while `status` "
        "is `requires_action`.  202: it has not; it is asked about until it has.",
    )
    @refuses(NoGateway, OrderHasPayment, TooManyCalls)
    @idempotent_by_work_id
    def post(self, request: Request, work_id: UUID | None = None) -> Response:
        allowed = settings.OUTBOUND.payment_return_urls
        wanted = NewPayment(data=request.data, context={"return_urls": allowed})
        wanted.is_valid(raise_exception=True)
        means, longest_s = configured.means(), settings.OUTBOUND.now_s
        with configured.turn():
            payment = charging.place(
                owner=caller_of(request).user,
                now=timezone.now(),
                work_id=work_id,
                **wanted.validated_data,
            )
            payment = charging.charge(payment=payment, means=means, longest_s=longest_s)
        is_open = payment.state == State.PENDING
        code = status.HTTP_202_ACCEPTED if is_open else status.HTTP_201_CREATED
        told = PaymentDetail(payment).data
        return located(request, told, route="api-payment", key=payment.pk, status=code)


class PaymentView(ApiView):
    """GET: one payment, with its history and refunds."""

    scope = scopes.PAYMENTS

    @extend_schema(responses=PaymentDetail)
    def get(self, request: Request, payment_id: int) -> Response:
        return Response(PaymentDetail(services.get_payment(caller_of(request), payment_id)).data)


class PaymentRefund(ApiView):
    """POST: give back what was paid: all that is left of it, or a part."""

    scope = scopes.PAYMENTS

    @extend_schema(
        request=RefundWish,
        responses={200: PaymentDetail, 202: PaymentDetail},
        description="200: the gateway has answered; see `refunds`.  202: it has not; it is asked "
        "until it has.",
    )
    @refuses(NotRefundable, RefundTooLarge, TooManyCalls)
    @bodiless
    @idempotent_by_work_id
    def post(self, request: Request, payment_id: int, work_id: UUID | None = None) -> Response:
        caller = caller_of(request)
        payment = services.get_payment(caller, payment_id)
        wanted = RefundWish(data=request.data, context={"currency": payment.currency})
        wanted.is_valid(raise_exception=True)
        means, longest_s = configured.means(), settings.OUTBOUND.now_s
        with configured.turn():
            row = charging.place_refund(
                payment=payment,
                by=caller.user,
                now=timezone.now(),
                work_id=work_id,
                **wanted.validated_data,
            )
            row = charging.send_refund(row=row, means=means, longest_s=longest_s)
        is_open = row.state == Refund.State.PENDING
        payment.refresh_from_db()
        return Response(
            PaymentDetail(payment).data,
            status=status.HTTP_202_ACCEPTED if is_open else status.HTTP_200_OK,
        )


class PaymentCallback(ApiView):
    """POST: what a gateway tells of a charge, signed by Standard Webhooks."""

    authentication_classes = []
    permission_classes = [AllowAny]
    rate_policy = "open"

    def post(self, request: Request) -> Response:
        told = callbacks.take(
            headers=request.headers,
            body=request.body,
            sealer=configured.sealer(),
            now=timezone.now(),
        )
        return Response({"message": told})
