from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.payments import money
from apiapp.payments.charging import Order
from apiapp.payments.errors import BadAmount, BadReturnUrl
from apiapp.payments.models import Payment, PaymentEvent, Refund
from apiapp.payments.returning import require_allowed
from apiapp.payments.states import State

AMOUNT_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,4})?$"


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": AMOUNT_PATTERN},
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        ],
        "example": "12.50",
        "description": "In units of the currency, with no more decimal places than it has.",
    }
)
class Amount(serializers.Field[Decimal, Any, str, Any]):
    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            raise serializers.ValidationError("a decimal number is wanted, such as 12.50")
        try:
            return money.decimal_of(data)
        except BadAmount as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Any) -> str:
        return str(value)


def minor_of(amount: Decimal, currency: str) -> int:
    """Raises ValidationError."""
    try:
        return money.minor_of(amount, currency)
    except BadAmount as error:
        raise serializers.ValidationError({"amount": [str(error)]}) from error


class NewPayment(serializers.Serializer[Any]):
    order_id = serializers.CharField(max_length=100, help_text="Yours; an order is paid once.")
    amount = Amount()
    currency = serializers.ChoiceField(money.CURRENCIES, help_text="ISO 4217.")
    return_url = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=2000,
        help_text="Where the customer comes back to after paying; one of those that are allowed.",
    )

    def validate_return_url(self, url: str) -> str:
        try:
            if url:
                require_allowed(url, allowed=self.context["return_urls"])
        except BadReturnUrl as error:
            raise serializers.ValidationError(str(error)) from error
        return url

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        minor = minor_of(values["amount"], values["currency"])
        order = Order(values["order_id"], minor, values["currency"], values["return_url"])
        return {"order": order}


class RefundWish(serializers.Serializer[Any]):
    amount = Amount(required=False, allow_null=True, default=None)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        amount = values["amount"]
        minor = None if amount is None else minor_of(amount, self.context["currency"])
        return {"amount_minor": minor}


class PaymentSummary(serializers.ModelSerializer[Payment]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    status = serializers.ChoiceField(State.choices, source="state", read_only=True)
    amount = serializers.CharField(read_only=True, help_text="A decimal number, as text.")
    refunded = serializers.CharField(read_only=True, help_text="What was given back of it.")

    class Meta:
        model = Payment
        fields: ClassVar = [
            "id",
            "owner",
            "order_id",
            "amount",
            "currency",
            "status",
            "payment_url",
            "return_url",
            "refunded",
            "failure",
            "created_at",
            "updated_at",
        ]


class PaymentEventDetail(serializers.ModelSerializer[PaymentEvent]):
    status = serializers.ChoiceField(State.choices, source="state", read_only=True)

    class Meta:
        model = PaymentEvent
        fields: ClassVar = ["status", "source", "is_applied", "told", "at"]


class RefundDetail(serializers.ModelSerializer[Refund]):
    status = serializers.ChoiceField(Refund.State.choices, source="state", read_only=True)
    amount = serializers.CharField(read_only=True)

    class Meta:
        model = Refund
        fields: ClassVar = ["id", "amount", "status", "failure", "created_at"]


class PaymentDetail(PaymentSummary):
    refunds = RefundDetail(many=True, read_only=True)
    history = PaymentEventDetail(many=True, read_only=True, source="events")

    class Meta(PaymentSummary.Meta):
        fields: ClassVar = [*PaymentSummary.Meta.fields, "refunds", "history"]
