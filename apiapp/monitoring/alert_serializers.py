import math
from typing import Any

from rest_framework import serializers

from apiapp.monitoring.alert_figures import OF_REQUESTS
from apiapp.monitoring.models import Alert, AlertRule


class RuleDetail(serializers.ModelSerializer[AlertRule]):
    class Meta:
        model = AlertRule
        fields = ("id", "figure", "route", "threshold", "for_s", "is_on")

    def validate_threshold(self, value: float) -> float:
        if not math.isfinite(value):
            raise serializers.ValidationError("A finite number is wanted.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        figure = attrs.get("figure") or getattr(self.instance, "figure", "")
        route = attrs.get("route", getattr(self.instance, "route", ""))
        if route and figure not in OF_REQUESTS:
            raise serializers.ValidationError({"route": "This figure has no routes."})
        return attrs


class AlertDetail(serializers.ModelSerializer[Alert]):
    is_open = serializers.SerializerMethodField(help_text="it has not resolved")

    class Meta:
        model = Alert
        fields = read_only_fields = (
            *("id", "rule", "figure", "route", "threshold", "value", "is_open"),
            *("fired_at", "resolved_at", "acknowledged_at", "acknowledged_by"),
        )

    def get_is_open(self, alert: Alert) -> bool:
        return alert.resolved_at is None


class AlertsAsked(serializers.Serializer[Any]):
    is_open = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="only those that have not resolved"
    )
