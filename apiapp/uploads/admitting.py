"""Blocking: who uploads, in the threads of the ASGI apps that receive."""

import time
from collections.abc import Callable
from threading import local as thread_local
from typing import TypeVar

from django.db import close_old_connections, connection

from apiapp.keys import rate_limits, scopes
from apiapp.keys.asgi_callers import caller_from_scope, require_scope
from apiapp.keys.callers import Caller
from apiapp.keys.permissions import SAFE_METHODS
from apiapp.uploads.exchange import Scope, headers_besides
from apiapp.uploads.places import take_place

TRUSTED_S = 5.0
WITH_BODIES = {"POST", "PUT", "PATCH"}

Result = TypeVar("Result")
local = thread_local()


def uploading_caller(scope: Scope, csrf_token: str | None = None) -> Caller:
    """The caller, who may upload.

    Raises what caller_from_scope and require_scope raise, TooManyBodies, and TooManyRequests: also
    for one who is not known, as guessing has a limit.
    """
    caller = None
    try:
        caller = caller_from_scope(scope, csrf_token=csrf_token)
    finally:
        is_safe = scope["method"] in SAFE_METHODS
        address = (scope.get("client") or ("", 0))[0]
        told = rate_limits.count(
            caller=caller, remote_address=address, policy=None, is_safe=is_safe
        )
        headers_besides(scope).update(told)
    require_scope(caller, scopes.UPLOADS)
    if scope["method"] in WITH_BODIES:
        take_place(scope, caller.user.pk)
    return caller


def count_stranger(scope: Scope) -> None:
    """Count a request that anybody may make.  Raises TooManyRequests."""
    address = (scope.get("client") or ("", 0))[0]
    told = rate_limits.count(caller=None, remote_address=address, policy=None, is_safe=True)
    headers_besides(scope).update(told)


def with_kept_connection(work: Callable[[], Result]) -> Result:
    """Do `work` in a thread of a pool that is small enough for each to keep its connection.

    To open one costs more than what is asked of it.  One that was not needed for a while may have
    been lost, and is not trusted; a pool of connections gets back what it lent.
    """
    idle_s = time.monotonic() - getattr(local, "used_at", 0.0)
    is_lent = bool(connection.settings_dict["OPTIONS"].get("pool"))
    if idle_s > TRUSTED_S or connection.errors_occurred:
        connection.close()
    try:
        return work()
    finally:
        local.used_at = time.monotonic()
        if is_lent:
            connection.close()


def with_own_connection(work: Callable[[], Result]) -> Result:
    """Do `work` in a thread of the pool, and leave its connection as the settings want it left."""
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
