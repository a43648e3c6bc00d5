"""/api/monitoring/...: how requests went, and how things are now.  For staff."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.monitoring import asking
from apiapp.monitoring.figure_serializers import (
    CourseDetail,
    GaugesDetail,
    RangeAsked,
    RequestsDetail,
    RoutesAsked,
)
from apiapp.monitoring.figures import Range
from apiapp.monitoring.gauges import all_gauges
from apiapp.monitoring.permissions import StaffOnly


@method_decorator(never_cache, name="dispatch")
class MonitoringView(ApiView):
    scope = scopes.ADMIN
    permission_classes = [StaffOnly]


class RequestFiguresView(MonitoringView):
    """GET: how many requests there were, how long they took and how many failed, by route.

    Of all processes; what the last ten seconds brought may be missing.
    """

    @extend_schema(parameters=[RoutesAsked], responses=RequestsDetail)
    @refuses(ValidationError)
    def get(self, request: Request) -> Response:
        asked = values_asked(request, RoutesAsked)
        wanted = range_asked(asked)
        of_all, routes = asking.summaries(wanted, route=asked["route"], order=asked["order"])
        told = {"since": wanted.since, "until": wanted.until, "all": of_all, "routes": routes}
        return Response(RequestsDetail(told).data)


class RequestCourseView(MonitoringView):
    """GET: the same over time, in steps of minutes or hours: at most 400, for charts."""

    @extend_schema(parameters=[RangeAsked], responses=CourseDetail)
    @refuses(ValidationError)
    def get(self, request: Request) -> Response:
        asked = values_asked(request, RangeAsked)
        wanted = range_asked(asked)
        told = {
            "since": wanted.since,
            "until": wanted.until,
            "step_s": asking.step_s(wanted),
            "points": asking.course(wanted, route=asked["route"]),
        }
        return Response(CourseDetail(told).data)


class GaugesView(MonitoringView):
    """GET: jobs, uploads, screens, databases, disk and workers as they are now."""

    @extend_schema(responses=GaugesDetail)
    def get(self, request: Request) -> Response:
        now = timezone.now()
        sources = [import_string(path) for path in settings.MONITORING.sources]
        told = {"checked_at": now, "gauges": all_gauges(now=now, sources=sources)}
        return Response(GaugesDetail(told).data)


def values_asked(request: Request, serializer: type[RangeAsked]) -> dict[str, Any]:
    """Raises ValidationError."""
    asked = serializer(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values


def range_asked(values: dict[str, Any]) -> Range:
    return asking.range_of(since=values["since"], until=values["until"], now=timezone.now())
