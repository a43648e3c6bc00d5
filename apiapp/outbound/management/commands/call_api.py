"""`manage.py call_api URL`: call somebody's API from here, by the rules of this server."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rest_framework.serializers import ValidationError

from apiapp.keys import services as keys
from apiapp.keys.callers import person
from apiapp.keys.errors import UnknownUser
from apiapp.outbound import calling, configured, services
from apiapp.outbound.client.client import METHODS
from apiapp.outbound.models import LONGEST_S, CallRecord, Connection
from apiapp.outbound.serializers import NewCall, ask_of
from apiapp.uploads.errors import UploadError


class Command(BaseCommand):
    help = "Call somebody's API and print the answer. The call is recorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="with --connection: what follows its base address")
        parser.add_argument("--user", required=True, help="in whose name")
        parser.add_argument("--connection", metavar="NAME", help="one of the user's")
        parser.add_argument("--method", choices=METHODS, default="GET")
        parser.add_argument(
            "--header", action="append", default=[], metavar="'NAME: VALUE'", help="several times"
        )
        body = parser.add_mutually_exclusive_group()
        body.add_argument("--json", metavar="TEXT")
        body.add_argument("--form", action="append", metavar="NAME=VALUE", help="several times")
        body.add_argument("--xml", type=Path, metavar="FILE")
        body.add_argument("--file", metavar="FILE_ID", help="a finished upload, by itself")
        parser.add_argument(
            "--part",
            action="append",
            metavar="FIELD=FILE_ID",
            help="a finished upload in a multipart form, with what --form says; several times",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owner = owner_named(options["user"])
        connection = connection_named(owner, options["connection"])
        asked = NewCall(data=asked_by(options))
        try:
            asked.is_valid(raise_exception=True)
            ask = ask_of(asked.validated_data, connection)
        except ValidationError as error:
            raise CommandError(f"This cannot be called: {error.detail}") from error
        try:
            row = calling.place(
                caller=person(owner),
                ask=ask,
                connection=connection,
                sealer=configured.sealer(),
                now=timezone.now(),
                in_background=False,
            )
        except UploadError as error:
            raise CommandError(str(error)) from error
        self._tell(calling.make(row=row, means=configured.means(), longest_s=LONGEST_S))

    def _tell(self, row: CallRecord) -> None:
        self.stderr.write(f"call {row.pk}: {row.get_state_display()} {row.status or ''}".rstrip())
        self.stdout.write(bytes(row.answer_content).decode("utf-8", "replace"))
        if row.state != CallRecord.State.OK:
            raise CommandError(row.error or f"The answer's status is {row.status}.")


def owner_named(name: str) -> User:
    try:
        return keys.user_named(name)
    except UnknownUser as error:
        raise CommandError(str(error)) from error


def connection_named(owner: User, name: str | None) -> Connection | None:
    if name is None:
        return None
    row = services.connections_of(person(owner)).filter(owner=owner, name=name).first()
    if row is None:
        raise CommandError(f"{owner} has no connection called {name!r}.")
    return row


def asked_by(options: dict[str, Any]) -> dict[str, Any]:
    """As the API is asked."""
    asked: dict[str, Any] = {"url": options["url"], "method": options["method"]}
    pairs = (each.partition(":") for each in options["header"])
    asked["headers"] = {name.strip(): value.strip() for name, _, value in pairs}
    if options["json"] is not None:
        try:
            asked["json"] = json.loads(options["json"])
        except ValueError as error:
            raise CommandError(f"--json is no JSON: {error}") from error
    if options["form"]:
        asked["form"] = dict(each.partition("=")[::2] for each in options["form"])
    if options["file"]:
        asked["file"] = {"file_id": options["file"]}
    if options["part"]:
        pairs = (each.partition("=") for each in options["part"])
        asked["files"] = [{"field": field, "file_id": file_id} for field, _, file_id in pairs]
    if options["xml"]:
        try:
            asked["xml"] = options["xml"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['xml']} cannot be read: {error}") from error
    return asked
