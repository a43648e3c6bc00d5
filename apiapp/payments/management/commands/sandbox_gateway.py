"""`manage.py sandbox_gateway`: a payment gateway to try payments with, and the rows that use it."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apiapp import signing
from apiapp.outbound import configured
from apiapp.payments import services
from apiapp.payments.sandbox.gateway import Behaviour, Gateway
from apiapp.payments.sandbox.server import SandboxServer
from apiapp.payments.sandbox.store import Store

STORE = "sandbox_gateway.sqlite3"


class Command(BaseCommand):
    help = "Start a payment gateway that moves no money; new payments are charged there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8099, help="0: any")
        parser.add_argument(
            "--callback-url",
            default="http://localhost:8000/api/payments/callback/",
            help="where to tell of charges; empty: nowhere",
        )
        parser.add_argument("--slow-s", type=float, default=0.0, help="before each answer")
        parser.add_argument("--fail", type=int, default=0, help="so many requests, with 503")
        parser.add_argument("--lose", type=int, default=0, help="so many answers, after charging")
        parser.add_argument("--twice", action="store_true", help="each callback")
        parser.add_argument("--silent", action="store_true", help="no callbacks")

    def handle(self, *args: Any, **options: Any) -> None:
        if others := services.other_gateways_in_use():
            raise CommandError(
                f"Payments are charged at {', '.join(others)}: take that out of use first."
            )
        api_key = secrets.token_urlsafe(24)
        signing_secret = signing.new_secret()
        store = Store(settings.SLUICE_HOME / STORE)
        behaviour = Behaviour(
            **{name: options[name] for name in ("slow_s", "fail", "lose", "twice", "silent")}
        )
        gateway = Gateway(store, "", signing_secret, options["callback_url"], behaviour)
        with SandboxServer(("127.0.0.1", options["port"]), gateway, api_key) as server:
            gateway.url = f"http://127.0.0.1:{server.server_port}"
            services.set_up_sandbox(
                base_url=gateway.url,
                api_key=api_key,
                signing_secret=signing_secret,
                sealer=configured.sealer(),
            )
            self.stdout.write(f"The sandbox gateway is at {gateway.url} - Ctrl-C ends it.")
            self.stdout.write(f"Its key for PUT /behaviour: {api_key}")
            self.stdout.flush()
            self._serve(server)
        store.close()

    def _serve(self, server: SandboxServer) -> None:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("It has ended.")
