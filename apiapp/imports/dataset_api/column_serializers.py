from typing import Any

from rest_framework import serializers

from apiapp.imports.models import Column
from apiapp.imports.serializers import Conditions, Text, YesOrNo


class NewColumn(serializers.Serializer[Any]):
    label = Text(max_length=300)  # type: ignore[assignment]
    type = serializers.ChoiceField(Column.Type.choices)
    default = Text(
        default="",
        allow_blank=True,
        max_length=1000,
        help_text="The value of the rows that are there, as a file would have it; empty if left out.",
    )


class NewType(serializers.Serializer[Any]):
    """What a column is to be."""

    type = serializers.ChoiceField(Column.Type.choices)
    form = Text(
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=10,
        help_text="How text is read: `,.` for 1.234,56; `dmy` for 31.12.2025.",
    )
    on_refused = serializers.ChoiceField(
        [("refuse", "refuse"), ("empty", "empty")],
        default="refuse",
        help_text="Where cells will not convert: nothing is changed, or those become empty.",
    )
    dry_run = YesOrNo(default=False, help_text="Only say which cells will not convert.")


class ColumnChange(serializers.Serializer[Any]):
    """What is left out stays."""

    label = Text(max_length=300, required=False)  # type: ignore[assignment]
    required = YesOrNo(  # type: ignore[assignment]
        required=False, help_text="No row has an empty cell there."
    )
    unique = YesOrNo(required=False)
    indexed = YesOrNo(required=False)
    conditions = Conditions(required=False, help_text="For rows to come.")
