from typing import ClassVar

from rest_framework import serializers

from apiapp.jobs.models import Job


class JobDetail(serializers.ModelSerializer[Job]):
    class Meta:
        model = Job
        fields: ClassVar = [
            "id",
            "task",
            "state",
            "done",
            "total",
            "unit",
            "message",
            "result",
            "error",
            "error_reference",
            "created_at",
            "started_at",
            "finished_at",
        ]
