from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UploadsConfig(AppConfig):
    name = "apiapp.uploads"
    verbose_name = _("Uploads")

    def ready(self) -> None:
        import_module("apiapp.uploads.checks")
