"""Imports as JSON: what a caller sends, and what it gets."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.pipeline.propose import Proposal
from apiapp.imports.planning import INLINE

LABEL_CHARS = 300


class Text(serializers.CharField):
    """A string of JSON; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """An integer of JSON; neither true nor "1" nor 1.0 is one."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesOrNo(serializers.BooleanField):
    """true or false; "yes" is neither."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ColumnWish(serializers.Serializer[Any]):
    """What is asked of one column of the file; what is left out stays as proposed."""

    name = Text(required=False, max_length=LABEL_CHARS)
    label = Text(required=False, max_length=LABEL_CHARS)  # type: ignore[assignment]
    type = Text(required=False)
    required = YesOrNo(required=False)  # type: ignore[assignment]
    unique = YesOrNo(required=False)


class FileLook(serializers.Serializer[Any]):
    file_id = Text()
    dialect = serializers.DictField(
        required=False,
        allow_null=True,
        default=None,
        help_text="delimiter, has_header, ...: what is not to be found out.",
    )


@extend_schema_field({"type": "string", "maxLength": 0, "nullable": True})
class NoKey(serializers.JSONField):
    """What a way of importing that takes no key takes."""


class NewImport(FileLook):
    user_id = Whole(help_text="Your own; only staff import in the name of others.")
    dataset = Text(
        default="",
        allow_blank=True,
        help_text="The title of a new dataset, or the short name of the one to append to.",
    )
    mode = serializers.ChoiceField(Import.Mode.choices, default=Import.Mode.CREATE)
    columns = ColumnWish(
        many=True,
        required=False,
        allow_null=True,
        default=None,
        help_text="One for each column of the file, in its order.",
    )
    key = NoKey(required=False, allow_null=True, default=None)

    def validate_key(self, key: Any) -> None:
        if key not in (None, ""):
            raise serializers.ValidationError("Neither create nor append takes a key.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["mode"] == Import.Mode.APPEND and not attrs["dataset"]:
            raise serializers.ValidationError({"dataset": ["Say which one to append to."]})
        return attrs


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class Rows(serializers.Field[Any, Any, Any, Any]):
    """A list of flat objects; what is in them is looked at by the import."""

    default_error_messages: ClassVar = {"invalid": "A list of objects is expected."}

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("invalid")
        return data


class InlineImport(serializers.Serializer[Any]):
    rows = Rows()
    dataset = Text(default=INLINE)


class StartedImport(serializers.Serializer[Any]):
    status = serializers.CharField()
    message = serializers.CharField()
    job_id = serializers.IntegerField()
    import_id = serializers.IntegerField()
    dataset = serializers.CharField()


class ImportedRows(serializers.Serializer[Any]):
    status = serializers.CharField()
    message = serializers.CharField()
    rows_loaded = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    dataset = serializers.CharField()


class ColumnOfFile(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    unique = serializers.BooleanField()


class DialectDetail(serializers.Serializer[Any]):
    encoding = serializers.CharField()
    has_bom = serializers.BooleanField()
    delimiter = serializers.CharField()
    quote = serializers.CharField()
    has_header = serializers.BooleanField()


class Preview(serializers.Serializer[Proposal]):
    """What a file would become; its first rows as they are written there."""

    dialect = DialectDetail()
    reasons = serializers.DictField(child=serializers.CharField())
    columns = ColumnOfFile(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    warnings = serializers.ListField(child=serializers.CharField())


class ImportDetail(serializers.ModelSerializer[Import]):
    dataset = serializers.CharField(source="dataset.slug", default=None, allow_null=True)
    file_id = serializers.CharField(source="upload_id", allow_null=True)
    filename = serializers.CharField(source="source_name")
    columns = ColumnOfFile(many=True)
    state = serializers.CharField()
    error = serializers.CharField(source="job.error")
    admin_url = serializers.SerializerMethodField(help_text="For staff; null for others.")

    class Meta:
        model = Import
        fields: ClassVar = [
            "id",
            "dataset",
            "dataset_title",
            "file_id",
            "filename",
            "mode",
            "state",
            "rows_loaded",
            "rows_refused",
            "job_id",
            "error",
            "columns",
            "created_at",
            "admin_url",
        ]

    @extend_schema_field({"type": "string", "format": "uri-reference", "nullable": True})
    def get_admin_url(self, row: Import) -> str | None:
        request = self.context.get("request")
        if row.dataset_id is None or request is None or not request.user.is_staff:
            return None
        return reverse("admin:imports_dataset_rows", args=[row.dataset_id])


class RefusedCellDetail(serializers.ModelSerializer[RefusedCell]):
    class Meta:
        model = RefusedCell
        fields: ClassVar = ["row_number", "column", "value", "kind", "reason"]
