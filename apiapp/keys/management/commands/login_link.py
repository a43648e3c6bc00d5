"""`manage.py login_link`: print a new link that signs its first visitor in, alone."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apiapp.keys import services
from apiapp.keys.errors import KeysError


class Command(BaseCommand):
    help = "Print a link that signs its first visitor in; it works once and not for long."
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", help="whom it signs in; default: the first administrator")
        parser.add_argument("--host", default="localhost")
        parser.add_argument("--port", type=int, default=settings.SERVE_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            named = options["user"]
            user = services.user_named(named) if named else services.ensure_admin()
        except KeysError as error:
            raise CommandError(str(error)) from error
        token = services.create_login_link(
            user=user,
            server_secret=settings.SECRET_KEY,
            now=timezone.now(),
            expires_s=settings.LOGIN_LINK_EXPIRES_S,
        )
        scheme = "https" if settings.SERVE_HTTPS else "http"
        self.stdout.write(f"{scheme}://{options['host']}:{options['port']}/login/{token}/")
