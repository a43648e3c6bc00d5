"""Where a customer may be led back to after paying: never anywhere that was not allowed before."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from apiapp.payments.errors import BadReturnUrl

DEFAULT_PORTS = {"http": 80, "https": 443}
# Browsers take some of what is left out here for a slash, or do not see it at all.
WRITTEN = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]{1,2000}")


def require_allowed(url: str, *, allowed: Sequence[str]) -> None:
    """Raises BadReturnUrl for an address that is not below one of `allowed`.

    Below is what has its scheme, host and port, and its path or one that goes on after a slash.
    """
    if not allowed:
        raise BadReturnUrl("no address to come back to is allowed here (PAYMENT_RETURN_URLS)")
    parts = parts_of(url)
    if not any(is_below(parts, parts_of(each)) for each in allowed):
        raise BadReturnUrl("this address to come back to is not one that is allowed")


def parts_of(url: str) -> SplitResult:
    """Raises BadReturnUrl for what is no plain address of the web."""
    try:
        parts = urlsplit(url)
        origin_of(parts)
    except (ValueError, KeyError) as error:
        raise BadReturnUrl("an address of the web is wanted: http or https") from error
    if not WRITTEN.fullmatch(url) or not parts.hostname or "@" in parts.netloc:
        raise BadReturnUrl("an address of the web is wanted, without a name, all of it escaped")
    if ".." in unquote(unquote(parts.path)).replace("\\", "/").split("/"):
        raise BadReturnUrl("a path has no .. in it")
    return parts


def origin_of(parts: SplitResult) -> tuple[str, str, int]:
    """Raises ValueError, KeyError."""
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return parts.scheme, parts.hostname or "", port


def is_below(parts: SplitResult, allowed: SplitResult) -> bool:
    folder = allowed.path.rstrip("/")
    is_path = parts.path in (folder, allowed.path) or parts.path.startswith(f"{folder}/")
    return is_path and origin_of(parts) == origin_of(allowed)
