from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of background work: what to do, who has it, how far it is, how it ended.

    The row is the truth; the broker only carries hints.  `lease_token` names the one run that may
    write to this row: a run whose lease was given to another writes nothing any more.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    ENDED: ClassVar = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("owner"),
        help_text=_("Empty: the server's own work."),
    )
    task = models.CharField(_("task"), max_length=100)
    kwargs = models.JSONField(_("arguments"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    done = models.BigIntegerField(_("done"), default=0)
    total = models.BigIntegerField(_("total"), null=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    message = models.CharField(_("message"), max_length=200, blank=True)
    result = models.JSONField(_("result"), null=True)
    error = models.TextField(_("error"), blank=True)
    error_reference = models.CharField(_("error reference"), max_length=16, blank=True)

    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveIntegerField(_("attempts at most"), default=5)
    run_at = models.DateTimeField(_("due"))
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(_("leased until"), null=True, editable=False)
    cancel_requested_at = models.DateTimeField(null=True, editable=False)
    periodic_name = models.CharField(  # noqa: DJ001 - unique among those that have one
        _("periodic"), max_length=100, null=True, unique=True
    )
    period_s = models.FloatField(_("every (s)"), null=True)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        indexes = [
            # What the dispatcher asks again and again: what is due among what has not ended.
            models.Index(
                fields=["run_at"],
                name="jobs_due",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["owner", "-id"], name="jobs_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.pk}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED


class Worker(models.Model):
    """A worker process that dispatches, and when it was last heard of."""

    name = models.CharField(max_length=200, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
