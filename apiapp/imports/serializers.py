"""Imports as JSON: what a caller sends, and what it gets."""

from collections import Counter
from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.imports import mapping
from apiapp.imports.models import Import, RefusedCell
from apiapp.imports.pipeline.hints import Hint
from apiapp.imports.pipeline.propose import Proposal
from apiapp.imports.planning import INLINE

LABEL_CHARS = 300
OF_FILES = [each for each in Import.Mode.choices if each[0] != Import.Mode.RETYPE]


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


class Closed(serializers.Serializer[Any]):
    """An object with no other fields than these: a misspelt one is told, not passed over."""

    echoed: ClassVar[frozenset[str]] = frozenset()  # that answers have; they mean nothing here

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            known = {*self.fields, *self.echoed}
            told = f"There is no such field; known: {', '.join(self.fields)}."
            unknown = {str(name): [told] for name in data if name not in known}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class Conditions(Closed):
    """What the values of a column must be; empty cells always are."""

    pattern = Text(required=False, allow_blank=True, max_length=1000, help_text="RE2's syntax.")
    minimum = Text(required=False, allow_blank=True, max_length=100)
    maximum = Text(required=False, allow_blank=True, max_length=100)
    allowed = serializers.ListField(child=Text(max_length=1000), required=False, max_length=1000)
    references = Text(
        required=False, allow_blank=True, max_length=200, help_text="`cities.code`: a value of it."
    )


class ColumnWish(Closed):
    """What is asked of one column of the file; what is left out stays as proposed."""

    echoed = frozenset({"added"})

    name = Text(required=False, max_length=LABEL_CHARS)
    label = Text(required=False, max_length=LABEL_CHARS)  # type: ignore[assignment]
    type = Text(required=False)
    required = YesOrNo(required=False)  # type: ignore[assignment]
    unique = YesOrNo(required=False)
    conditions = Conditions(required=False)
    form = Text(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="How numbers or dates are written: `,.` for 1.234,56; `dmy` for 31.12.2025.",
    )
    skip = YesOrNo(required=False, help_text="The column is left out.")
    add = YesOrNo(required=False, help_text="The dataset that is there gets the column.")


class FileLook(serializers.Serializer[Any]):
    file_id = Text()
    dialect = serializers.DictField(
        required=False,
        allow_null=True,
        default=None,
        help_text="delimiter, has_header, ...: what is not to be found out.",
    )


class PreviewWish(FileLook):
    columns = ColumnWish(
        many=True,
        required=False,
        allow_null=True,
        default=None,
        help_text="As an import has them: `checked` says what they would refuse.",
    )


class ColumnNames(serializers.ListField):
    """Names or labels of columns; null is an empty list, one name a list of it."""

    child = Text(max_length=LABEL_CHARS)

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, str):
            data = [data] if data else []
        return super().to_internal_value(data)


class NewImport(FileLook):
    user_id = Whole(help_text="Your own; only staff import in the name of others.")
    dataset = Text(
        default="",
        allow_blank=True,
        help_text="The title of a new dataset, or the short name of the one that is there.",
    )
    mode = serializers.ChoiceField(OF_FILES, default=Import.Mode.CREATE)
    columns = ColumnWish(
        many=True,
        required=False,
        allow_null=True,
        default=None,
        help_text="One for each column of the file, in its order.",
    )
    key = ColumnNames(
        required=False,
        allow_null=True,
        default=list,
        help_text="Columns that tell the rows apart, together; becomes the dataset's key.",
    )
    insert_new = YesOrNo(default=True, help_text="Of an upsert: rows that the table lacks.")
    update_existing = YesOrNo(default=True, help_text="Of an upsert: rows that it has.")
    delete_missing = YesOrNo(default=False, help_text="Of an upsert: rows that the file lacks.")
    dry_run = YesOrNo(default=False, help_text="Only say what the import would change.")
    extra = serializers.ChoiceField(
        [mapping.REFUSE, mapping.SKIP, mapping.ADD],
        default="refuse",
        help_text="Columns of the file that the dataset lacks; `add`: it gets them.",
    )
    continues = Whole(
        required=False,
        allow_null=True,
        default=None,
        help_text="An import whose refused rows this file has, mended; mode and dataset are its.",
    )
    again = YesOrNo(default=False, help_text="Also if the dataset has this file already.")

    def validate_key(self, key: list[str] | None) -> list[str]:
        return key or []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_known = attrs["mode"] != Import.Mode.CREATE and attrs["continues"] is None
        if is_known and not attrs["dataset"]:
            raise serializers.ValidationError({"dataset": ["Say which one the file goes into."]})
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


class NotJson(serializers.Serializer[Any]):
    error = serializers.CharField()


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
    form = serializers.CharField(default="", help_text="How its numbers or dates are written.")
    conditions = Conditions(default=dict)
    added = serializers.BooleanField(
        source="is_new", default=False, help_text="The import adds it to the dataset."
    )


