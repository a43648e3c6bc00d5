"""What the OpenAPI document leaves out."""

from typing import Any

Endpoint = tuple[str, str, str, Any]  # path, its regular expression, method, view


def with_slash_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Each path answers with and without its trailing slash; it is documented once, with it."""
    known = {path for path, *_ in endpoints}
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/" not in known]
