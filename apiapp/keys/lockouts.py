"""Passwords are not to be guessed: who failed too often is not listened to for a while.

django-axes counts failures of a name from an address, in the database, so that a stranger cannot
lock somebody out everywhere; the rate limit `logins` counts those of an address over all names.
"""

import math
from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from apiapp.audit import recording as audit
from apiapp.keys.errors import BadCredentials, TooManyLogins
from apiapp.keys.rate_limits import LOGINS, network_of, peek, spend_for

NAME_LENGTH = User._meta.get_field("username").max_length or 0


def client_address(request: HttpRequest) -> str | None:
    """settings.AXES_CLIENT_IP_CALLABLE: an IPv6 address counts as its network."""
    network = network_of(request.META.get("REMOTE_ADDR", ""))
    return str(network.network_address) if network else None


def client_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """settings.AXES_USERNAME_CALLABLE: no longer than the name of a user, so that it can be kept."""
    return str((credentials or {}).get("username") or "")[:NAME_LENGTH]


class LockoutHandler(AxesDatabaseHandler):
    """settings.AXES_HANDLER."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        return address_wait_s(request) > 0 or super().is_locked(request, credentials)

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Of this name from this address; kept on the request."""
        request.failed_logins = super().get_failures(request, credentials)
        return int(request.failed_logins)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        if not request.axes_locked_out:
            spend_for(remote_address=request.META.get("REMOTE_ADDR", ""), policy=LOGINS)
            audit.told_of_failed_login(request, name=client_name(request, credentials))
        super().user_login_failed(sender, credentials, request, **kwargs)

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        audit.told_of_person(audit.Kind.LOGIN, request, user)

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        super().user_logged_out(sender, request, user, **kwargs)
        if user is not None:
            audit.told_of_person(audit.Kind.LOGOUT, request, user)

    def last_failure(self, request: Any, credentials: dict[str, Any]) -> datetime | None:
        (attempts,) = self.get_user_attempts(request, credentials)
        last: datetime | None = attempts.aggregate(last=Max("attempt_time"))["last"]
        return last


def address_wait_s(request: HttpRequest) -> int:
    """Seconds until this address may fail again, under whatever name; 0: now."""
    return peek(remote_address=request.META.get("REMOTE_ADDR", ""), policy=LOGINS)


def login_wait_s(request: HttpRequest, credentials: dict[str, Any], now: datetime) -> int:
    """Seconds until a login that was refused unread is looked at again, at least 1."""
    handler = AxesProxyHandler.get_implementation()
    last = handler.last_failure(request, credentials)
    left_s = (last + settings.AXES_COOLOFF_TIME - now).total_seconds() if last else 0
    return max(1, math.ceil(left_s), address_wait_s(request))


def user_with_password(*, username: str, password: str, remote_address: str) -> User:
    """The user of this name and password.  Raises BadCredentials, TooManyLogins.

    For a login that is shown with each request: it leaves no session, and nothing of the request
    but its address is noted when it fails.
    """
    if len(username) > NAME_LENGTH or "\0" in username:  # no user has such a name
        raise BadCredentials
    request: Any = HttpRequest()
    request.META = {"REMOTE_ADDR": remote_address}
    credentials = {"username": username}
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User):
        if request.failed_logins:
            AxesProxyHandler.get_implementation().reset_user_attempts(request, credentials)
        return user
    if request.axes_locked_out:
        raise TooManyLogins(retry_after_s=login_wait_s(request, credentials, timezone.now()))
    raise BadCredentials
