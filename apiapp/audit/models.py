from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """One change, or who came and went.  What was in it is not here: it may be a secret.

    actor: a user's name, or of a command that of who is signed in to the machine; of a failed login
    empty if there is no such user, as people type passwords where names belong.
    caller: a person (`user:...`), an API key by its prefix, or `command`.  fields: the names of what
    was sent.
    """

    class Kind(models.TextChoices):
        CHANGE = "change", _("change")
        LOGIN = "login", _("login")
        LOGOUT = "logout", _("logout")
        FAILED_LOGIN = "failed_login", _("failed login")
        COMMAND = "command", _("command")

    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind.choices, default=Kind.CHANGE, db_index=True
    )
    at = models.DateTimeField(_("when"), db_index=True)
    actor = models.CharField(_("user"), max_length=150, db_index=True, blank=True)
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
        return f"{self.actor or '?'}: {self.method} {self.path}"
