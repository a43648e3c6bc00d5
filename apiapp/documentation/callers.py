"""How OpenAPI names the ways to say who calls."""

from typing import Any

from drf_spectacular import authentication
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "apiapp.keys.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "prefix.secret",
            "description": "An API key: staff make them in the admin, or `manage.py "
            "create_api_key` does.  Its scopes say what it may be used for.",
        }


class BasicScheme(authentication.BasicScheme):
    target_class = "apiapp.keys.authentication.BasicAuthentication"
    name = "password"

    def get_security_definition(self, auto_schema: Any) -> Any:
        described = {"description": "A user's name and password; every scope."}
        return {**super().get_security_definition(auto_schema), **described}


class SessionScheme(authentication.SessionScheme):
    target_class = "apiapp.keys.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Any:
        described = {
            "description": "The cookie of a browser that is signed in; every scope.  Methods that "
            "change something need the CSRF token in `X-CSRFToken` as well."
        }
        return {**super().get_security_definition(auto_schema), **described}
