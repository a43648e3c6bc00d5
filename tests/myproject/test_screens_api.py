from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from streaming import services, sessions
from streaming.models import Screen, ScreenLink, ViewSession
from tests.streaming.made import made_link, made_screen

pytestmark = pytest.mark.django_db

Api = Callable[[User], APIClient]
KeyFor = Callable[..., str]
SCREENS = "/api/screens/"
TEAM = "/api/screens/team/"
MEMBERS = {
    *("name", "title", "source", "state", "reason", "detail", "sharing", "viewers", "max_viewers"),
    *("width", "height", "fps", "presenter", "is_mine", "created_at", "url", "thumbnail"),
}


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user)


def watched(screen: Screen, **fields: Any) -> ViewSession:
    given = {"link_id": None, "user_id": None, "who": "dora", "address": "192.0.2.9"}
    return sessions.begin(
        screen_id=screen.pk, codec="tiles", now=timezone.now(), **{**given, **fields}
    )


def type_of(answer: Any) -> str:
    return str(answer.json()["type"]).removeprefix("urn:sluice:problem:")


# --- screens --------------------------------------------------------------------------------------


def test_a_screen_is_made_and_shown_with_the_promised_members(api: Api, user: User):
    made = api(user).post(SCREENS, {"name": "team", "title": "Our team"})

    assert made.status_code == 201
    assert made["Location"] == "http://testserver/api/screens/team/"
    shown = api(user).get(TEAM).json()
    assert shown == made.json()
    assert shown.keys() == MEMBERS
    assert (shown["sharing"], shown["source"], shown["state"]) == ("off", "publisher", "idle")
    assert shown["reason"] == "no-publisher"
    assert (shown["presenter"], shown["is_mine"], shown["viewers"]) == ("alice", True, 0)
    assert shown["url"] == "http://testserver/screens/team/"
    assert shown["thumbnail"] == "http://testserver/screens/team/snapshot.jpg"


def test_a_post_that_is_sent_twice_makes_one_screen(api: Api, user: User):
    client = api(user)
    answers = [
        client.post(SCREENS, {"name": "team"}, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1]["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({}, 422, "invalid"),
        ({"name": "Team"}, 422, "invalid"),
        ({"name": "../team"}, 422, "invalid"),
        ({"name": "x" * 300}, 422, "invalid"),
        ({"name": "屏幕"}, 422, "invalid"),
        ({"name": ["team"]}, 422, "invalid"),
        ({"name": 7}, 422, "invalid"),
        ({"name": "team", "title": 7}, 422, "invalid"),
        ({"name": "share"}, 422, "bad-screen-name"),
        ({"name": "taken"}, 409, "screen-name-taken"),
        ({"name": "team", "sharing": "everybody"}, 422, "invalid"),
        ({"name": "team", "max_viewers": 0}, 422, "invalid"),
        ({"name": "team", "max_viewers": 10**9}, 422, "invalid"),
        ({"name": "team", "title": "x" * 101}, 422, "invalid"),
        ({"name": "team", "title": "a\0b"}, 422, "invalid"),
        ({"name": "team", "source": "local"}, 403, "source-not-allowed"),
        ({"name": "team", "source": "/etc/passwd"}, 403, "source-not-allowed"),
        ({"name": "team", "source": "rtsp://192.0.2.1/"}, 403, "source-not-allowed"),
    ],
)
def test_what_cannot_be_made_is_refused_for_a_reason(
    api: Api, user: User, other_user: User, body: Any, status: int, problem: str
):
    made_screen(other_user, "taken")

    answer = api(user).post(SCREENS, body)

    assert (answer.status_code, type_of(answer)) == (status, problem)
    assert Screen.objects.count() == 1


def test_whose_a_screen_is_cannot_be_chosen(api: Api, user: User, other_user: User):
    body = {"name": "team", "owner": other_user.pk, "owner_id": other_user.pk, "stopped_at": "x"}

    assert api(user).post(SCREENS, {**body, "publisher": "me"}).status_code == 201
    api(user).patch(TEAM, body)

    made = Screen.objects.get()
    assert (made.owner, made.publisher, made.stopped_at) == (user, "", None)


