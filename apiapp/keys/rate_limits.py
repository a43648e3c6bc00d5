"""How often one may call: fixed windows, counted by django-ratelimit."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apiapp.keys.callers import Caller
from apiapp.keys.errors import TooManyRequests
from apiapp.keys.permissions import SAFE_METHODS
from apiapp.keys.quotas import Quota, Usage, headers_for, wait_s

IPV6_PREFIX = 64  # what one subscriber has

CALLERS, OPEN, ANONYMOUS_WRITES, LOGINS = "callers", "open", "anonymous-writes", "logins"


def spend(*, who: str, quotas: Sequence[Quota]) -> list[Usage]:
    """Count one request of `who` in each quota.  Counts are exact, however many come at once."""
    return usages_of(who=who, quotas=quotas, increment=True)


def usages_of(*, who: str, quotas: Sequence[Quota], increment: bool) -> list[Usage]:
    usages = []
    for quota in quotas:
        usage = get_usage(
            None,
            group=quota.name,
            key=lambda _group, _request: who,
            rate=(quota.count, quota.window_s),
            increment=increment,
        )
        if usage:  # None: the counters cannot be reached, and RATELIMIT_FAIL_OPEN says: let in
            usages.append(Usage(quota, usage["count"], max(0, usage["time_left"])))
    return usages


def network_of(remote_address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """What counts as one stranger: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(remote_address.partition("%")[0])
    except ValueError:  # a unix socket has none
        return None
    prefix = address.max_prefixlen if address.version == 4 else IPV6_PREFIX
    return ipaddress.ip_network(f"{address}/{prefix}", strict=False)


def address_of(remote_address: str) -> str:
    return f"address:{network_of(remote_address) or 'unknown'}"


def spend_for(*, remote_address: str, policy: str) -> None:
    """Count one event of this address, to be asked about by `peek`."""
    if settings.RATE_LIMIT_ENABLED:
        spend(who=address_of(remote_address), quotas=settings.RATE_LIMITS[policy])


def peek(*, remote_address: str, policy: str) -> int:
    """Seconds until this address has something left of `policy`; 0: it has.  Counts nothing."""
    if not settings.RATE_LIMIT_ENABLED:
        return 0
    quotas = settings.RATE_LIMITS[policy]
    usages = usages_of(who=address_of(remote_address), quotas=quotas, increment=False)
    return max((max(1, usage.reset_s) for usage in usages if not usage.remaining), default=0)


def count(
    *, caller: Caller | None, remote_address: str, policy: str | None, is_safe: bool
) -> dict[str, str]:
    """Count one request where it belongs; return the headers that say so.

    Raises TooManyRequests, which has these headers as well.
    """
    if not settings.RATE_LIMIT_ENABLED:
        return {}
    if policy is None:
        policy = CALLERS if caller else OPEN if is_safe else ANONYMOUS_WRITES
    who = caller.name if caller and policy == CALLERS else address_of(remote_address)
    usages = spend(who=who, quotas=settings.RATE_LIMITS[policy])
    headers = headers_for(usages)
    wait = wait_s(usages)
    if wait is not None:
        raise TooManyRequests(retry_after_s=wait, headers=headers)
    return headers


class RateLimit(BaseThrottle):
    """DRF's hook.  The headers are left on the request, for http.views.ApiView to send."""

    def allow_request(self, request: Request, view: Any) -> bool:
        headers: Mapping[str, str] = count(
            caller=request.auth if isinstance(request.auth, Caller) else None,
            remote_address=request.META.get("REMOTE_ADDR", ""),
            policy=getattr(view, "rate_policy", None),
            is_safe=request.method in SAFE_METHODS,
        )
        request._request.rate_limit_headers = headers  # type: ignore[attr-defined]
        return True
