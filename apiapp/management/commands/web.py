"""`manage.py web`: the web server alone, for those who run each process themselves."""

import socket
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from apiapp.management.heads import HeadsWithinBounds

GRACEFUL_STOP_S = 2
KEEP_ALIVE_S = 75


class Command(BaseCommand):
    help = "Start the web server alone; `manage.py serve` starts it together with a worker."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.SERVE_PORT)
        parser.add_argument("--fd", type=int, help="a listening socket that was inherited")

    def handle(self, *args: Any, **options: Any) -> None:
        config = uvicorn.Config(
            settings.ASGI_APPLICATION.replace(".application", ":application"),
            host=options["host"],
            port=options["port"],
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            http=HeadsWithinBounds,
            ws_per_message_deflate=False,
            ws_max_size=settings.WEBSOCKET_MAX_BYTES,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACEFUL_STOP_S,
            server_header=False,
            proxy_headers=bool(settings.FORWARDED_ALLOW_IPS),
            forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
        )
        inherited = options["fd"]
        sockets = None if inherited is None else [socket.socket(fileno=inherited)]
        uvicorn.Server(config).run(sockets=sockets)
