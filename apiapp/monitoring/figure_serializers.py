from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from apiapp.monitoring.asking import COUNT, ORDERS

USUAL = timedelta(hours=1)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


class RangeAsked(serializers.Serializer[Any]):
    """since, until: the last hour if left out."""

    since = serializers.DateTimeField(
        required=False, help_text="an hour before `until` if left out"
    )
    until = serializers.DateTimeField(required=False, help_text="now if left out")
    route = serializers.CharField(
        required=False, max_length=200, help_text="such as `/api/jobs/{job_id}`; all if left out"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        now = timezone.now()
        until = min(attrs.get("until", now), now)
        since = attrs["since"] if "since" in attrs else max(until, EARLIEST) - USUAL
        if since >= until:
            raise serializers.ValidationError(
                {"since": "This must be before `until`, and in the past."}
            )
        if until - since > timedelta(days=settings.MONITORING.keep_days):
            raise serializers.ValidationError(
                {"since": f"At most {settings.MONITORING.keep_days:g} days are kept."}
            )
        return {"since": since, "until": until, "route": attrs.get("route")}


class RoutesAsked(RangeAsked):
    order = serializers.ChoiceField(
        list(ORDERS),
        default=COUNT,
        help_text="of the routes: most requests first, the slowest (by P99) first, "
        "or those first of which the largest share was refused or failed",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**super().validate(attrs), "order": attrs["order"]}


class SummaryDetail(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    per_s = serializers.FloatField(help_text="requests each second")
    p50_s = serializers.FloatField(
        allow_null=True, help_text="half of them took no longer, in seconds"
    )
    p90_s = serializers.FloatField(allow_null=True)
    p99_s = serializers.FloatField(allow_null=True)
    mean_s = serializers.FloatField(allow_null=True)
    rate_4xx = serializers.FloatField(help_text="share of all, 0 to 1")
    rate_5xx = serializers.FloatField(help_text="share of all, 0 to 1")
    received_bytes = serializers.IntegerField(help_text="of bodies")
    sent_bytes = serializers.IntegerField(help_text="of bodies")


class RouteDetail(SummaryDetail):
    route = serializers.CharField(help_text="its pattern; `(unknown)`: paths that are nothing here")
    method = serializers.CharField(help_text="`WEBSOCKET` for sockets")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        told = SummaryDetail(instance.summary).data
        return {**told, "route": instance.route, "method": instance.method}


class PointDetail(SummaryDetail):
    at = serializers.DateTimeField(help_text="when it begins")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        at = self.fields["at"].to_representation(instance.at)
        return {**SummaryDetail(instance.summary).data, "at": at}


class RequestsDetail(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="to the minute; of more than 6 hours to the hour")
    until = serializers.DateTimeField()
    all = SummaryDetail()
    routes = RouteDetail(many=True, help_text="in the `order` that was asked for")


class CourseDetail(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    step_s = serializers.IntegerField(help_text="length of each point; the last may be shorter")
    points = PointDetail(many=True)


class GaugeDetail(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="as in /metrics, without `sluice_`")
    help = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    value = serializers.FloatField()


class GaugesDetail(serializers.Serializer[Any]):
    checked_at = serializers.DateTimeField()
    gauges = GaugeDetail(many=True)
