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
from apiapp.monitoring import services
from apiapp.monitoring.serializers import StatusDetail


@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "alive"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 once web, database and a worker are ready; else 503 naming what is not."""
    missing = services.missing_parts(now=timezone.now())
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ready"})


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
