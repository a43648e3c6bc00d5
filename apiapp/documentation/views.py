"""/openapi.json, /api/schema/, /docs and /redoc: open to everybody.

/openapi.json has the datasets of who asks for it, too; /api/schema/ is the same for everybody.
"""

from functools import cache
from pathlib import Path
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.generic import TemplateView
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.settings import api_settings

from apiapp.documentation.dataset_views import json_answer
from apiapp.documentation.documents import document, document_for
from apiapp.http.conditional import described, etag_of
from apiapp.http.negotiation import OneForm
from apiapp.http.views import ApiView
from apiapp.keys import scopes
from apiapp.keys.callers import Caller

REDOC_SCRIPT = "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js"
REDOC_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"
KEPT_S = 300  # as long as the other scripts, see WHITENOISE_MAX_AGE


@cache
def written(renderer: type[Any]) -> bytes:
    """By the class of a renderer, which writes it once."""
    return bytes(renderer().render(document()))


class OpenApi(ApiView):
    """The OpenAPI document, as JSON or YAML by Accept."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]
    rate_policy = "open"
    schema = None
    renderer_classes: Any = [
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer2,
        OpenApiYamlRenderer,
    ]

    def get(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        kind: Any = type(renderer)
        return HttpResponse(
            written(kind),
            content_type=renderer.media_type,
            headers=described(etag_of(document())),
        )


class OpenApiJson(OpenApi):
    """With the typed schemas of the datasets that the caller sees; a stranger sees none."""

    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    renderer_classes = [OpenApiJsonRenderer2]
    content_negotiation_class = OneForm

    def get(self, request: Request) -> HttpResponse:
        if not isinstance(request.auth, Caller) or not request.auth.may(scopes.DATASETS_READ):
            return super().get(request)
        return json_answer(document_for(request.auth))


@method_decorator(ensure_csrf_cookie, name="dispatch")
class SwaggerPage(TemplateView):
    """Swagger UI, from which requests can be sent: as the browser is signed in, or with a key."""

    template_name = "docs/swagger.html"
    extra_context = {"page": "docs"}


class RedocPage(TemplateView):
    """ReDoc, to read.  It writes its styles as elements, and looks for words in a worker."""

    template_name = "docs/redoc.html"
    extra_context = {"page": "redoc"}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        policy = build_policy(
            config={
                **settings.CONTENT_SECURITY_POLICY["DIRECTIVES"],
                "style-src": ["'self'", "'unsafe-inline'"],
                "worker-src": ["'self'", "blob:"],
            }
        )
        context = self.get_context_data(**kwargs)
        return self.render_to_response(context, headers={"Content-Security-Policy": policy})


@cache
def local_redoc() -> str:
    """ReDoc's script with our picture in place of one that it would fetch from its makers."""
    path = finders.find(REDOC_SCRIPT)
    assert isinstance(path, str)
    return Path(path).read_text(encoding="utf-8").replace(REDOC_LOGO, static("favicon.svg"))


@cache_control(public=True, max_age=KEPT_S)
def redoc_script(request: HttpRequest) -> HttpResponse:
    return HttpResponse(local_redoc(), content_type="text/javascript; charset=utf-8")


openapi = OpenApi.as_view()
openapi_json = OpenApiJson.as_view()
swagger = SwaggerPage.as_view()
redoc = RedocPage.as_view()
