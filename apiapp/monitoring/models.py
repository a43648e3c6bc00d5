"""What was counted of requests, rolled up into minutes, hours and days; and what is to be told of it."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class RequestFigures(models.Model):
    """The requests of one kind in one span of time, as one process counted them.

    A process writes the same row again until its span is over: what a row says only grows.  With the
    span EVER is what was counted in days that are long over, by whatever process.
    buckets: index in monitoring.durations.BOUNDS_US -> count.
    """

    class Span(models.IntegerChoices):
        EVER = 0, "ever"
        MINUTE = 60, "minute"
        HOUR = 3_600, "hour"
        DAY = 86_400, "day"

    span_s = models.IntegerField(choices=Span.choices)
    begins_at = models.DateTimeField()
    route = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    status = models.SmallIntegerField()  # its first digit
    writer = models.CharField(max_length=16, blank=True)
    count = models.BigIntegerField()
    duration_us = models.BigIntegerField()
    received_bytes = models.BigIntegerField()
    sent_bytes = models.BigIntegerField()
    buckets = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["span_s", "begins_at", "route", "method", "status", "writer"],
                name="monitoring_one_row_of_a_span",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}xx {self.begins_at:%Y-%m-%d %H:%M}"


class ProcessCount(models.Model):
    """What one process counted of something beside requests, since it began; it only grows.

    Without a writer: the sum of what processes counted that are gone.  place: which of its kind.
    """

    name = models.CharField(max_length=50)
    place = models.CharField(max_length=50, blank=True)
    writer = models.CharField(max_length=16, blank=True)
    value = models.BigIntegerField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "place", "writer"], name="monitoring_one_count_of_a_process"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.place}: {self.value}"


class AlertRule(models.Model):
    """What is not to be: a figure beyond a threshold, for a while.

    turned_at: since when the figure says otherwise than the alerts of this rule do.  looked_at: by
    whichever process.
    """

    class Figure(models.TextChoices):
        RATE_5XX = "rate_5xx", _("share of server errors (5xx)")
        RATE_4XX = "rate_4xx", _("share of refusals (4xx)")
        P50_S = "p50_s", _("P50 of the time to answer (s)")
        P90_S = "p90_s", _("P90 of the time to answer (s)")
        P99_S = "p99_s", _("P99 of the time to answer (s)")
        PER_S = "per_s", _("requests per second")
        DISK_FREE = "disk_free_share", _("share of the disk that is free")
        WORKERS = "workers", _("workers")
        OLDEST_JOB_S = "oldest_job_s", _("for how long the oldest job has been due (s)")
        JOBS_WAITING = "jobs_waiting", _("jobs that wait")

    figure = models.CharField(_("figure"), max_length=20, choices=Figure.choices)
    route = models.CharField(
        _("route"),
        max_length=200,
        blank=True,
        help_text=_("Such as /api/jobs/{job_id}; empty: all. Of requests alone."),
    )
    threshold = models.FloatField(
        _("threshold"),
        help_text=_("Beyond it is not well: below it of disk and workers, above it of all else."),
    )
    for_s = models.PositiveIntegerField(
        _("for how long (s)"),
        default=60,
        validators=[MaxValueValidator(86_400)],
        help_text=_("Until it is told; and until it is told that all is well again."),
    )
    is_on = models.BooleanField(_("on"), default=True)
    turned_at = models.DateTimeField(null=True, editable=False)
    looked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ("pk",)

    def __str__(self) -> str:
        where = f" {self.route}" if self.route else ""
        return f"{self.get_figure_display()}{where}: {self.threshold:g}"


class Alert(models.Model):
    """One time that a rule's figure was beyond its threshold, and what the rule was then."""

    rule = models.ForeignKey(
        AlertRule,
        verbose_name=_("rule"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="alerts",
    )
    figure = models.CharField(_("figure"), max_length=20, choices=AlertRule.Figure.choices)
    route = models.CharField(_("route"), max_length=200, blank=True)
    threshold = models.FloatField(_("threshold"))
    value = models.FloatField(_("value"))
    fired_at = models.DateTimeField(_("fired"))
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=models.Q(resolved_at=None),
                name="monitoring_one_open_alert_of_a_rule",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_figure_display()} {self.route}".strip()


class AlertEvent(models.Model):
    """That an alert has fired or resolved, which is told once.

    telling_until: a process tells it now; if it dies, another does after that.
    """

    class Kind(models.TextChoices):
        FIRED = "fired", _("fired")
        RESOLVED = "resolved", _("resolved")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    logged_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    telling_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "kind"], name="monitoring_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.kind}"
