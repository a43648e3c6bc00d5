"""Whether this server is well: for whoever watches it, and for its home page."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.views import ApiView
from apiapp.monitoring import readiness, services
from apiapp.monitoring.serializers import StatusDetail


@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "alive"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 once databases, a worker, Redis and the broker (where there are) are ready; else 503 naming what is not."""
    found = readiness.here().findings()
    checks = {
        each.part: {"ok": not each.problem, "ms": round(each.took_s * 1000, 1)} for each in found
    }
    missing = {each.part: each.problem for each in found if each.problem}
    if missing:
        return JsonResponse(
            {"status": "not ready", "missing": missing, "checks": checks}, status=503
        )
    return JsonResponse({"status": "ready", "checks": checks})


@method_decorator(never_cache, name="dispatch")
class StatusView(ApiView):
    """GET: web, worker, databases and disk, as the home page shows them; for any known caller."""

    @extend_schema(responses=StatusDetail)
    def get(self, request: Request) -> Response:
        found = services.status(
            now=timezone.now(),
            folder=settings.UPLOAD_FOLDER,
            reserved_bytes=settings.UPLOAD_FREE_DISK_BYTES,
        )
        return Response(StatusDetail(found).data)
