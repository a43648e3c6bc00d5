from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apiapp.keys import lockouts, services
from apiapp.keys.errors import LinkNotValid

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_GET
def redeem_login_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the first visitor of the link in; a used or expired one gets a page that says so."""
    try:
        user = services.redeem_login_link(
            token=token, server_secret=settings.SECRET_KEY, now=timezone.now()
        )
    except LinkNotValid:
        return render(request, "login_link_not_valid.html", status=410)
    login(request, user, backend=MODEL_BACKEND)  # makes a new session: no fixation
    return redirect(settings.LOGIN_REDIRECT_URL)


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """settings.AXES_LOCKOUT_CALLABLE: what a page of login answers that listens to no password."""
    now = timezone.now()
    wait_s = lockouts.login_wait_s(request, credentials or {}, now)
    context = {"until": now + timedelta(seconds=wait_s), "page": "login"}
    locked = render(request, "login_locked.html", context, status=429)
    locked["Retry-After"] = str(wait_s)
    return locked
