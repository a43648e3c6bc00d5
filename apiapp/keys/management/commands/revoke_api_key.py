"""`manage.py revoke_api_key PREFIX`: end a key."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apiapp.keys import services
from apiapp.keys.errors import KeysError


class Command(BaseCommand):
    help = "End an API key, named by its prefix: what stands before the dot."
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", help="what stands before the dot; the admin lists them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            services.revoke(key=services.key_with(options["prefix"]), now=timezone.now())
        except KeysError as error:
            raise CommandError(str(error)) from error
