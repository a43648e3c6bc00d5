import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apiapp.outbound.models import Connection
from apiapp.payments import money
from apiapp.payments.states import State


class Gateway(models.Model):
    """Who charges: how it is called is in its connection, what it signs with is sealed here."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    connection = models.ForeignKey(
        Connection,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("connection"),
    )
    sealed_secret = models.TextField(blank=True, editable=False)
    is_active = models.BooleanField(
        _("in use"), default=True, help_text=_("New payments are charged at the newest in use.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("payment gateway")
        verbose_name_plural = _("payment gateways")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Payment(models.Model):
    """One order's payment.

    key: what the gateway knows it by, and does it once under; committed before anything is sent.
    next_look_at: when the gateway is to be asked about it; None: nothing hangs.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="payments",
        verbose_name=_("owner"),
    )
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="payments", verbose_name=_("gateway")
    )
    key = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    work_id = models.UUIDField(null=True, unique=True, editable=False)
    order_id = models.CharField(_("order"), max_length=100)
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    refunded_minor = models.PositiveBigIntegerField(_("refunded"), default=0)
    state = models.CharField(
        _("state"), max_length=20, choices=State.choices, default=State.PENDING
    )
    charge_id = models.CharField(_("charge at the gateway"), max_length=200, blank=True)
    payment_url = models.CharField(_("page to pay at"), max_length=2000, blank=True)
    return_url = models.CharField(_("page to come back to"), max_length=2000, blank=True)
    failure = models.CharField(_("why it failed"), max_length=200, blank=True)
    trouble = models.CharField(_("trouble with the gateway"), max_length=200, blank=True)
    looks = models.PositiveIntegerField(_("asked about"), default=0)
    next_look_at = models.DateTimeField(_("to be asked about"), null=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "order_id"],
                name="payments_once_per_order",
                condition=models.Q(state__in=[State.PENDING, State.REQUIRES_ACTION, State.PAID]),
            ),
            models.CheckConstraint(
                name="payments_refund_within_amount",
                condition=models.Q(refunded_minor__lte=models.F("amount_minor")),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="payments_of_owner"),
            models.Index(
                fields=["next_look_at"],
                name="payments_to_look_at",
                condition=models.Q(next_look_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.amount} {self.currency}"

    @property
    def amount(self) -> str:
        return money.text_of(self.amount_minor, self.currency)

    @property
    def refunded(self) -> str:
        return money.text_of(self.refunded_minor, self.currency)


class Refund(models.Model):
    """What is given back of a payment, all of it or a part; committed before it is asked for."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "succeeded", _("given back")
        FAILED = "failed", _("failed")

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment")
    )
    key = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    work_id = models.UUIDField(null=True, unique=True, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    failure = models.CharField(_("why it failed"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.amount} {self.payment.currency}"

    @property
    def amount(self) -> str:
        return money.text_of(self.amount_minor, self.payment.currency)


class PaymentEvent(models.Model):
    """One entry of a payment's history.  is_applied: False for what was heard and not believed."""

    class Source(models.TextChoices):
        REQUEST = "request", _("a request")
        ANSWER = "answer", _("the gateway's answer")
        CALLBACK = "callback", _("the gateway's callback")

    SHOWN: ClassVar = ("state", "source", "is_applied", "told", "at")

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="events")
    state = models.CharField(_("state"), max_length=20, choices=State.choices)
    source = models.CharField(_("by"), max_length=10, choices=Source.choices)
    is_applied = models.BooleanField(_("believed"), default=True)
    told = models.CharField(_("told"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.state}"


class GatewayMessage(models.Model):
    """A callback that was taken: the same one is not taken again."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="messages")
    message_id = models.CharField(max_length=255)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "message_id"], name="payments_message_taken_once"
            )
        ]

    def __str__(self) -> str:
        return self.message_id