def test_a_list_has_ones_own_and_what_is_public(
    api: Api, user: User, other_user: User, staff: User
):
    for name, sharing in (("mine", "off"), ("linked", "link"), ("open", "public")):
        made_screen(user, name, sharing=sharing)

    def names(one: User) -> list[str]:
        return [each["name"] for each in api(one).get(SCREENS).json()["results"]]

    assert names(user) == ["open", "linked", "mine"]
    assert names(other_user) == ["open"]
    assert names(staff) == ["main", "open", "linked", "mine"]


def test_staff_find_what_this_machine_shows_from_the_start(api: Api, staff: User):
    shown = api(staff).get("/api/screens/main/").json()

    assert (shown["source"], shown["sharing"], shown["is_mine"]) == ("local", "off", True)


@pytest.mark.parametrize("path", ["", "links/", "sessions/", "stop/"])
def test_it_is_there_whatever_is_asked_of_it_first(api: Api, staff: User, path: str):
    method = "post" if path == "stop/" else "get"

    assert getattr(api(staff), method)(f"/api/screens/main/{path}").status_code == 200


def test_a_list_comes_in_pages(api: Api, user: User):
    for number in range(5):
        made_screen(user, f"s{number}")

    first = api(user).get(SCREENS, {"limit": 3}).json()
    rest = api(user).get(first["next"]).json()

    assert [each["name"] for each in first["results"] + rest["results"]] == [
        "s4", "s3", "s2", "s1", "s0"
    ]  # fmt: skip


def test_who_watches_and_whether_it_is_live_is_told(api: Api, user: User, screen: Screen):
    watched(screen)
    services.begin_publishing(
        screen_id=screen.pk, publisher="x", presenter="Alice A.", now=timezone.now()
    )

    shown = api(user).get(TEAM).json()

    assert (shown["state"], shown["presenter"], shown["viewers"]) == ("live", "Alice A.", 1)


def test_a_change_is_made_of_what_is_named(api: Api, user: User, screen: Screen):
    changed = api(user).patch(TEAM, {"title": "Ours", "sharing": "public", "max_viewers": 7})
    again = api(user).patch(TEAM, {"max_viewers": None})

    assert (changed.json()["title"], changed.json()["sharing"]) == ("Ours", "public")
    assert (again.json()["title"], again.json()["max_viewers"]) == ("Ours", None)


def test_a_name_stays(api: Api, user: User, screen: Screen):
    api(user).patch(TEAM, {"name": "other"})

    assert Screen.objects.get().name == "team"


def test_what_has_changed_meanwhile_is_not_overwritten(api: Api, user: User, screen: Screen):
    client = api(user)
    seen = client.get(TEAM)["ETag"]
    client.patch(TEAM, {"title": "first"})

    for send in (client.patch, client.delete):
        refused = send(TEAM, {"title": "second"}, headers={"If-Match": seen})
        assert refused.status_code == 412
    now = client.get(TEAM)["ETag"]
    assert client.get(TEAM, headers={"If-None-Match": now}).status_code == 304
    assert client.delete(TEAM, headers={"If-Match": now}).status_code == 204


def test_a_screen_goes_with_its_links_and_main_stays(api: Api, user: User, staff: User):
    watched(made_screen(user), link_id=made_link(Screen.objects.get())[0].pk)

    assert api(user).delete(TEAM).status_code == 204
    assert not ScreenLink.objects.exists()
    refused = api(staff).delete("/api/screens/main/")
    assert (refused.status_code, type_of(refused)) == (409, "main-stays")


def test_a_screen_is_stopped(api: Api, user: User, screen: Screen):
    answer = api(user).post(f"{TEAM}stop/")

    screen.refresh_from_db()
    assert answer.status_code == 200
    assert screen.stopped_at


# --- links ----------------------------------------------------------------------------------------


