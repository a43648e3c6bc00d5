"""`manage.py create_screen_link NAME`: print a new link to a screen, alone, on standard output."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from streaming import configured, links, qr
from streaming.errors import UnknownScreen
from streaming.models import Screen
from streaming.serializers import LINK_EXPIRES_S, NewLink


class Command(BaseCommand):
    help = "Print a link that opens a screen to whoever has it; the screen is shared from then on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the screen; main is what this machine shows")
        parser.add_argument(
            "--expires-s",
            type=int,
            default=LINK_EXPIRES_S,
            help="default: a week; 0: it does not expire",
        )
        parser.add_argument("--pin", help="4 to 12 digits that are asked for as well")
        parser.add_argument("--max-viewers", type=int, help="by this link, at a time")
        parser.add_argument("--note", default="", help="whom it is for, for your eyes")
        parser.add_argument("--host", default="localhost")
        parser.add_argument("--port", type=int, default=settings.SERVE_PORT)
        parser.add_argument("--qr", action="store_true", help="and as a QR code, on standard error")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = wanted_link(options)
        _, token = links.create_link(
            screen=screen_named(options["name"]),
            created_by=None,
            server_secret=settings.SECRET_KEY,
            now=timezone.now(),
            **wanted,
        )
        path = reverse("screen-link", args=[options["name"], token])
        url = f"{base_address(options['host'], options['port'])}{path}"
        self.stdout.write(url)
        if options["qr"]:
            self.stderr.write(qr.text(url), str)


def screen_named(name: str) -> Screen:
    """Raises CommandError."""
    try:
        return configured.screen_named(name)
    except UnknownScreen as error:
        configured.main_screen()
        names = ", ".join(Screen.objects.order_by("name").values_list("name", flat=True))
        raise CommandError(f"There is no screen {name!r}; there are: {names}.") from error


def wanted_link(options: dict[str, Any]) -> dict[str, Any]:
    """What the API takes for a link.  Raises CommandError."""
    given = {name: options[name] for name in ("note", "pin", "max_viewers") if options[name]}
    wanted = NewLink(data={**given, "expires_s": options["expires_s"] or None})
    if not wanted.is_valid():
        raise CommandError(
            "; ".join(f"{name}: {' '.join(said)}" for name, said in wanted.errors.items())
        )
    return dict(wanted.validated_data)


def base_address(host: str, port: int) -> str:
    scheme = "https" if settings.SERVE_HTTPS else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
