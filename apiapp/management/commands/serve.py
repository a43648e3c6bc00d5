"""`manage.py serve`: everything, in one terminal."""

import http.client
import io
import logging
import os
import platform
import socket
import ssl
import sys
import time
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apiapp.http.certificates import Issued, fingerprint_of
from apiapp.keys import services as keys
from apiapp.management.addresses import (
    EVERY_ADDRESS,
    THIS_MACHINE,
    addresses_of,
    names_of_machine,
    url,
)
from apiapp.management.own_certificate import AUTHORITY, ensure_own_certificate
from apiapp.management.supervisor import ON_WINDOWS, Child, Supervisor

BACKLOG = 2048
ASKING_S = 0.5  # how long one question for readiness may take: meanwhile nothing else is seen to
MANAGE = settings.BASE_DIR / "manage.py"
# glibc gives threads heaps of their own, eight for each core, and a picture's memory stays in the
# heap of the thread that asked for it: the web server would grow by a third in its first minutes.
HEAPS = {"MALLOC_ARENA_MAX": "2"} if platform.libc_ver()[0] == "glibc" else {}


class Command(BaseCommand):
    help = "Start the web server and the worker, and print a link that signs you in."
    requires_migrations_checks = False
    requires_system_checks = settings.CHECKS_AT_START

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", help="default: 127.0.0.1, or every address with LAN=1")
        parser.add_argument("--port", type=int, default=settings.SERVE_PORT)
        parser.add_argument(
            "--share",
            action="store_true",
            default=settings.SERVE_SHARE,
            help="print a link by which others watch this machine's screen",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host = options["host"] or (EVERY_ADDRESS if settings.SERVE_LAN else THIS_MACHINE)
        listener = listen(host, options["port"])
        port = listener.getsockname()[1]
        call_command("migrate", verbosity=0)
        addresses = addresses_of(host)
        environment = child_environment(port=port, addresses=addresses)
        if settings.SERVE_HTTPS:
            self.issue(environment["ALLOWED_HOSTS"].split(","))
        children = [
            Child("web server", *web_command(listener, host, port, environment)),
            Child("worker", [sys.executable, str(MANAGE), "worker"], environment),
        ]
        greeting = Greeting(self, addresses=addresses, port=port, shares=options["share"])
        took_s = Supervisor(children, say=self.say).run(on_tick=greeting.give_once_ready)
        self.say(f"Stopped, {took_s:.1f} s after it was asked to.")
        leave()

    def issue(self, names: list[str]) -> None:
        """Make the certificate now: what is wrong with it is to be said here, and once."""
        try:
            issued: Issued = ensure_own_certificate(names)
        except OSError as error:
            raise CommandError(f"The certificate for HTTPS cannot be kept: {error}.") from error
        if issued.left_out:
            self.say(
                f"\n  The certificate is not valid for {', '.join(issued.left_out)}: the authority "
                f"was made before that name was known.\n  Delete {issued.chain.parent} to make a "
                "new one, which devices have to trust again."
            )

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


class Greeting:
    """Says where the server is, once it is ready."""

    TOO_LONG_S = 20.0

    def __init__(self, command: Command, *, addresses: list[str], port: int, shares: bool) -> None:
        self._command = command
        self._addresses = addresses
        self._port = port
        self._shares = shares
        self._started_at = time.monotonic()
        self._is_given = False

    def give_once_ready(self) -> None:
        if self._is_given:
            return
        took_s = time.monotonic() - self._started_at
        if is_ready(self._port) or took_s > self.TOO_LONG_S:
            self._is_given = True
            self._give()

    def _give(self) -> None:
        token = keys.create_login_link(
            user=keys.ensure_admin(),
            server_secret=settings.SECRET_KEY,
            now=timezone.now(),
            expires_s=settings.LOGIN_LINK_EXPIRES_S,
        )
        say = self._command.say
        scheme = "https" if settings.SERVE_HTTPS else "http"
        first, *others = (url(address, self._port, scheme=scheme) for address in self._addresses)
        say(f"\n  Sluice is at   {first}")
        for other in others:
            say(f"  on the network {other}")
        say(f"  sign in once   {first}login/{token}/")
        if settings.SERVE_HTTPS:
            self._say_how_to_trust()
        if self._shares:
            self._share()
        else:
            say(
                f"\n  This screen is at {first}screens/main/ and not shared: SHARE=1 prints a link."
            )
        say(f"\n  State is kept in {settings.SLUICE_HOME}.  Ctrl-C stops the server.\n")

    def _share(self) -> None:
        """Print a link to this machine's screen, and its QR code: a phone comes by the network."""
        link, code = io.StringIO(), io.StringIO()
        call_command(
            "create_screen_link",
            "main",
            host=self._handiest,
            port=self._port,
            note="printed at the start",
            qr=True,
            stdout=link,
            stderr=code,
        )
        self._command.say(f"\n  watch by       {link.getvalue()}\n{code.getvalue()}")

    @property
    def _handiest(self) -> str:
        """For others, if they can come at all."""
        return self._addresses[min(1, len(self._addresses) - 1)]

    def _say_how_to_trust(self) -> None:
        """Devices come by plain HTTP at first, as browsers warn of https until they trust it."""
        page = f"{url(self._handiest, self._port)}https/"
        self._command.say(
            f"\n  Browsers warn until a device trusts this server's certificates, once: {page}"
            f"\n  The SHA-256 fingerprint of its authority is\n  {fingerprint_of(AUTHORITY)}"
        )


def leave() -> NoReturn:
    """End this process without tidying up all of Django, which takes longer than the rest where the
    machine is busy: the children have ended, and nothing is left to be written."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.  Raises CommandError with what to do when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if not ON_WINDOWS:  # there it would let two servers have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise CommandError(
            f"Cannot listen on {host} port {port}: {error}.\n"
            f"Something else may be using it; choose another: make run PORT={port + 1}"
        ) from error
    return listener


def web_command(
    listener: socket.socket, host: str, port: int, environment: dict[str, str]
) -> tuple[list[str], dict[str, str], list[int]]:
    """Command, environment and inherited descriptors of the web server."""
    command = [sys.executable, str(MANAGE), "web"]
    if ON_WINDOWS:  # sockets are not inherited there
        listener.close()
        return [*command, "--host", host, "--port", str(port)], environment, []
    return [*command, "--fd", str(listener.fileno())], environment, [listener.fileno()]


def child_environment(*, port: int, addresses: list[str]) -> dict[str, str]:
    """This process's environment, with what the children must agree on.

    The cookies carry the port: browsers share them between all ports of a host.
    """
    is_on_network = len(addresses) > 1
    names = {*settings.ALLOWED_HOSTS, *addresses, *(names_of_machine() if is_on_network else ())}
    environment = (
        HEAPS
        | settings.ENVIRONMENT
        | {
            "SLUICE_HOME": str(settings.SLUICE_HOME),
            "ALLOWED_HOSTS": ",".join(sorted(names)),
        }
    )
    # Of a name that was set over HTTPS, browsers take no other cookie over plain HTTP.
    kind = f"{port}_secure" if settings.SERVE_HTTPS else f"{port}"
    environment.setdefault("SESSION_COOKIE_NAME", f"sluice_session_{kind}")
    environment.setdefault("CSRF_COOKIE_NAME", f"sluice_csrf_{kind}")
    return environment


def is_ready(port: int) -> bool:
    connection = connection_to(port)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def connection_to(port: int) -> http.client.HTTPConnection:
    if not settings.SERVE_HTTPS:
        return http.client.HTTPConnection(THIS_MACHINE, port, timeout=ASKING_S)
    trusting = ssl.create_default_context(cafile=AUTHORITY)
    return http.client.HTTPSConnection(THIS_MACHINE, port, timeout=ASKING_S, context=trusting)