def test_a_link_is_told_once_and_opens_the_screen(api: Api, user: User, screen: Screen):
    made = api(user).post(f"{TEAM}links/", {"note": "the client", "expires_s": 60})

    link = made.json()
    assert made.status_code == 201
    assert link["url"].startswith("http://testserver/screens/team/open/slk_")
    assert link["qr_svg"].startswith("<svg")
    assert Client().get(link["url"])["Location"] == "/screens/team/"
    shown = api(user).get(made["Location"].removeprefix("http://testserver")).json()
    assert shown.keys() == {
        *("id", "prefix", "note", "expires_at", "revoked_at", "has_pin", "max_viewers"),
        *("viewers", "created_at"),
    }
    assert link["url"].split("/")[-2].startswith(shown["prefix"])
    assert api(user).get(f"{TEAM}links/").json()["results"] == [shown]
    assert api(user).get(TEAM).json()["sharing"] == "link"


def test_its_address_is_kept_nowhere_not_even_for_a_second_sending(
    api: Api, user: User, screen: Screen
):
    client = api(user)
    urls = {
        client.post(f"{TEAM}links/", {}, headers={"Idempotency-Key": "once"}).json()["url"]
        for _ in range(2)
    }

    assert len(urls) == 2


@pytest.mark.parametrize(
    ("expires_s", "expected"),
    [(None, None), (60, timedelta(minutes=1)), ("left out", timedelta(days=7))],
)
def test_it_expires_when_it_is_asked_to(
    api: Api, user: User, screen: Screen, expires_s: Any, expected: timedelta | None
):
    body = {} if expires_s == "left out" else {"expires_s": expires_s}

    api(user).post(f"{TEAM}links/", body)

    expires_at = ScreenLink.objects.get().expires_at
    if expected is None:
        assert expires_at is None
    else:
        assert expires_at
        assert abs(expires_at - timezone.now() - expected) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        {"expires_s": 0},
        {"expires_s": -1},
        {"expires_s": 10**12},
        {"expires_s": "soon"},
        {"pin": "12"},
        {"pin": 4711},
        {"pin": "1" * 13},
        {"pin": "abcd"},
        {"pin": "٤٧١١"},
        {"max_viewers": 0},
        {"note": "x" * 101},
    ],
)
def test_a_link_that_cannot_be_shares_nothing(api: Api, user: User, screen: Screen, body: Any):
    answer = api(user).post(f"{TEAM}links/", body)

    assert (answer.status_code, type_of(answer)) == (422, "invalid")
    assert not ScreenLink.objects.exists()
    assert Screen.objects.get().sharing == "off"


@pytest.mark.parametrize("how", ["json", "multipart"])
def test_a_form_says_nothing_and_null_as_well_as_json(
    api: Api, user: User, screen: Screen, how: str
):
    said = {"json": None, "multipart": "null"}[how]
    body = {"pin": "", "max_viewers": said, "expires_s": said, "note": ""}

    answer = api(user).post(f"{TEAM}links/", body, format=how)

    link = ScreenLink.objects.get()
    assert answer.status_code == 201
    assert (link.has_pin, link.max_viewers, link.expires_at) == (False, None, None)


def test_a_revoked_link_stays_listed_and_opens_nothing(api: Api, user: User, screen: Screen):
    client = api(user)
    link = client.post(f"{TEAM}links/", {"pin": "4711"}).json()

    assert client.delete(f"{TEAM}links/{link['id']}/").status_code == 204
    assert client.delete(f"{TEAM}links/{link['id']}/").status_code == 204

    (shown,) = client.get(f"{TEAM}links/").json()["results"]
    assert shown["revoked_at"]
    assert shown["has_pin"] is True
    assert Client().get(link["url"]).status_code == 410


def test_viewers_are_counted_by_link(api: Api, user: User, screen: Screen):
    link, _ = made_link(screen)
    watched(screen, link_id=link.pk)
    watched(screen)

    (shown,) = api(user).get(f"{TEAM}links/").json()["results"]

    assert shown["viewers"] == 1


# --- sessions -------------------------------------------------------------------------------------


