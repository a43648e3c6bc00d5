from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apiapp.imports.models import Column, Dataset


class ColumnDetail(serializers.ModelSerializer[Column]):
    class Meta:
        model = Column
        fields = ["name", "label", "type", "required", "unique"]


class DatasetLinks(serializers.Serializer[Dataset]):
    self = serializers.URLField()
    rows = serializers.URLField()


class DatasetDetail(serializers.ModelSerializer[Dataset]):
    """A dataset, of which only the title can be changed."""

    columns = ColumnDetail(many=True, read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = [
            "slug",
            "title",
            "row_count",
            "columns",
            "owner",
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
        }
