"""Async: interim answers (RFC 9110, section 15.2), where client and server can.

ASGI knows none but 103.  A server that can send others shows it as `scope["connection"]`
(management/connections.py).
"""

from collections.abc import Mapping

from apiapp.uploads import resumable
from apiapp.uploads.exchange import Scope, field, header

# Proxies add these, and some take whatever is not 100 or 103 for the answer itself.
BY_PROXIES = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip")


class Interim:
    """What one request is told before its answer."""

    def __init__(self, scope: Scope) -> None:
        self._connection = scope.get("connection")
        self.is_possible = (
            self._connection is not None
            and scope["http_version"] == "1.1"
            and resumable.understands_interim(field(scope, b"upload-draft-interop-version"))
            and not any(header(scope, name) for name in BY_PROXIES)
        )

    def tell(self, status: int, phrase: str, headers: Mapping[str, str]) -> None:
        """Before the answer has begun; nothing where that cannot be."""
        if self.is_possible and self._connection:
            self._connection.tell_interim(status, phrase, headers)
