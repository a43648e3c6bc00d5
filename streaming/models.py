from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

NAME = r"[a-z0-9][a-z0-9-]{0,62}"
NAME_LENGTH = 63
MOST_VIEWERS = 10_000
HOW_MANY: dict = {"validators": [MinValueValidator(1), MaxValueValidator(MOST_VIEWERS)]}


class Screen(models.Model):
    """Something to watch: what this server sees, or what somebody publishes.

    A publisher says every few seconds that it is there; `publisher` names the one that is believed.
    Whoever looked or published before `stopped_at` is sent away.
    """

    class Sharing(models.TextChoices):
        OFF = "off", _("not shared")
        LINK = "link", _("by link")
        PUBLIC = "public", _("with everybody")

    PUBLISHER: ClassVar = "publisher"

    name = models.CharField(
        _("name"),
        max_length=NAME_LENGTH,
        unique=True,
        validators=[RegexValidator(rf"^{NAME}\Z")],
        help_text=_("Part of the address: a-z, 0-9 and -."),
    )
    title = models.CharField(_("title"), max_length=100, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="screens",
        verbose_name=_("owner"),
    )
    source = models.CharField(
        _("source"),
        max_length=500,
        default=PUBLISHER,
        help_text=_("publisher, local, pattern, camera:0, or the path of a video."),
    )
    sharing = models.CharField(
        _("sharing"), max_length=6, choices=Sharing.choices, default=Sharing.OFF
    )
    max_viewers = models.PositiveIntegerField(
        _("viewers at most"), null=True, blank=True, **HOW_MANY
    )
    publisher = models.CharField(max_length=64, blank=True, editable=False)
    presenter = models.CharField(_("presenter"), max_length=150, blank=True, editable=False)
    publisher_seen_at = models.DateTimeField(null=True, editable=False)
    stopped_at = models.DateTimeField(_("stopped"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("screen")
        verbose_name_plural = _("screens")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def is_published(self) -> bool:
        """Whether its pictures come from elsewhere."""
        return self.source == self.PUBLISHER


class ScreenLink(models.Model):
    """Opens one screen to whoever has it.  The token is never stored, only its HMAC."""

    screen = models.ForeignKey(
        Screen, on_delete=models.CASCADE, related_name="links", verbose_name=_("screen")
    )
    token_hmac = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("prefix"), max_length=16, editable=False)
    note = models.CharField(
        _("note"), max_length=100, blank=True, help_text=_("Whom it is for, for your eyes.")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    pin_hash = models.CharField(max_length=200, blank=True, editable=False)
    max_viewers = models.PositiveIntegerField(
        _("viewers at most"), null=True, blank=True, **HOW_MANY
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("link to a screen")
        verbose_name_plural = _("links to screens")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.note})" if self.note else f"{self.prefix}…"

    @property
    def has_pin(self) -> bool:
        return bool(self.pin_hash)


class WrongPinTry(models.Model):
    """Somebody at this address took a wrong PIN for that of the link."""

    link = models.ForeignKey(ScreenLink, on_delete=models.CASCADE, related_name="wrong_pins")
    address = models.CharField(max_length=64)
    tried_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.address} at {self.tried_at:%Y-%m-%d %H:%M}"


class ViewSession(models.Model):
    """One viewer of one screen, from coming to going.

    Its process says every few seconds that the viewer is there: who died cannot say good-bye.
    """

    screen = models.ForeignKey(
        Screen, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("screen")
    )
    link = models.ForeignKey(
        ScreenLink,
        on_delete=models.SET_NULL,
        null=True,
        related_name="sessions",
        verbose_name=_("link"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    who = models.CharField(_("who"), max_length=150, blank=True)
    address = models.CharField(_("address"), max_length=64, blank=True)
    codec = models.CharField(_("codec"), max_length=10)
    started_at = models.DateTimeField(_("since"), db_index=True)
    seen_at = models.DateTimeField(_("last seen"))
    ended_at = models.DateTimeField(_("until"), null=True)
    frames = models.BigIntegerField(_("pictures"), default=0)
    sent_bytes = models.BigIntegerField(_("bytes sent"), default=0)
    dropped = models.BigIntegerField(_("pictures dropped"), default=0)
    latency_ms = models.FloatField(null=True, editable=False)  # as the viewer said last
    end_reason = models.CharField(_("ended by"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("viewer's session")
        verbose_name_plural = _("viewers' sessions")
        ordering = ["-id"]
        indexes = [
            # Who watches now, counted for each new viewer.
            models.Index(
                fields=["screen", "seen_at"],
                name="streaming_watching",
                condition=models.Q(ended_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.who} · {self.screen}"
