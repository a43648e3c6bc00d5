"""What every template has at hand, as `browser`."""

from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog


class Browser:
    """What the modules of a page need of the server; computed only where a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def address(self) -> str:
        """Under which the visitor reaches this server: `http://host:port`."""
        return f"{self._request.scheme}://{self._request.get_host()}"

    @property
    def csrf_cookie(self) -> str:
        return settings.CSRF_COOKIE_NAME

    @cached_property
    def catalog(self) -> SafeString:
        """The words of the modules as JSON, in an element that i18n.js reads."""
        words = module_catalog(get_language() or settings.LANGUAGE_CODE)
        return json_script(words, "catalog", encoder=AsWritten)


class AsWritten(DjangoJSONEncoder):
    """Characters as they are: escaped, Chinese takes twice the bytes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


def browser(request: HttpRequest) -> dict[str, Browser]:
    """A context processor (settings.TEMPLATES)."""
    return {"browser": Browser(request)}


@lru_cache
def module_catalog(language: str) -> dict[str, Any]:
    """Message -> translation, or the list of its plural forms: our own djangojs messages only."""
    view = JavaScriptCatalog()
    view.translation = DjangoTranslation(
        language, domain="djangojs", localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    return view.get_catalog()
