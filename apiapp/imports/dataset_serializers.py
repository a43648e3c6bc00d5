from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apiapp.imports import feed
from apiapp.imports.models import GRANTED, Column, Dataset, DatasetEvent, DatasetGrant, Role
from apiapp.imports.serializers import Conditions, Text


class ColumnDetail(serializers.ModelSerializer[Column]):
    """conditions: those of its values that are set."""

    conditions = Conditions(read_only=True)

    class Meta:
        model = Column
        fields = ["name", "label", "type", "required", "unique", "indexed", "conditions"]


class DatasetLinks(serializers.Serializer[Dataset]):
    self = serializers.URLField()
    rows = serializers.URLField()
    history = serializers.URLField()
    permissions = serializers.URLField()


class DatasetDetail(serializers.ModelSerializer[Dataset]):
    """A dataset, of which only the title can be changed."""

    columns = ColumnDetail(many=True, read_only=True)
    key = serializers.ListField(source="key_columns", child=serializers.CharField(), read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    role = serializers.ChoiceField(
        Role.choices,
        source="callers_role",
        read_only=True,
        help_text="What you may: see, change as well, or share and delete it, too.",
    )
    links = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = [
            "slug",
            "title",
            "row_count",
            "columns",
            "key",
            "owner",
            "role",
            "created_at",
            "updated_at",
            "links",
        ]
        read_only_fields = [name for name in fields if name != "title"]

    @extend_schema_field(DatasetLinks)
    def get_links(self, dataset: Dataset) -> dict[str, Any]:
        request = self.context.get("request")
        return {
            "self": reverse("api-dataset", [dataset.slug], request=request),
            "rows": reverse("api-dataset-rows", [dataset.slug], request=request),
            "history": reverse("api-dataset-history", [dataset.slug], request=request),
            "permissions": reverse("api-dataset-permissions", [dataset.slug], request=request),
        }


class EventDetail(serializers.ModelSerializer[DatasetEvent]):
    """facts: what the kind of event needs: counts, numbers of rows, names."""

    facts = serializers.DictField(read_only=True, source="told")
    type = serializers.SerializerMethodField(help_text="As it is told to other programs.")

    class Meta:
        model = DatasetEvent
        fields = ["id", "kind", "type", "actor", "import_id", "facts", "at"]

    def get_type(self, event: DatasetEvent) -> str:
        return feed.type_of(event)


class HistoryEntry(EventDetail):
    """An event, and whether it could be taken back now by whom it is shown to."""

    undoable = serializers.BooleanField(
        source="outlook.is_possible",
        allow_null=True,
        read_only=True,
        help_text="null: there is nothing to take back, you may not, or too much came after it"
        " to be looked at.",
    )
    why_not = serializers.CharField(
        source="outlook.why_not", read_only=True, help_text="Empty where it could be taken back."
    )

    class Meta(EventDetail.Meta):
        fields = [*EventDetail.Meta.fields, "undoable", "why_not"]


class GrantDetail(serializers.ModelSerializer[DatasetGrant]):
    """With one user, or with everybody in one group; the other of the two is null."""

    user = serializers.CharField(source="user.username", default=None, read_only=True)
    group = serializers.CharField(source="group.name", default=None, read_only=True)

    class Meta:
        model = DatasetGrant
        fields = ["id", "user", "group", "role", "granted_by", "created_at"]
        read_only_fields = ["granted_by"]


class RoleGiven(serializers.Serializer[Any]):
    role = serializers.ChoiceField([(role.value, role.label) for role in GRANTED])


class NewGrant(RoleGiven):
    """One of user and group, by name."""

    user = Text(required=False, max_length=150)
    group = Text(required=False, max_length=150)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user" in attrs) == ("group" in attrs):
            raise serializers.ValidationError({"user": ["Name a user or a group, one of them."]})
        return attrs


class NewOwner(serializers.Serializer[Any]):
    user = Text(max_length=150, help_text="The name of who is to be the owner.")
