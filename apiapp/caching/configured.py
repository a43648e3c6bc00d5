"""Tiers as the settings say."""

from functools import cache

from django.conf import settings

from apiapp.caching.tiers import Shared, shared_by


@cache
def shared() -> Shared | None:
    """Of this process; None without Redis."""
    if not settings.REDIS_URL:
        return None
    return shared_by(settings.REDIS_URL, prefix=settings.CACHE_PREFIX)
