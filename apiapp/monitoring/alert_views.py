"""/api/monitoring/alerts/, /api/monitoring/rules/: what is not well, what was not, and what is watched."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apiapp.http.promises import bodiless, refuses
from apiapp.http.views import ApiView
from apiapp.idempotency.decorators import idempotent
from apiapp.keys import scopes
from apiapp.keys.authentication import caller_of
from apiapp.monitoring import alerting
from apiapp.monitoring.alert_serializers import AlertDetail, AlertsAsked, RuleDetail
from apiapp.monitoring.models import Alert, AlertRule
from apiapp.monitoring.permissions import StaffOnly


class RuleList(ApiView, generics.ListAPIView[AlertRule]):
    """GET: what is watched.  POST: watch another figure."""

    scope = scopes.ADMIN
    permission_classes = [StaffOnly]
    serializer_class = RuleDetail
    queryset = AlertRule.objects.all()

    @extend_schema(request=RuleDetail, responses={201: RuleDetail})
    @idempotent()
    def post(self, request: Request) -> Response:
        wanted = RuleDetail(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = wanted.save()
        location = reverse("api-monitoring-rule", args=[row.pk], request=request)
        return Response(
            RuleDetail(row).data, status=status.HTTP_201_CREATED, headers={"Location": location}
        )


class RuleView(ApiView):
    """GET: one rule.  PATCH: change it, or switch it off.  DELETE: remove it; its alerts stay."""

    scope = scopes.ADMIN
    permission_classes = [StaffOnly]
    serializer_class = RuleDetail

    @extend_schema(responses=RuleDetail)
    def get(self, request: Request, rule_id: int) -> Response:
        return Response(RuleDetail(alerting.get_rule(rule_id)).data)

    @extend_schema(request=RuleDetail, responses=RuleDetail)
    def patch(self, request: Request, rule_id: int) -> Response:
        wanted = RuleDetail(alerting.get_rule(rule_id), data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        return Response(RuleDetail(wanted.save()).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, rule_id: int) -> Response:
        alerting.get_rule(rule_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class AlertList(ApiView, generics.ListAPIView[Alert]):
    """GET: alerts, newest first."""

    scope = scopes.ADMIN
    permission_classes = [StaffOnly]
    serializer_class = AlertDetail

    def get_queryset(self) -> QuerySet[Alert]:
        asked = AlertsAsked(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return alerting.alerts(is_open=asked.validated_data["is_open"])

    @extend_schema(parameters=[AlertsAsked])
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AlertView(ApiView):
    """GET: one alert."""

    scope = scopes.ADMIN
    permission_classes = [StaffOnly]

    @extend_schema(responses=AlertDetail)
    def get(self, request: Request, alert_id: int) -> Response:
        return Response(AlertDetail(alerting.get_alert(alert_id)).data)


class AlertAcknowledgement(ApiView):
    """POST: say that somebody knows of it.  A second time changes nothing."""

    scope = scopes.ADMIN
    permission_classes = [StaffOnly]

    @extend_schema(request=None, responses=AlertDetail)
    @bodiless
    def post(self, request: Request, alert_id: int) -> Response:
        user = caller_of(request).user
        alert = alerting.acknowledge(
            alert=alerting.get_alert(alert_id), by=user.get_username(), now=timezone.now()
        )
        return Response(AlertDetail(alert).data)
