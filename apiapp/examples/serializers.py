"""What the open examples read; texts are kept as they were sent."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

# What is told of a header that was not sent.
NO_USER_AGENT, NO_AUTHORIZATION, NO_CUSTOM_HEADER = "未知", "无授权", "无自定义头"
TEXT = {"oneOf": [{"type": "string", "pattern": r"^[^\x00]*$"}, {"type": "number"}]}


@extend_schema_field(TEXT)
class Text(serializers.CharField):
    """Any text, spaces around it and none at all included; a number becomes its text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, trim_whitespace=False, **options)


class PostSent(serializers.Serializer[Any]):
    title = Text(default="默认标题")
    content = Text(default="默认内容")


class ItemSent(serializers.Serializer[Any]):
    name = Text(default="默认名称")
    description = Text(default="默认描述")


class ResourcePosted(serializers.Serializer[Any]):
    key = Text()


class ResourcePut(serializers.Serializer[Any]):
    field = Text()


class FormSent(serializers.Serializer[Any]):
    username = Text(required=False)
    password = Text(required=False, write_only=True)


class UserSeen(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    name = serializers.CharField()
    user_agent = serializers.CharField()


class PostSeen(serializers.Serializer[Any]):
    title = serializers.CharField()
    content = serializers.CharField()
    authorization = serializers.CharField()


class ItemSeen(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    custom_header = serializers.CharField()


class Deleted(serializers.Serializer[Any]):
    deleted = serializers.BooleanField()
    authorization = serializers.CharField()


class Told(serializers.Serializer[Any]):
    """`{"message"}`, of what was refused."""

    message = serializers.CharField()


class StatusTold(serializers.Serializer[Any]):
    """`{"status", "message"}`."""

    status = serializers.ChoiceField(choices=["success", "error"])
    message = serializers.CharField()


class ResourceShown(serializers.Serializer[Any]):
    method = serializers.CharField()
    resource_id = serializers.CharField()
    detail = serializers.CharField()


class ResourceStored(serializers.Serializer[Any]):
    method = serializers.CharField()
    resource_id = serializers.CharField()
    data = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


class ResourceDeleted(serializers.Serializer[Any]):
    method = serializers.CharField()
    resource_id = serializers.CharField()
    confirm = serializers.BooleanField()


class UserListed(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    age = serializers.IntegerField()


class Pair(serializers.Serializer[Any]):
    key = serializers.CharField()


class Refused(serializers.Serializer[Any]):
    """Why the request cannot be answered."""

    detail = serializers.CharField()


class Broken(serializers.Serializer[Any]):
    """Something went wrong here; the log has it under the answer's X-Request-Id."""

    error = serializers.CharField()
