import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

UID_BYTES = 12


def new_uid() -> str:
    return f"evt_{secrets.token_hex(UID_BYTES)}"


class Event(models.Model):
    """Something that happened, once; written in the transaction in which it does.

    audience: numbers of the users whom it concerns; staff may have asked for all events.  data: what
    is told of it.  once: of what may be told twice, and is kept once.  spread_at: when whoever wants
    to know was noted; empty: not yet.
    """

    uid = models.CharField(_("id"), max_length=40, unique=True, default=new_uid, editable=False)
    type = models.CharField(_("type"), max_length=50)
    audience = models.JSONField(_("whom it concerns"), default=list)
    data = models.JSONField(_("what is told"), default=dict)
    once = models.CharField(  # noqa: DJ001 - unique among those that have one
        max_length=150, null=True, unique=True, editable=False
    )
    at = models.DateTimeField(_("when"), db_index=True)
    spread_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="outbox_waiting", condition=models.Q(spread_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uid}"
