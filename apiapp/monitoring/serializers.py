from typing import Any

from rest_framework import serializers


class DatabaseDetail(serializers.Serializer[Any]):
    alias = serializers.CharField(help_text="`default`, or `datasets`: where imported tables live")
    kind = serializers.CharField(help_text="such as `sqlite` or `postgresql`")
    answers = serializers.BooleanField()


class WorkerDetail(serializers.Serializer[Any]):
    is_there = serializers.BooleanField(help_text="heard of within the last 10 s")
    seen_at = serializers.DateTimeField(allow_null=True, help_text="when one was heard of last")


class DiskDetail(serializers.Serializer[Any]):
    has_room = serializers.BooleanField(help_text="false: uploads are refused")
    free_bytes = serializers.IntegerField()
    total_bytes = serializers.IntegerField()
    reserved_bytes = serializers.IntegerField(help_text="what uploads always leave free")


class StatusDetail(serializers.Serializer[Any]):
    is_ready = serializers.BooleanField(help_text="databases answer and a worker is there")
    checked_at = serializers.DateTimeField()
    databases = DatabaseDetail(many=True)
    worker = WorkerDetail()
    disk = DiskDetail(help_text="of the disk that uploads are written to")
