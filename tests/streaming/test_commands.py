"""`manage.py create_screen_link`."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from streaming.models import Screen, ScreenLink
from tests.streaming.made import made_screen

pytestmark = pytest.mark.django_db


def printed(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("create_screen_link", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_link_is_printed_alone_and_opens_the_screen(user: User):
    made_screen(user)

    line = printed("team", "--port", "8123")

    assert line.startswith("http://localhost:8123/screens/team/open/slk_")
    assert line.count("\n") == 1
    opened = Client().get(line.strip().removeprefix("http://localhost:8123"))
    assert opened["Location"] == "/screens/team/"
    assert Screen.objects.get().sharing == "link"


def test_main_is_made_where_it_is_not_yet(staff: User):
    printed("main")

    screen = Screen.objects.get()
    assert (screen.name, screen.owner, screen.sharing) == ("main", staff, "link")


def test_a_first_administrator_is_made_for_it_as_well(db: None):
    printed("main")

    assert Screen.objects.get().owner.is_superuser


def test_it_expires_when_it_is_told_to(user: User):
    made_screen(user)
    for expires_s in ("60", "0"):
        printed("team", "--expires-s", expires_s)
    printed("team")

    a_week, never, a_minute = ScreenLink.objects.all()
    assert a_minute.expires_at
    assert a_minute.expires_at - timezone.now() <= timedelta(minutes=1)
    assert never.expires_at is None
    assert a_week.expires_at
    assert a_week.expires_at - timezone.now() > timedelta(days=6)


def test_a_pin_a_limit_and_a_note_are_kept(user: User):
    made_screen(user)

    printed("team", "--pin", "4711", "--max-viewers", "3", "--note", "client")

    link = ScreenLink.objects.get()
    assert (link.has_pin, link.max_viewers, link.note) == (True, 3, "client")


def test_over_https_it_is_a_link_to_https(user: User, settings: Any):
    settings.SERVE_HTTPS = True
    made_screen(user)

    assert printed("team", "--host", "192.0.2.1").startswith("https://192.0.2.1:8000/")


def test_the_qr_code_is_beside_the_link_and_not_in_its_way(user: User):
    made_screen(user)
    beside = StringIO()

    line = printed("team", "--qr", stderr=beside)

    assert line.count("\n") == 1
    assert len(beside.getvalue().splitlines()) > 15


def test_an_unknown_name_is_told_which_there_are(user: User, staff: User):
    made_screen(user)

    with pytest.raises(CommandError, match="'tem'; there are: main, team"):
        printed("tem")


@pytest.mark.parametrize(
    "wrong", [["--pin", "12"], ["--pin", "abcd"], ["--expires-s", "-1"], ["--max-viewers", "-3"]]
)
def test_what_cannot_be_is_refused_and_shares_nothing(user: User, wrong: list[str]):
    made_screen(user)

    with pytest.raises(CommandError, match=wrong[0].strip("-").replace("-", "_")):
        printed("team", *wrong)

    assert Screen.objects.get().sharing == "off"
