"""`manage.py serve`: everything, in one terminal."""

import http.client
import socket
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apiapp.keys import services as keys
from apiapp.management.supervisor import ON_WINDOWS, Child, Supervisor

EVERY_ADDRESS = "0.0.0.0"  # nosec B104 # only when asked by LAN=1
THIS_MACHINE = "127.0.0.1"
BACKLOG = 2048
ASKING_S = 0.5  # how long one question for readiness may take: meanwhile nothing else is seen to
MANAGE = settings.BASE_DIR / "manage.py"


class Command(BaseCommand):
    help = "Start the web server and the worker, and print a link that signs you in."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", help="default: 127.0.0.1, or every address with LAN=1")
        parser.add_argument("--port", type=int, default=settings.SERVE_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        host = options["host"] or (EVERY_ADDRESS if settings.SERVE_LAN else THIS_MACHINE)
        listener = listen(host, options["port"])
        port = listener.getsockname()[1]
        call_command("migrate", verbosity=0)
        addresses = addresses_of(host)
        environment = child_environment(port=port, addresses=addresses)
        children = [
            Child("web server", *web_command(listener, host, port, environment)),
            Child("worker", [sys.executable, str(MANAGE), "worker"], environment),
        ]
        greeting = Greeting(self, addresses=addresses, port=port)
        Supervisor(children, say=self.say).run(on_tick=greeting.give_once_ready)
        self.say("Stopped.")

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


class Greeting:
    """Says where the server is, once it is ready."""

    TOO_LONG_S = 20.0

    def __init__(self, command: Command, *, addresses: list[str], port: int) -> None:
        self._command = command
        self._addresses = addresses
        self._port = port
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
        say(f"\n  Sluice is at   {url(self._addresses[0], self._port)}")
        for address in self._addresses[1:]:
            say(f"  on the network {url(address, self._port)}")
        say(f"  sign in once   {url(self._addresses[0], self._port)}login/{token}/")
        say(f"\n  State is kept in {settings.SLUICE_HOME}.  Ctrl-C stops the server.\n")


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
    environment = settings.ENVIRONMENT | {
        "SLUICE_HOME": str(settings.SLUICE_HOME),
        "ALLOWED_HOSTS": ",".join({*settings.ALLOWED_HOSTS, *addresses}),
    }
    environment.setdefault("SESSION_COOKIE_NAME", f"sluice_session_{port}")
    environment.setdefault("CSRF_COOKIE_NAME", f"sluice_csrf_{port}")
    return environment


def addresses_of(host: str) -> list[str]:
    """Names under which the server can be reached, the handiest first."""
    if host != EVERY_ADDRESS:
        return ["localhost" if host == THIS_MACHINE else host]
    name = socket.gethostname()
    found = {info[4][0] for info in addresses_in_dns(name)} | {outward_address()}
    own = sorted(str(a) for a in found if a and not str(a).startswith("127."))
    return ["localhost", *own, name]


def addresses_in_dns(name: str) -> list[Any]:
    try:
        return socket.getaddrinfo(name, None, socket.AF_INET)
    except OSError:
        return []


def outward_address() -> str | None:
    """The address this machine would use to reach another; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
            return str(probe.getsockname()[0])
        except OSError:
            return None


def url(address: str, port: int) -> str:
    shown = f"[{address}]" if ":" in address else address
    return f"http://{shown}:{port}/"


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(THIS_MACHINE, port, timeout=ASKING_S)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
