from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """One change, and who made it.  What was in it is not here: it may be a secret.

    caller: a person (`user:...`), or an API key by its prefix.  fields: the names of what was sent.
    """

    at = models.DateTimeField(_("when"), db_index=True)
    actor = models.CharField(_("user"), max_length=150, db_index=True)
    caller = models.CharField(_("caller"), max_length=100)
    method = models.CharField(_("method"), max_length=10)
    route = models.CharField(_("route"), max_length=200)
    path = models.CharField(_("path"), max_length=500)
    fields = models.JSONField(_("fields"), default=list)
    address = models.CharField(_("address"), max_length=64)
    request_id = models.CharField(_("request id"), max_length=128, db_index=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("audit trail")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.actor}: {self.method} {self.path}"
