"""Header values as text."""

from django.http import HttpRequest


def header_text(request: HttpRequest, name: str, default: str = "") -> str:
    """The value of the header `name`, read as UTF-8 where it is that.

    WSGI hands header bytes over as Latin-1 (PEP 3333); clients send UTF-8.  Bytes that are no
    UTF-8 stay the Latin-1 they may have been.
    """
    raw = request.META.get(f"HTTP_{name.upper().replace('-', '_')}")
    if raw is None:
        return default
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw
