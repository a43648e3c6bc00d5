"""settings.SCREEN_CALLERS: what screens have to know of those who call, and apiapp knows."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from apiapp.keys import scopes
from apiapp.keys.models import ApiKey
from apiapp.keys.rate_limits import LOGINS, peek, spend_for
from apiapp.keys.services import ensure_admin


class Callers:
    """See streaming.configured.Callers."""

    def owner_of_main(self) -> User:
        return ensure_admin()

    def standing(self, names: Collection[str], *, now: datetime) -> dict[str, bool]:
        return standing_users(names) | standing_keys(names, now=now)

    def guess_wait_s(self, address: str) -> int:
        return peek(remote_address=address, policy=LOGINS)

    def guessed(self, address: str) -> None:
        """It counts as a wrong password does."""
        spend_for(remote_address=address, policy=LOGINS)


def ids_of(names: Collection[str], kind: str) -> list[str]:
    """Caller.name is `user:<pk>` or `key:<prefix>`."""
    return [name.removeprefix(kind) for name in names if name.startswith(kind)]


def standing_users(names: Collection[str]) -> dict[str, bool]:
    ids = ids_of(names, "user:")
    if not ids:
        return {}
    active = User.objects.filter(pk__in=ids, is_active=True).values_list("pk", "is_staff")
    return {f"user:{pk}": is_staff for pk, is_staff in active}


def standing_keys(names: Collection[str], *, now: datetime) -> dict[str, bool]:
    prefixes = ids_of(names, "key:")
    if not prefixes:
        return {}
    not_expired = Q(expires_at=None) | Q(expires_at__gt=now)
    keys = ApiKey.objects.filter(
        not_expired, prefix__in=prefixes, revoked_at=None, owner__is_active=True
    ).values_list("prefix", "scopes", "owner__is_staff")
    return {
        f"key:{prefix}": is_staff
        for prefix, its_scopes, is_staff in keys
        if scopes.SCREENS in its_scopes
    }


callers = Callers()
