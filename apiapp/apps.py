from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "apiapp"
    verbose_name = "Sluice"
