import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from streaming import services, sessions
from streaming.models import Screen, ScreenLink, ViewSession
from tests.streaming.made import made_link, made_screen

pytestmark = pytest.mark.django_db

MODELS = ("screen", "screenlink", "viewsession")


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user, title="The team's")


def watched(screen: Screen, **fields: Any) -> ViewSession:
    given = {"link_id": None, "user_id": None, "who": "dora", "address": "192.0.2.9"}
    return sessions.begin(
        screen_id=screen.pk, codec="tiles", now=timezone.now(), **{**given, **fields}
    )


def page(client: Client, model: str, kind: str = "changelist", *arguments: int) -> str:
    response = client.get(reverse(f"admin:streaming_{model}_{kind}", args=arguments))
    assert response.status_code == 200
    return str(response.content.decode())


def act(client: Client, model: str, action: str, *chosen: Any) -> int:
    where = reverse(f"admin:streaming_{model}_changelist")
    sent = {"action": action, "_selected_action": [each.pk for each in chosen]}
    return client.post(where, sent).status_code


def test_every_page_opens_for_staff(admin: Client, screen: Screen):
    link, _ = made_link(screen)
    session = watched(screen, link_id=link.pk)

    for model, row in zip(MODELS, (screen, link, session), strict=True):
        page(admin, model)
        page(admin, model, "change", row.pk)
    for model in ("screen", "screenlink"):
        page(admin, model, "add")
    page(admin, "screen", "delete", screen.pk)
    page(admin, "screen", "history", screen.pk)


@pytest.mark.parametrize("model", MODELS)
def test_no_page_opens_for_others(client: Client, user: User, model: str):
    client.force_login(user)

    response = client.get(reverse(f"admin:streaming_{model}_changelist"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_the_pages_say_who_watches_now(admin: Client, screen: Screen):
    watched(screen)
    gone = watched(screen, who="emil")
    ViewSession.objects.filter(pk=gone.pk).update(ended_at=timezone.now())

    change = page(admin, "screen", "change", screen.pk)
    response = admin.get(reverse("admin:streaming_viewsession_changelist"), {"now": "yes"})

    assert "dora · tiles" in change
    assert "emil" not in change
    assert "dora" in response.content.decode()
    assert "emil" not in response.content.decode()


def test_the_button_stops_a_screen_and_that_is_logged(admin: Client, screen: Screen, user: User):
    services.begin_publishing(
        screen_id=screen.pk, publisher="x", presenter="alice", now=timezone.now()
    )
    where = reverse("admin:streaming_screen_change", args=[screen.pk])
    form = {"title": "Ours", "owner": user.pk, "source": "publisher", "sharing": "off"}

    admin.post(where, {**form, "streaming_screen_stop_now": "1"})

    screen.refresh_from_db()
    assert screen.stopped_at
    assert (screen.title, screen.publisher) == ("Ours", "")
    assert "Stopped." in LogEntry.objects.values_list("change_message", flat=True)


def test_selected_screens_are_stopped_and_shared_with_nobody(admin: Client, screen: Screen):
    services.share(screen=screen, sharing="public")

    act(admin, "screen", "stop", screen)
    act(admin, "screen", "switch_sharing_off", screen)

    screen.refresh_from_db()
    assert (screen.sharing, bool(screen.stopped_at)) == ("off", True)


def test_staff_who_may_only_look_are_offered_nothing_else(client: Client, screen: Screen):
    looker = User.objects.create_user("vera", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(looker)
    link, _ = made_link(screen)

    page(client, "screen", "change", screen.pk)
    for model, action, row in (("screen", "stop", screen), ("screenlink", "revoke", link)):
        act(client, model, action, row)
    where = reverse("admin:streaming_screen_change", args=[screen.pk])
    refused = client.post(where, {"title": "x", "streaming_screen_stop_now": "1"})

    screen.refresh_from_db()
    link.refresh_from_db()
    assert refused.status_code == 403
    assert (screen.stopped_at, link.revoked_at, screen.title) == (None, None, "The team's")


@pytest.mark.parametrize("name", ["share", "Team", "a b", "../x"])
def test_a_name_that_cannot_be_is_refused_by_the_form(admin: Client, user: User, name: str):
    form = {"name": name, "owner": user.pk, "source": "publisher", "sharing": "off"}

    response = admin.post(reverse("admin:streaming_screen_add"), form)

    assert response.status_code == 200
    assert not Screen.objects.exists()


def test_main_is_not_deleted_and_others_are_with_all_that_is_theirs(
    admin: Client, screen: Screen, staff: User
):
    main = services.ensure_main(owner=lambda: staff, source="")
    watched(screen, link_id=made_link(screen)[0].pk)

    for each in (main, screen):
        admin.post(reverse("admin:streaming_screen_delete", args=[each.pk]), {"post": "yes"})

    assert list(Screen.objects.all()) == [main]
    assert not ViewSession.objects.exists()
    act(admin, "screen", "delete_selected", main)
    assert Screen.objects.exists()


def test_a_new_link_is_shown_exactly_once_and_opens_the_screen(admin: Client, screen: Screen):
    form = {"screen": screen.pk, "note": "client", "pin": "4711"}

    made = admin.post(reverse("admin:streaming_screenlink_add"), form)

    found = re.search(
        r'value="http://testserver(/screens/team/open/(slk_[^/]+)/)"', str(made.content)
    )
    assert found
    assert "no-store" in made["Cache-Control"]
    assert "<svg" in made.content.decode()
    assert Client().get(found[1])["Location"] == "/screens/team/pin/"
    link = ScreenLink.objects.get()
    token = found[2]
    for shown in (page(admin, "screenlink"), page(admin, "screenlink", "change", link.pk)):
        assert token not in shown
        assert link.pin_hash not in shown
    assert (link.note, link.created_by, link.has_pin) == (
        "client",
        User.objects.get(username="carol"),
        True,
    )


@pytest.mark.parametrize("pin", ["12", "abcd", "1" * 13, "12 34"])
def test_a_pin_that_is_none_is_refused(admin: Client, screen: Screen, pin: str):
    admin.post(reverse("admin:streaming_screenlink_add"), {"screen": screen.pk, "pin": pin})

    assert not ScreenLink.objects.exists()


def test_links_are_revoked_at_once(admin: Client, screen: Screen):
    link, _ = made_link(screen, now=timezone.now() - timedelta(hours=1))

    act(admin, "screenlink", "revoke", link)

    link.refresh_from_db()
    assert link.revoked_at
    assert "revoked" in page(admin, "screenlink")


def test_sessions_are_not_to_be_changed(admin: Client, screen: Screen):
    session = watched(screen)
    where = reverse("admin:streaming_viewsession_change", args=[session.pk])

    assert admin.post(where, {"who": "nobody"}).status_code == 403
    assert admin.get(reverse("admin:streaming_viewsession_add")).status_code == 403
    delete = reverse("admin:streaming_viewsession_delete", args=[session.pk])
    assert admin.post(delete, {"post": "yes"}).status_code == 403
