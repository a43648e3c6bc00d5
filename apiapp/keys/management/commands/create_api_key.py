"""`manage.py create_api_key --user NAME`: print a new key, alone, on standard output."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apiapp.keys import scopes, services
from apiapp.keys.errors import KeysError


class Command(BaseCommand):
    help = "Make an API key and print it, alone, on standard output. It is shown this once."
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="whose key it is")
        parser.add_argument("--create-user", action="store_true", help="make the user if missing")
        parser.add_argument("--staff", action="store_true", help="make the user staff")
        parser.add_argument(
            "--scope",
            action="append",
            metavar="S",
            help=f"may be repeated; none: all of {', '.join(scopes.ALL_SCOPES)}",
        )
        parser.add_argument("--name", default="command line", help="what will use it")
        parser.add_argument("--expires-days", type=float, help="default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self.make_key(options))
        except KeysError as error:
            raise CommandError(str(error)) from error

    def make_key(self, options: dict[str, Any]) -> str:
        if options["create_user"] or options["staff"]:
            if not options["create_user"]:
                services.user_named(options["user"])
            owner = services.ensure_user(username=options["user"], is_staff=options["staff"])
        else:
            owner = services.user_named(options["user"])
        days = options["expires_days"]
        _, key = services.create_api_key(
            owner=owner,
            name=options["name"],
            key_scopes=options["scope"] or scopes.ALL_SCOPES,
            server_secret=settings.SECRET_KEY,
            expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
        )
        return key
