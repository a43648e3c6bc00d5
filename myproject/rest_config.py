"""Settings of Django REST framework: how callers are known, and how bodies are read and written."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apiapp.keys.authentication.ApiKeyAuthentication",
        "apiapp.keys.authentication.BasicAuthentication",
        "apiapp.keys.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["apiapp.keys.rate_limits.RateLimit"],
    "DEFAULT_PARSER_CLASSES": [
        "apiapp.http.parsers.JsonParser",
        "apiapp.http.parsers.FormParser",
        "apiapp.http.parsers.MultiPartParser",
        "apiapp.http.parsers.XmlParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "apiapp.http.renderers.JsonRenderer",
        # Before XML, which browsers name as well.
        "rest_framework.renderers.BrowsableAPIRenderer",
        "apiapp.http.renderers.XmlRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apiapp.http.negotiation.Negotiation",
    "URL_FORMAT_OVERRIDE": "_format",  # `format` may be the name of a column to filter by
    "DEFAULT_PERMISSION_CLASSES": ["apiapp.keys.permissions.HasScope"],
    "EXCEPTION_HANDLER": "apiapp.problems.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "apiapp.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "apiapp.documentation.schema.ApiSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
