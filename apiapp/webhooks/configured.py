"""What deliveries are made with, as the settings say: for entry points, which pass it on."""

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from apiapp.outbound import configured as outbound
from apiapp.webhooks.delivering import Means
from apiapp.webhooks.spreading import Look


def means() -> Means:
    return Means(
        client=outbound.client(),
        sealer=outbound.sealer(),
        retry_s=settings.WEBHOOKS.retry_s,
        attempt_s=settings.WEBHOOKS.attempt_s,
        clock=timezone.now,
    )


def sources() -> list[Look]:
    return [import_string(path) for path in settings.WEBHOOKS.sources]
