"""/metrics: for Prometheus and whatever speaks its language."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from rest_framework.request import Request

from apiapp.http.negotiation import OneForm
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.monitoring import counts, exported, figures, recording
from apiapp.monitoring.exposition import OPEN_METRICS, TEXT, written
from apiapp.monitoring.gauges import all_gauges
from apiapp.monitoring.permissions import StaffOnly


@method_decorator(never_cache, name="dispatch")
class Metrics(ApiView):
    """GET: every figure there is, of all processes.

    For METRICS_TOKEN as bearer token, for addresses in METRICS_ALLOW, and for staff.
    """

    schema = None
    scope = scopes.ADMIN
    permission_classes = [StaffOnly]
    content_negotiation_class = OneForm

    def get_authenticators(self) -> list[Any]:
        return [] if is_scraper(self.request) else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [] if is_scraper(self.request) else [*super().get_permissions()]

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        sources = [import_string(path) for path in settings.MONITORING.sources]
        families = exported.families_of_gauges(all_gauges(now=now, sources=sources))
        # What this process counted until now is told now; others write theirs every few seconds.
        recording.recorder.write()
        families += exported.families_of_requests(figures.totals())
        none_yet = dict.fromkeys(recording.counts_here(), 0)
        families += exported.families_of_counts(none_yet | counts.totals())
        is_open_metrics = "application/openmetrics-text" in request.META.get("HTTP_ACCEPT", "")
        text = written(families, is_open_metrics=is_open_metrics)
        return HttpResponse(text, content_type=OPEN_METRICS if is_open_metrics else TEXT)


def is_scraper(request: HttpRequest | Request) -> bool:
    """Whether it shows the token, or comes from an address that needs none."""
    said, token = request.META.get("HTTP_AUTHORIZATION", ""), settings.MONITORING.token
    if token and constant_time_compare(said, f"Bearer {token}"):
        return True
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False  # by a socket in the file system, say
    mapped = getattr(address, "ipv4_mapped", None)  # on a socket for both kinds of addresses
    return any((mapped or address) in network for network in settings.MONITORING.networks)
