from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "apiapp.idempotency"
