"""How the OpenAPI document describes what it cannot see for itself."""

from typing import Any

from drf_spectacular import authentication
from drf_spectacular.extensions import OpenApiAuthenticationExtension

Endpoint = tuple[str, str, str, Any]  # path, its regular expression, method, view


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "apiapp.keys.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "prefix.secret"}


class BasicScheme(authentication.BasicScheme):
    target_class = "apiapp.keys.authentication.BasicAuthentication"
    name = "password"


class SessionScheme(authentication.SessionScheme):
    target_class = "apiapp.keys.authentication.SessionAuthentication"
    name = "session"


def with_slash_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Each path answers with and without its trailing slash; it is documented once, with it."""
    known = {path for path, *_ in endpoints}
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/" not in known]
