from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from apiapp.keys.callers import Caller
from streaming import services
from streaming.errors import (
    BadScreenName,
    MainStays,
    NameTaken,
    NotYours,
    SourceNotAllowed,
    UnknownScreen,
)
from streaming.models import Screen
from tests.streaming.made import NOW, made_screen, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["a", "9", "team-2", "x" * 63])
def test_a_screen_is_ones_own_and_not_shared(user: User, name: str):
    screen = made_screen(user, name)

    assert (screen.name, screen.owner, screen.sharing) == (name, user, "off")
    assert screen.is_published


@pytest.mark.parametrize(
    "name",
    ["", "-a", "Team", "a b", "a_b", "a/b", "..", "../etc", "a\n", "ä", "屏幕", "x" * 64, "x" * 300]
    + ["share", "a\0b", "%2e%2e", "a.b", "\u202ea", "a'--", "<b>"],
)
def test_what_no_address_can_be_made_of_is_no_name(user: User, name: str):
    with pytest.raises(BadScreenName):
        made_screen(user, name)

    assert not Screen.objects.exists()


def test_a_name_is_given_once(user: User, other_user: User):
    made_screen(user)

    with pytest.raises(NameTaken):
        made_screen(other_user)


@pytest.mark.parametrize("source", ["local", "pattern", "camera:0", "/etc/passwd", ""])
def test_what_the_server_sees_is_for_staff_to_offer(user: User, staff: User, source: str):
    with pytest.raises(SourceNotAllowed):
        made_screen(user, source=source)

    assert made_screen(staff, source=source).source == source


def test_nor_does_a_screen_become_one_by_a_change(user: User):
    screen = made_screen(user)

    with pytest.raises(SourceNotAllowed):
        services.change_screen(caller=person(user), screen=screen, changes={"source": "local"})

    screen.refresh_from_db()
    assert screen.source == "publisher"


def test_a_key_of_staff_without_the_scope_admin_is_not_staff(staff: User, user: User):
    made_screen(user)
    caller = Caller(user=staff, scopes=frozenset({"screens"}))

    with pytest.raises(SourceNotAllowed):
        services.create_screen(caller=caller, name="other", source="local")
    with pytest.raises(UnknownScreen):
        services.own_screen(caller=caller, name="team")


def test_of_others_one_sees_what_is_public_and_changes_nothing(user: User, other_user: User):
    screen = made_screen(user)
    bob = person(other_user)

    with pytest.raises(UnknownScreen):
        services.visible_screen(caller=bob, name="team")
    services.share(screen=screen, sharing="public")

    assert services.visible_screen(caller=bob, name="team") == screen
    assert list(services.visible_to(bob)) == [screen]
    with pytest.raises(NotYours):
        services.own_screen(caller=bob, name="team")


def test_staff_see_and_change_all(user: User, staff: User):
    screen = made_screen(user)

    assert services.own_screen(caller=person(staff), name="team") == screen


def test_main_is_made_once_for_its_owner_and_shows_what_settings_say(user: User, staff: User):
    first = services.ensure_main(owner=lambda: staff, source="")
    again = services.ensure_main(owner=lambda: user, source="pattern")

    assert (first.owner, first.source, first.sharing) == (staff, "local", "off")
    assert (again.pk, again.owner, again.source) == (first.pk, staff, "pattern")
    assert services.ensure_main(owner=lambda: user, source="").source == "pattern"


def test_main_stays(staff: User):
    screen = services.ensure_main(owner=lambda: staff, source="")

    with pytest.raises(MainStays):
        services.delete_screen(screen=screen, now=NOW)


def test_a_change_names_its_fields_and_leaves_the_others(user: User, other_user: User):
    screen = made_screen(user, title="Team", max_viewers=3)

    changed = services.change_screen(
        caller=person(user), screen=screen, changes={"title": "Ours", "owner": other_user}
    )

    assert (changed.title, changed.max_viewers, changed.owner) == ("Ours", 3, user)


def test_who_objects_keeps_a_screen_as_it_is(user: User):
    screen = made_screen(user)

    def object_to(screen: Screen) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        services.change_screen(
            caller=person(user), screen=screen, changes={"title": "x"}, agree=object_to
        )
    with pytest.raises(PermissionError):
        services.delete_screen(screen=screen, now=NOW, agree=object_to)
    assert Screen.objects.get().title == ""


def test_the_newest_publisher_is_believed_and_the_one_before_cannot_end_it(user: User):
    screen = made_screen(user)
    for publisher in ("first", "second"):
        services.begin_publishing(
            screen_id=screen.pk, publisher=publisher, presenter="alice", now=NOW
        )

    services.end_publishing(screen_id=screen.pk, publisher="first", now=NOW)
    services.publisher_seen(screen_id=screen.pk, publisher="first", now=NOW + timedelta(minutes=5))

    screen.refresh_from_db()
    assert services.has_publisher(screen, now=NOW + timedelta(seconds=10))
    assert not services.has_publisher(screen, now=NOW + timedelta(seconds=20))
    services.end_publishing(screen_id=screen.pk, publisher="second", now=NOW)
    screen.refresh_from_db()
    assert not services.has_publisher(screen, now=NOW)


def test_to_stop_a_screen_is_to_end_its_publisher(user: User):
    screen = made_screen(user)
    services.begin_publishing(screen_id=screen.pk, publisher="x", presenter="alice", now=NOW)

    services.stop(screen=screen, now=NOW)

    screen.refresh_from_db()
    assert not services.has_publisher(screen, now=NOW)
    assert screen.stopped_at == NOW
