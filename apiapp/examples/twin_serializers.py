"""The rows behind `/api/v1/` as JSON, and what their lists can be filtered by."""

import math
from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.examples.models import LARGEST_ID, ExampleUser, Item, Post, Resource

NAME_CHARS = 200
TEXT_CHARS = 100_000
ROW = ("owner", "created_at", "updated_at")


class Name(serializers.RegexField):
    """A text of which something is to be seen; spaces around it are cut off."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[^\x00]*[^\s\x00][^\x00]*$", **options)


# In an allOf: drf-spectacular would add a second form for empty texts, which the pattern has already.
TEXT = {"type": "string", "pattern": r"^[^\x00]*$", "maxLength": TEXT_CHARS}


@extend_schema_field({"allOf": [TEXT]})
class Text(serializers.CharField):
    """Any text, kept as it was sent."""

    def __init__(self, *, max_length: int = TEXT_CHARS, **options: Any) -> None:
        kept: dict[str, Any] = {"allow_blank": True, "trim_whitespace": False}
        super().__init__(max_length=max_length, **kept, **options)


class RowDetail(serializers.ModelSerializer[Any]):
    """owner: the user name; null: open, it came with the server or through an open example."""

    owner = serializers.CharField(source="owner.username", read_only=True, allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown.setdefault("owner", None)
        return shown


class ExampleUserDetail(RowDetail):
    name = Name(max_length=NAME_CHARS)

    class Meta:
        model = ExampleUser
        fields = ("id", "name", "age", *ROW)


class PostDetail(RowDetail):
    title = Text()
    content = Text(default="")

    class Meta:
        model = Post
        fields = ("id", "title", "content", *ROW)


class ItemDetail(RowDetail):
    name = Text()
    description = Text(default="")

    class Meta:
        model = Item
        fields = ("id", "name", "description", *ROW)
        read_only_fields: tuple[str, ...] = ("id",)


class NewItem(ItemDetail):
    id = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)

    class Meta(ItemDetail.Meta):
        read_only_fields = ()


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ObjectField(serializers.JSONField):
    """A JSON object that every database can hold."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("This must be an object.")
        if not all(is_storable(part) for part in parts_of(value)):
            raise serializers.ValidationError("This holds a character or number that is none.")
        return value


def parts_of(value: dict[str, Any]) -> Iterator[Any]:
    """Every name and every value that is no list or object, however deep."""
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        else:
            yield part


def is_storable(part: Any) -> bool:
    """PostgreSQL holds no NUL and no infinity; half a surrogate pair is no character."""
    if isinstance(part, float):
        return math.isfinite(part)
    if not isinstance(part, str):
        return True
    return "\0" not in part and not any("\ud800" <= character <= "\udfff" for character in part)


class ResourceDetail(RowDetail):
    data = ObjectField(default=dict)  # type: ignore[assignment]

    class Meta:
        model = Resource
        fields = ("id", "data", *ROW)
        read_only_fields: tuple[str, ...] = ("id",)


class NewResource(ResourceDetail):
    id = serializers.RegexField(r"^[^/\x00]+$", max_length=200, trim_whitespace=False)

    class Meta(ResourceDetail.Meta):
        read_only_fields = ()


class Filters(serializers.Serializer[Any]):
    """search: text that one of the kind's texts contains.  Any other is an equal value."""

    search = Text(required=False, max_length=NAME_CHARS)


class UserFilters(Filters):
    name = Text(required=False, max_length=NAME_CHARS)
    age = serializers.IntegerField(required=False)


class PostFilters(Filters):
    title = Text(required=False, max_length=NAME_CHARS)


class ItemFilters(Filters):
    name = Text(required=False, max_length=NAME_CHARS)


class ResourceFilters(Filters):
    id = Text(required=False, max_length=NAME_CHARS)
