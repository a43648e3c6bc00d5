"""How DRF learns who calls: API key, name and password, or session.

Each leaves the Caller in `request.auth`.
"""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from apiapp.keys import lockouts, services
from apiapp.keys.callers import Caller, person
from apiapp.keys.errors import BadCredentials, TooManyLogins

CHALLENGE = 'Bearer realm="sluice"'


class LoginsThrottled(exceptions.APIException):
    """TooManyLogins, of the kind after which DRF takes the caller for a stranger."""

    status_code = 429

    def __init__(self, error: TooManyLogins) -> None:
        super().__init__(str(error))
        self.headers = error.headers


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer prefix.secret` (RFC 6750, section 2.1)."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        caller = caller_with_key(request.META.get("HTTP_AUTHORIZATION", ""))
        return (caller.user, caller) if caller else None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def caller_with_key(authorization: str) -> Caller | None:
    """The caller whose API key an Authorization header shows; None: it shows something else.

    Raises AuthenticationFailed.
    """
    scheme, _, raw = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return services.caller_for_key(
            raw=raw.strip(), server_secret=settings.SECRET_KEY, now=timezone.now()
        )
    except BadCredentials as error:
        raise exceptions.AuthenticationFailed(str(error)) from error


class BasicAuthentication(authentication.BasicAuthentication):
    """`Authorization: Basic` with a user's name and password (RFC 7617)."""

    www_authenticate_realm = "sluice"

    def authenticate_credentials(
        self, userid: str, password: str, request: Any = None
    ) -> tuple[Any, Any]:
        address = request.META.get("REMOTE_ADDR", "")
        try:
            user = lockouts.user_with_password(
                username=userid, password=password, remote_address=address
            )
        except BadCredentials as error:
            raise exceptions.AuthenticationFailed(str(error)) from error
        except TooManyLogins as error:
            raise LoginsThrottled(error) from error
        return user, person(user)


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        found = super().authenticate(request)
        return (found[0], person(found[0])) if found else None


def caller_of(request: Request) -> Caller:
    """The caller of an authenticated request."""
    assert isinstance(request.auth, Caller)
    return request.auth
