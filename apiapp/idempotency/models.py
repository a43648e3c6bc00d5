import uuid

from django.db import models


class KeptAnswer(models.Model):
    """What one caller was answered under one Idempotency-Key; without a status: not yet.

    It lives in the database in which the work is done, so that both are committed together.
    """

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    work_id = models.UUIDField(default=uuid.uuid4)
    token = models.UUIDField(default=uuid.uuid4)
    claimed_until = models.DateTimeField()
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="one_answer_for_each_key")
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answers_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
