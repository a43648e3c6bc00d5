from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apiapp.outbound.client.guard import target_of
from apiapp.outbound.errors import TargetRefused
from apiapp.webhooks.event_types import ALL_TYPES, TYPES, VERSION
from apiapp.webhooks.models import Attempt, Delivery, Received, Source, Subscription
from apiapp.webhooks.spreading import message_of

DAY_S = 24 * 3600
FOR_STAFF = ("everybody", "allow_private")


MESSAGE = {
    "type": "object",
    "description": "The body of the request that a subscription gets. Fields may be added.",
    "required": ["id", "type", "version", "timestamp", "data"],
    "properties": {
        "id": {
            "type": "string",
            "description": "As webhook-id: the same however often it is sent.",
        },
        "type": {"type": "string", "enum": ALL_TYPES},
        "version": {"type": "integer", "description": f"Of this shape: {VERSION}."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "data": {"type": "object", "additionalProperties": {}, "description": "By its type."},
    },
}


class SubscriptionDetail(serializers.ModelSerializer[Subscription]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    events = serializers.MultipleChoiceField(
        choices=list(TYPES), required=False, default=set, help_text="None: all of them."
    )
    paused = serializers.ChoiceField(
        choices=[value for value in Subscription.Paused.values if value],
        read_only=True,
        allow_null=True,
        help_text="Why nothing is sent: by_hand, gone (it answered 410), dead (a day of failures).",
    )

    class Meta:
        model = Subscription
        fields: ClassVar = [
            "id",
            "owner",
            "url",
            "description",
            "events",
            "everybody",
            "allow_private",
            "paused",
            "paused_at",
            "delivered_at",
            "former_secret_until",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar = ["created_at", "updated_at"]

    def validate_url(self, url: str) -> str:
        try:
            target_of(url)
        except TargetRefused as error:
            raise serializers.ValidationError(str(error)) from error
        return url

    def validate_events(self, events: Sequence[str]) -> list[str]:
        return sorted(events)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """What others own, and private networks, are for staff to allow."""
        for name in FOR_STAFF:
            was = bool(self.instance and getattr(self.instance, name))
            if values.get(name) and not was and not self.context["by_staff"]:
                raise serializers.ValidationError({name: ["only staff may allow this"]})
        return values

    def to_representation(self, row: Subscription) -> dict[str, Any]:
        shown = super().to_representation(row)
        return {**shown, "events": sorted(row.events), "paused": row.paused or None}


class Secrets(serializers.Serializer[Any]):
    """By which messages are signed now: the newest first, and one that is about to go."""

    secrets = serializers.ListField(child=serializers.CharField())


class RotationWish(serializers.Serializer[Any]):
    grace_s = serializers.IntegerField(
        default=DAY_S,
        min_value=0,
        max_value=7 * DAY_S,
        help_text="For how long the former secret signs, too.",
    )


class FailedReplayWish(serializers.Serializer[Any]):
    since = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Of what was to be told since then; left out: of all that is kept.",
    )


class Replayed(serializers.Serializer[Any]):
    replayed = serializers.IntegerField(help_text="How many messages are sent again.")
    left = serializers.IntegerField(help_text="How many are not yet: ask again for them.")


class AttemptDetail(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields: ClassVar = ["at", "status", "error", "answer", "duration_s"]


class DeliverySummary(serializers.ModelSerializer[Delivery]):
    owner = serializers.CharField(source="subscription.owner.username", read_only=True)
    event_id = serializers.CharField(source="event.uid", read_only=True)
    type = serializers.ChoiceField(ALL_TYPES, source="event.type", read_only=True)
    attempts = serializers.IntegerField(source="attempt_count", read_only=True)

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id",
            "owner",
            "subscription",
            "event_id",
            "type",
            "state",
            "attempts",
            "status",
            "error",
            "due_at",
            "replay_of",
            "created_at",
            "ended_at",
        ]


class DeliveryDetail(DeliverySummary):
    """With what is sent, and what came of each attempt."""

    message = serializers.SerializerMethodField()
    attempt_log = AttemptDetail(source="attempts", many=True, read_only=True)

    class Meta(DeliverySummary.Meta):
        fields: ClassVar = [*DeliverySummary.Meta.fields, "message", "attempt_log"]

    @extend_schema_field(MESSAGE)
    def get_message(self, row: Delivery) -> dict[str, Any]:
        return message_of(row.event)


class SourceDetail(serializers.ModelSerializer[Source]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    secret = serializers.CharField(
        write_only=True,
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="That the other side signs with; none: a new one. Sealed.",
    )

    class Meta:
        model = Source
        fields: ClassVar = ["owner", "name", "secret", "created_at"]
        read_only_fields: ClassVar = ["created_at"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}


class ReceivedDetail(serializers.ModelSerializer[Received]):
    owner = serializers.CharField(source="source.owner.username", read_only=True)
    source = serializers.CharField(  # type: ignore[assignment] # the name is the API's
        source="source.name", read_only=True
    )
    content = serializers.CharField(read_only=True, help_text="The JSON, to the letter.")

    class Meta:
        model = Received
        fields: ClassVar = ["id", "owner", "source", "message_id", "content", "at"]


class Accepted(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["accepted", "duplicate"])
