import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apiapp.jobs.models import Job


def new_file_id() -> str:
    return uuid.uuid4().hex


class Upload(models.Model):
    """One file on its way in, or arrived."""

    class State(models.TextChoices):
        RECEIVING = "receiving", _("receiving")
        VERIFYING = "verifying", _("verifying")
        FINISHED = "finished", _("finished")
        FAILED = "failed", _("failed")  # verification failed; chunks may be sent again

    file_id = models.CharField(
        _("file id"), primary_key=True, max_length=32, default=new_file_id, editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="uploads",
        verbose_name=_("owner"),
    )
    filename = models.CharField(_("file name"), max_length=255)
    size = models.BigIntegerField(_("size"), help_text=_("bytes"))
    chunk_size = models.BigIntegerField(_("chunk size"), help_text=_("bytes"))
    total_chunks = models.PositiveIntegerField(_("chunks"))
    received = models.BigIntegerField(_("received"), default=0, help_text=_("bytes"))
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RECEIVING
    )
    expected_md5 = models.CharField(_("MD5 to be"), max_length=32, blank=True)
    expected_sha256 = models.CharField(_("SHA-256 to be"), max_length=64, blank=True)
    md5 = models.CharField("MD5", max_length=32, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(
        _("expires"), null=True, help_text=_("Empty once finished: it stays until it is deleted.")
    )

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["expires_at"], name="uploads_expiry"),
            models.Index(fields=["owner", "-created_at"], name="uploads_of_owner"),
        ]

    def __str__(self) -> str:
        return self.filename


class Chunk(models.Model):
    """One chunk of an upload: claimed while `received_at` is empty, stored after.

    The request that made the row writes the chunk in place.  Whoever sends it again meanwhile, or
    later, writes a part of its own (`part_name`), so that stored bytes are never overwritten by a
    request that may break off.  The merge puts parts where they belong.
    """

    upload = models.ForeignKey(
        Upload,
        on_delete=models.CASCADE,
        related_name="chunks",
        db_index=False,  # the constraint's index begins with it
    )
    index = models.PositiveIntegerField()
    size_bytes = models.BigIntegerField(default=0)
    md5 = models.CharField(max_length=32, blank=True)
    part_name = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "index"], name="one_row_per_chunk")
        ]

    def __str__(self) -> str:
        return f"{self.upload_id}[{self.index}]"
