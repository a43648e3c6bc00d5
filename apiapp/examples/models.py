"""What the example endpoints store.

A row without an owner is open: it came with the server or through an open example, everybody may
see it, and the open examples may change it.  A row with an owner came through `/api/v1/`.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

LARGEST_ID = 2**63 - 1
OLDEST_AGE = 150


class ExampleRow(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
        help_text=_("Without one it is open: the example endpoints show and change it."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["owner", "updated_at"], name="newest_%(class)s")]


class ExampleUser(ExampleRow):
    """Somebody to greet; has nothing to do with who may sign in."""

    name = models.CharField(_("name"), max_length=200)
    age = models.PositiveSmallIntegerField(_("age"), validators=[MaxValueValidator(OLDEST_AGE)])

    class Meta(ExampleRow.Meta):
        abstract = False
        verbose_name = _("user (example)")
        verbose_name_plural = _("Users (example)")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Post(ExampleRow):
    title = models.TextField(_("title"), blank=True)
    content = models.TextField(_("content"), blank=True)

    class Meta(ExampleRow.Meta):
        abstract = False
        verbose_name = _("post")
        verbose_name_plural = _("Posts")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title[:80]


class Item(ExampleRow):
    """Its number is chosen by whoever stores it."""

    id = models.BigIntegerField(_("number"), primary_key=True)
    name = models.TextField(_("name"), blank=True)
    description = models.TextField(_("description"), blank=True)

    class Meta(ExampleRow.Meta):
        abstract = False
        verbose_name = _("item")
        verbose_name_plural = _("Items")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk}: {self.name[:80]}"


class Resource(ExampleRow):
    """Its name is chosen by whoever stores it; `data` is a JSON object."""

    id = models.CharField(_("name"), primary_key=True, max_length=200)
    data = models.JSONField(_("data"), default=dict, blank=True)

    class Meta(ExampleRow.Meta):
        abstract = False
        verbose_name = _("resource")
        verbose_name_plural = _("Resources")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.id
