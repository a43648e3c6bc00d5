import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apiapp.jobs.models import Job


def new_file_id() -> str:
    return uuid.uuid4().hex


class Upload(models.Model):
    """One file on its way in, or arrived."""

    class State(models.TextChoices):
        RECEIVING = "receiving", _("receiving")
        VERIFYING = "verifying", _("verifying")
        FINISHED = "finished", pgettext_lazy("of an upload", "finished")
        FAILED = "failed", _("failed")  # verification failed; chunks may be sent again

    class Protocol(models.TextChoices):
        CHUNKS = "chunks", _("in chunks")
        FORM = "form", _("as a form")
        TUS = "tus", "tus"
        RESUMABLE = "resumable", _("resumable upload")
        RESUMABLEJS = "resumablejs", "resumable.js"

    file_id = models.CharField(
        _("file id"), primary_key=True, max_length=32, default=new_file_id, editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="uploads",
        verbose_name=_("owner"),
    )
    protocol = models.CharField(
        _("protocol"), max_length=12, choices=Protocol.choices, default=Protocol.CHUNKS
    )
    filename = models.CharField(_("file name"), max_length=255)
    size = models.BigIntegerField(  # empty: the client will tell it later
        _("size"), null=True, help_text=_("bytes")
    )
    # Both 0 where bytes are appended at an offset, which is `received` then.
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

    # --- where bytes are appended at an offset
    metadata = models.TextField(blank=True)  # Upload-Metadata of tus, as it was sent
    concat = models.TextField(blank=True)  # Upload-Concat of tus, as it was sent
    slice_of = models.CharField(max_length=32, blank=True)  # the file that it is a slice of
    slice_offset = models.BigIntegerField(default=0)  # where in that file it begins
    writer_token = models.BigIntegerField(default=0)  # who has an older one commits nothing
    writer_wanted = models.BigIntegerField(default=0)  # raised by who waits for the writer to stop
    writer_seen_at = models.DateTimeField(null=True)  # when it last said that it is stopping

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["owner"], condition=~models.Q(state="finished"), name="uploads_open"
            ),
            models.Index(
                fields=["slice_of"], condition=~models.Q(slice_of=""), name="uploads_slices"
            ),
            models.Index(fields=["expires_at"], name="uploads_expiry"),
            models.Index(fields=["owner", "-created_at"], name="uploads_of_owner"),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_appended(self) -> bool:
        """Whether its bytes come one after the other, at an offset."""
        return self.protocol in APPENDED

    @property
    def is_partial(self) -> bool:
        """Whether it is there to become a part of another (tus, Concatenation)."""
        return self.concat == PARTIAL

    @property
    def is_final(self) -> bool:
        """Whether it is made of others, and takes no bytes itself (tus, Concatenation)."""
        return self.concat.startswith(FINAL)

    @property
    def has_all_bytes(self) -> bool:
        return self.received == self.size


APPENDED = (Upload.Protocol.TUS, Upload.Protocol.RESUMABLE)
PARTIAL, FINAL = "partial", "final"


class FinalPart(models.Model):
    """One partial upload at its place in a final one (tus, Concatenation)."""

    final = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    partial = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="finals")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["final", "position"], name="one_part_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.final_id}[{self.position}]"


class Tombstone(models.Model):
    """An upload that is gone for good, so that its client can be told so for a while."""

    file_id = models.CharField(primary_key=True, max_length=32)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    gone_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.file_id


class ClientIdentifier(models.Model):
    """What a client calls a file, where it asks for its upload by that (see identified.py).

    key: a digest of it, and of what the client says of the file besides.
    """

    upload = models.OneToOneField(
        Upload, primary_key=True, on_delete=models.CASCADE, related_name="identifier"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="one_upload_per_identifier")
        ]

    def __str__(self) -> str:
        return self.key


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
