"""`manage.py web`: the web server alone, for those who run each process themselves."""

import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from apiapp.http.https_only import HttpsOnly
from apiapp.management.connections import Sockets, requests_within
from apiapp.management.open_files import allow_many_files
from apiapp.management.own_certificate import ensure_own_certificate
from apiapp.management.server import Server
from apiapp.management.tls_server import TlsServer
from apiapp.monitoring import recording, refusals

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
        allow_many_files()
        application = import_string(settings.ASGI_APPLICATION)
        if settings.SERVE_HTTPS:
            application = HttpsOnly(
                application,
                allowed_hosts=settings.ALLOWED_HOSTS,
                on_refusal=refusals.count_plain_http(recording.tally),
            )
        config = uvicorn.Config(
            application,
            host=options["host"],
            port=options["port"],
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            http=requests_within(
                head_s=settings.SERVE_HEAD_S,
                on_refusal=refusals.count_unreadable(recording.tally),
            ),
            # Of uvicorn's implementations the one on `websockets`' sans-I/O core is the cheapest: 30
            # messages of 12 kB a second to each of 100 sockets took 6 % of a core, the older one 8 %.
            ws=Sockets,
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
        server = TlsServer(config, ensure_chain=chain) if settings.SERVE_HTTPS else Server(config)
        server.at_end = recording.recorder.write_last
        server.run(sockets=sockets)


def chain() -> Path:
    """Key and certificates for TLS.  Raises OSError."""
    return ensure_own_certificate(settings.ALLOWED_HOSTS).chain