class DialectDetail(serializers.Serializer[Any]):
    encoding = serializers.CharField()
    has_bom = serializers.BooleanField()
    line_end = serializers.CharField(help_text="A newline where a lone CR ends no line.")
    delimiter = serializers.CharField(help_text="Empty where a line is one cell.")
    merge_delimiters = serializers.BooleanField(help_text="Several in a row count as one.")
    widths = serializers.ListField(
        child=serializers.IntegerField(), help_text="Where cells begin, in a file of fixed widths."
    )
    quote = serializers.CharField()
    escape = serializers.CharField(help_text="Empty where quotes are doubled, or a backslash.")
    skip_spaces = serializers.BooleanField(help_text="Spaces around quotes belong to no cell.")
    comment = serializers.CharField(help_text="What lines that are passed over begin with.")
    table = serializers.IntegerField(help_text="Which of several tables, from 1.")
    skip_lines = serializers.IntegerField(help_text="Before the table.")
    end_line = serializers.IntegerField(help_text="The last of the table; 0: the file's end.")
    footer_rows = serializers.IntegerField(help_text="At the end, that are no data.")
    has_header = serializers.BooleanField()
    header_rows = serializers.IntegerField(help_text="That name the columns together.")
    decimal_mark = serializers.CharField(help_text="Empty where each column's cells decide.")
    date_order = serializers.CharField(help_text="ymd, dmy, mdy, or empty likewise.")
    format = serializers.CharField()
    compression = serializers.CharField()
    member = serializers.CharField(help_text="Of a zip archive.")
    sheet = serializers.CharField(help_text="Of a workbook; of JSON the list that has the rows.")
    flatten = serializers.BooleanField(help_text="Objects in rows of JSON become columns.")


class RefusedCount(serializers.Serializer[Any]):
    """column: empty where it is the row as a whole."""

    column = serializers.CharField()
    kind = serializers.CharField()
    count = serializers.IntegerField()


class Checked(serializers.Serializer[Any]):
    """Of the beginning of a file, what a load would refuse."""

    rows = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    cells = RefusedCount(many=True)


class HintDetail(serializers.Serializer[Hint]):
    """What stands alone in a column, before anything is loaded."""

    column = serializers.CharField(help_text="Its label.")
    kind = serializers.CharField(
        help_text="`odd`: all sampled cells but those that say `value` are of `type`, a column of"
        " which would refuse them. `no_day`: days that no calendar has would be refused."
    )
    type = serializers.CharField()
    value = serializers.CharField(source="shown", help_text="Of such a cell, its beginning.")
    count = serializers.IntegerField(help_text="Of such cells among the sampled.")
    sampled = serializers.IntegerField(help_text="Cells that are not empty.")
    message = serializers.CharField()


class Preview(serializers.Serializer[Proposal]):
    """What a file would become; its first rows as they are written there."""

    dialect = DialectDetail()
    reasons = serializers.DictField(child=serializers.CharField())
    confidence = serializers.DictField(
        child=serializers.FloatField(), help_text="Of each decision that was made, from 0 to 1."
    )
    columns = ColumnOfFile(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    warnings = serializers.ListField(child=serializers.CharField())
    hints = HintDetail(many=True)
    choices = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Of `member` and `sheet`: what else could be asked for.",
    )
    checked = serializers.SerializerMethodField()

    @extend_schema_field(Checked)
    def get_checked(self, proposal: Proposal) -> dict[str, Any]:
        checked = proposal.checked
        counts = Counter((each.column, each.kind) for each in checked.refusals)
        return {
            "rows": len(proposal.beginning.rows),
            "rows_refused": checked.rows_refused,
            "cells": [
                {"column": column, "kind": kind, "count": count}
                for (column, kind), count in counts.most_common()
            ],
        }


class ImportDetail(serializers.ModelSerializer[Import]):
    dataset = serializers.CharField(source="dataset.slug", default=None, allow_null=True)
    file_id = serializers.CharField(source="upload_id", allow_null=True)
    filename = serializers.CharField(source="source_name")
    columns = ColumnOfFile(many=True)
    state = serializers.CharField()
    key = serializers.ListField(source="key_columns", child=serializers.CharField())
    dry_run = serializers.BooleanField(source="is_dry_run")
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
            "rows_inserted",
            "rows_updated",
            "rows_unchanged",
            "rows_skipped",
            "rows_deleted",
            "key",
            "dry_run",
            "continues",
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


class RefusedCounts(serializers.Serializer[Any]):
    rows_refused = serializers.IntegerField()
    cells = RefusedCount(many=True)


class FileLabels(serializers.Serializer[Any]):
    labels = serializers.ListField(
        child=Text(max_length=LABEL_CHARS, allow_blank=True, trim_whitespace=False),
        max_length=2000,
        help_text="Of the columns of a file, in its order.",
    )


class TargetDetail(serializers.Serializer[Any]):
    """Where a column of a file may go."""

    label = serializers.CharField()  # type: ignore[assignment]
    column = serializers.CharField(help_text="Its name in the dataset; empty: nowhere.")
    by = serializers.ChoiceField(
        ["name", "remembered", "similar", ""],
        help_text="`similar` is only proposed: choose it to have it.",
    )


class Mapping(serializers.Serializer[Any]):
    columns = TargetDetail(many=True)


class RefusedCellDetail(serializers.ModelSerializer[RefusedCell]):
    class Meta:
        model = RefusedCell
        fields: ClassVar = ["row_number", "column", "value", "kind", "reason"]
