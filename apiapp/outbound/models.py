from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apiapp.jobs.models import Job

MIB = 2**20
LONGEST_S = 600.0


def seconds(words: Any, default: float) -> "models.FloatField[float, float]":
    limits = [MinValueValidator(0.1), MaxValueValidator(LONGEST_S)]
    return models.FloatField(words, default=default, validators=limits, help_text=_("seconds"))


class Connection(models.Model):
    """Somebody else's API: where it is, how one is known there, and how long it may take.

    The secret is for the origin that it was entered for.
    """

    class Auth(models.TextChoices):
        NONE = "none", _("none")
        BASIC = "basic", "Basic"
        BEARER = "bearer", "Bearer"
        HEADER = "header", _("a header")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="outbound_connections",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=100)
    base_url = models.CharField(_("base address"), max_length=2000)
    auth = models.CharField(
        _("authentication"), max_length=10, choices=Auth.choices, default=Auth.NONE
    )
    auth_name = models.CharField(
        _("user or header name"), max_length=200, blank=True, help_text=_("Of Basic or a header.")
    )
    sealed_secret = models.TextField(blank=True, editable=False)
    headers = models.JSONField(
        _("headers"), default=dict, blank=True, help_text=_("Sent with each call; no secrets.")
    )
    connect_s = seconds(_("to connect"), 5.0)
    read_s = seconds(_("to wait for bytes"), 15.0)
    total_s = seconds(_("for a whole call"), 30.0)
    answer_limit_bytes = models.PositiveIntegerField(
        _("largest answer"),
        default=10 * MIB,
        validators=[MinValueValidator(1), MaxValueValidator(100 * MIB)],
        help_text=_("bytes"),
    )
    attempts = models.PositiveIntegerField(
        _("attempts"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_("At most, of what is safe to repeat."),
    )
    allow_private = models.BooleanField(
        _("private network"),
        default=False,
        help_text=_("Whether the address may be on this machine or its own network."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_connection_per_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def partition(self) -> str:
        """Whose open connections, cookies, stored answers and circuits its calls have."""
        return f"connection:{self.pk}"

    @property
    def has_secret(self) -> bool:
        return bool(self.sealed_secret)


class CallRecord(models.Model):
    """One call: what was asked, and what came of it.

    sealed_ask: all of what was asked, for a replay; what people see has no secrets.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        OK = "ok", _("ok")
        BUSINESS = "business", _("refused by them (4xx)")
        SYSTEM = "system", _("broken there (5xx)")
        NETWORK = "network", _("no answer")
        REFUSED = "refused", _("not sent")
        INTERRUPTED = "interrupted", _("interrupted")  # nobody knows whether it arrived

    ENDED: ClassVar = tuple(set(State) - {State.QUEUED, State.RUNNING})

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="outbound_calls",
        verbose_name=_("owner"),
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, verbose_name=_("connection")
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    replay_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, verbose_name=_("replay of")
    )
    work_id = models.UUIDField(null=True, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.QUEUED)
    method = models.CharField(_("method"), max_length=10)
    url = models.TextField(_("address"))
    request_headers = models.JSONField(_("headers sent"), default=dict)
    sealed_ask = models.TextField(editable=False)
    status = models.PositiveIntegerField(_("status"), null=True)
    error = models.TextField(_("error"), blank=True)
    answer_headers = models.JSONField(_("headers of the answer"), default=list)
    answer_content = models.BinaryField(default=b"", editable=False)
    answer_bytes = models.PositiveBigIntegerField(_("answer"), default=0, help_text=_("bytes"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    redirects = models.JSONField(_("redirects"), default=list)
    address = models.CharField(_("called at"), max_length=50, blank=True)
    cache = models.CharField(_("cache"), max_length=12, blank=True)
    sent_bytes = models.PositiveBigIntegerField(_("sent"), default=0, help_text=_("bytes"))
    received_bytes = models.PositiveBigIntegerField(_("received"), default=0, help_text=_("bytes"))
    duration_s = models.FloatField(_("took"), null=True, help_text=_("seconds"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="outbound_calls_of_owner"),
            models.Index(fields=["created_at"], name="outbound_calls_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url[:200]}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED
