"""`manage.py reseal_secrets`: after a new key came first, so that older ones can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apiapp.outbound import configured, services
from apiapp.outbound.errors import SecretLost


class Command(BaseCommand):
    help = "Seal what is kept sealed (of connections, calls, webhooks, gateways) by the newest key (OUTBOUND_SECRET_KEYS)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = services.reseal(sealer=configured.sealer())
        except SecretLost as error:
            raise CommandError("Some were sealed by a key that is not listed any more.") from error
        self.stdout.write(f"{count} rows were sealed anew.")
