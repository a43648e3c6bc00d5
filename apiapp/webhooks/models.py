from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apiapp.jobs.models import Job
from apiapp.outbox.models import Event


class Subscription(models.Model):
    """Where somebody is told of what happens here.

    sealed_secrets: those that sign, the newest first, each with the time until which it does.
    job: the one that sends what waits; there is never a second one at it.
    """

    class Paused(models.TextChoices):
        NO = "", _("no")
        BY_HAND = "by_hand", _("by hand")
        GONE = "gone", _("the receiver said that it is gone (410)")
        DEAD = "dead", _("nothing has arrived for a whole day")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="webhook_subscriptions",
        verbose_name=_("owner"),
    )
    url = models.CharField(_("address"), max_length=2000)
    description = models.CharField(_("note"), max_length=200, blank=True)
    events = models.JSONField(_("events"), default=list, help_text=_("Empty: all of them."))
    everybody = models.BooleanField(
        _("everybody's events"), default=False, help_text=_("Of all users, and alerts; for staff.")
    )
    allow_private = models.BooleanField(
        _("private network"),
        default=False,
        help_text=_("Whether the address may be on this machine or its own network."),
    )
    sealed_secrets = models.TextField(editable=False)
    former_secret_until = models.DateTimeField(
        _("former secret signs until"), null=True, editable=False
    )
    paused = models.CharField(
        _("paused"), max_length=10, choices=Paused.choices, default=Paused.NO, blank=True
    )
    paused_at = models.DateTimeField(_("paused since"), null=True, editable=False)
    delivered_at = models.DateTimeField(_("last delivery"), null=True, editable=False)
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.description or self.url[:100]


class Delivery(models.Model):
    """One event on its way to one subscription."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("subscription"),
    )
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("event")
    )
    replay_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, verbose_name=_("replay of")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    attempt_count = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    status = models.PositiveIntegerField(_("status"), null=True)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event"],
                condition=models.Q(replay_of=None),
                name="one_delivery_per_event",
            )
        ]
        indexes = [
            models.Index(
                fields=["subscription", "due_at"],
                name="webhooks_waiting",
                condition=models.Q(state="waiting"),
            ),
            models.Index(fields=["created_at"], name="webhooks_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event.type} {self.pk}"


class Attempt(models.Model):
    """One try at a delivery, and what came of it.  answer: the beginning of what was said."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(_("when"))
    status = models.PositiveIntegerField(_("status"), null=True)
    error = models.TextField(_("error"), blank=True)
    answer = models.TextField(_("answer"), blank=True)
    duration_s = models.FloatField(_("took"), help_text=_("seconds"))

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.status or self.error[:100]}"


class FeedPosition(models.Model):
    """How far the events of datasets were read on."""

    name = models.CharField(max_length=50, unique=True)
    transaction_id = models.BigIntegerField()
    event_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.transaction_id} {self.event_id}"


class Source(models.Model):
    """Somebody who tells us what happens there."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="webhook_sources",
        verbose_name=_("owner"),
    )
    name = models.SlugField(
        _("name"), max_length=50, unique=True, help_text=_("Part of the address: a-z, 0-9 and -.")
    )
    sealed_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("source of webhooks")
        verbose_name_plural = _("sources of webhooks")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Received(models.Model):
    """One message of a source, once.  content: the JSON, to the letter, as it was signed."""

    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, related_name="received", verbose_name=_("source")
    )
    message_id = models.CharField(_("id"), max_length=255)
    content = models.TextField(_("what was told"))
    at = models.DateTimeField(_("when"), db_index=True)

    class Meta:
        verbose_name = _("message received")
        verbose_name_plural = _("messages received")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "message_id"], name="each_message_once")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.message_id}"