def test_who_watched_is_listed_in_pages(api: Api, user: User, screen: Screen):
    link, _ = made_link(screen)
    for who in ("dora", "emil", "finn"):
        watched(screen, who=who, link_id=link.pk)

    first = api(user).get(f"{TEAM}sessions/", {"limit": 2}).json()

    assert [each["who"] for each in first["results"]] == ["finn", "emil"]
    session = first["results"][0]
    assert (session["codec"], session["address"], session["link"]) == (
        "tiles", "192.0.2.9", link.pk
    )  # fmt: skip
    assert (session["frames"], session["ended_at"]) == (0, None)
    assert api(user).get(first["next"]).json()["results"][0]["who"] == "dora"


# --- who may --------------------------------------------------------------------------------------


def calls(link_id: int) -> list[tuple[str, str]]:
    return [
        ("get", TEAM),
        ("patch", TEAM),
        ("delete", TEAM),
        ("post", f"{TEAM}stop/"),
        ("get", f"{TEAM}links/"),
        ("post", f"{TEAM}links/"),
        ("get", f"{TEAM}links/{link_id}/"),
        ("delete", f"{TEAM}links/{link_id}/"),
        ("get", f"{TEAM}sessions/"),
    ]


@pytest.mark.parametrize("sharing", ["off", "link"])
def test_anothers_screen_is_not_there_for_any_call(
    api: Api, other_user: User, screen: Screen, sharing: str
):
    link, _ = made_link(screen)
    services.share(screen=screen, sharing=sharing)
    before = list(Screen.objects.values())

    answers = {(m, p): getattr(api(other_user), m)(p, {}) for m, p in calls(link.pk)}

    assert {answer.status_code for answer in answers.values()} == {404}
    assert {type_of(answer) for answer in answers.values()} == {"not-found"}
    assert list(Screen.objects.values()) == before


def test_anothers_public_screen_is_seen_and_nothing_more(
    api: Api, other_user: User, screen: Screen
):
    link, _ = made_link(screen)
    services.share(screen=screen, sharing="public")
    before = list(Screen.objects.values()) + list(ScreenLink.objects.values())

    answers = {(m, p): getattr(api(other_user), m)(p, {}) for m, p in calls(link.pk)}

    assert answers.pop(("get", TEAM)).json()["is_mine"] is False
    assert {answer.status_code for answer in answers.values()} == {403}
    assert list(Screen.objects.values()) + list(ScreenLink.objects.values()) == before


def test_a_link_is_not_reached_through_another_screen(
    api: Api, user: User, other_user: User, screen: Screen
):
    theirs, _ = made_link(made_screen(other_user, "theirs"))

    for method in ("get", "delete"):
        answer = getattr(api(user), method)(f"{TEAM}links/{theirs.pk}/")
        assert answer.status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_a_link_opens_no_door_of_the_api(screen: Screen):
    _, token = made_link(screen)

    for headers in ({"Authorization": f"Bearer {token}"}, {}):
        answer = Client().get(TEAM, {"token": token}, headers=headers)
        assert answer.status_code == 401


def test_a_key_needs_the_scope(user: User, screen: Screen, key_for: KeyFor):
    headers = {"Authorization": f"Bearer {key_for(user, 'uploads')}"}

    for method, path in calls(1):
        answer = getattr(Client(), method)(path, headers=headers)
        assert answer.status_code == 403
        assert "screens" in answer.json()["detail"]


def test_a_session_needs_its_csrf_token_to_change_something(user: User, screen: Screen):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.get(TEAM).status_code == 200
    for method, path in calls(1):
        if method != "get":
            assert getattr(client, method)(path).status_code == 403
    assert not ScreenLink.objects.exists()


@pytest.mark.parametrize(
    "name", ["%2e%2e", "..%2fmain", "share", "a%00b", "x" * 300, "%F0%9F%98%80", "'--", "{}"]
)
def test_odd_names_are_names_of_no_screen(api: Api, user: User, name: str):
    for path in ("", "links/", "sessions/"):
        assert api(user).get(f"{SCREENS}{name}/{path}").status_code == 404
