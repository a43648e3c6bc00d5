import re
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.jobs.serializers import JobDetail
from apiapp.uploads import services
from apiapp.uploads.models import Upload
from apiapp.uploads.ranges import Range

MAX_NUMBER = 2**63 - 1
DIGITS = re.compile(r"[0-9]{1,19}")
FILENAME_CHARS = 4096  # as sent: a path perhaps, of which the last part is kept


class WholeNumber(serializers.IntegerField):
    """An integer of JSON or the digits of a form field; no boolean, no 1.0, nothing negative."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_NUMBER, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and DIGITS.fullmatch(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class HexDigest(serializers.RegexField):
    """A checksum in hexadecimal, in lower case afterwards; empty or null: none is sent."""

    def __init__(self, digits: int, **kwargs: Any) -> None:
        super().__init__(
            rf"^[0-9a-fA-F]{{{digits}}}\Z",
            **{"allow_blank": True, "required": False, "default": "", **kwargs},
        )

    def run_validation(self, data: Any = serializers.empty) -> str:
        return super().run_validation("" if data is None else data).lower()


class NewUpload(serializers.Serializer[Any]):
    filename = serializers.CharField(max_length=FILENAME_CHARS)
    size = WholeNumber(help_text="Bytes.")
    chunk_size = WholeNumber(
        required=False,
        min_value=services.MIN_CHUNK_BYTES,
        max_value=services.MAX_CHUNK_BYTES,
        help_text="Bytes of every chunk but the last; left out: as the server likes it.",
    )
    md5 = HexDigest(32)
    sha256 = HexDigest(64)


class Completion(serializers.Serializer[Any]):
    total_chunks = WholeNumber(required=False)
    md5 = HexDigest(32)
    sha256 = HexDigest(64)


class UploadSummary(serializers.ModelSerializer[Upload]):
    owner = serializers.CharField(source="owner.username", read_only=True)

    class Meta:
        model = Upload
        fields: ClassVar = [
            "file_id",
            "owner",
            "protocol",
            "filename",
            "size",
            "received",
            "state",
            "md5",
            "sha256",
            "error",
            "chunk_size",
            "total_chunks",
            "job_id",
            "created_at",
            "finished_at",
            "expires_at",
        ]


class UploadDetail(UploadSummary):
    """With the chunks that are here and those that are not, as ranges `[first, last]`."""

    received_chunks = serializers.SerializerMethodField()
    missing_chunks = serializers.SerializerMethodField()

    class Meta(UploadSummary.Meta):
        fields: ClassVar = [*UploadSummary.Meta.fields, "received_chunks", "missing_chunks"]

    def get_received_chunks(self, upload: Upload) -> list[Range]:
        return services.received_ranges(upload)

    def get_missing_chunks(self, upload: Upload) -> list[Range]:
        return services.missing_ranges(upload)


class CompletedUpload(UploadSummary):
    """With the job that verifies it; null if it was finished already."""

    job = JobDetail(allow_null=True)

    class Meta(UploadSummary.Meta):
        fields: ClassVar = [*UploadSummary.Meta.fields, "job"]


class ChunkForm(serializers.Serializer[Any]):
    """Documents the form that receive.py reads."""

    chunk = serializers.FileField()
    index = serializers.IntegerField(min_value=0)
    md5 = HexDigest(32)


@extend_schema_field({"type": "string", "format": "binary", "minLength": 1})
class FullFile(serializers.FileField):
    """A file of at least one byte."""


class FileForm(serializers.Serializer[Any]):
    """Documents the form that receive.py reads."""

    file = FullFile()


class StoredChunk(serializers.Serializer[Any]):
    """Documents what receive.py answers."""

    file_id = serializers.CharField()
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    md5 = serializers.CharField()


class IdentifiedUpload(serializers.Serializer[Any]):
    """Documents what the clients of resumable.js and flow.js are answered."""

    file_id = serializers.CharField()
    filename = serializers.CharField()
    state = serializers.ChoiceField(Upload.State.choices)
    job_id = serializers.IntegerField(
        allow_null=True, help_text="Of the job that verifies the file, once all of it is here."
    )


class IdentifiedChunk(IdentifiedUpload):
    """Documents what resumablejs_receive.py answers."""

    md5 = serializers.CharField(help_text="Of the chunk that came.")


class StoredFile(serializers.Serializer[Any]):
    """Documents what receive.py answers."""

    file_id = serializers.CharField()
    filename = serializers.CharField()
    size = serializers.IntegerField()
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
