import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from streaming import admission, links, services, shown
from streaming.models import Screen, ScreenLink
from tests.streaming.made import made_link, made_screen

pytestmark = pytest.mark.django_db

TEAM = "/screens/team/"
PIN_PAGE = "/screens/team/pin/"


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user, title="The team's screen")


def link_to(screen: Screen, **fields: Any) -> tuple[ScreenLink, str]:
    return made_link(screen, now=timezone.now(), **fields)


def address(token: str, name: str = "team") -> str:
    return f"/screens/{name}/open/{token}/"


def test_a_link_is_remembered_in_a_cookie_and_leads_on_without_its_token(
    client: Client, screen: Screen
):
    _, token = link_to(screen)

    response = client.get(address(token))

    assert (response.status_code, response["Location"]) == (303, TEAM)
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    cookie = response.cookies[admission.COOKIE]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/")
    assert token not in cookie.value
    assert client.get(TEAM).status_code == 200


def test_a_token_in_the_address_of_the_page_does_not_stay_there(client: Client, screen: Screen):
    _, token = link_to(screen)

    response = client.get(f"{TEAM}?token={token}")

    assert response["Location"] == address(token)


def test_a_cookie_ends_with_the_last_of_its_links(client: Client, screen: Screen):
    client.get(address(link_to(screen, expires_s=1000)[1]))

    response = client.get(address(link_to(screen, expires_s=60)[1]))

    assert 900 < int(response.cookies[admission.COOKIE]["max-age"]) <= 1000


def test_a_cookie_does_not_grow_for_ever(client: Client, screen: Screen):
    for _ in range(15):
        client.get(address(link_to(screen)[1]))

    cookie = client.cookies[admission.COOKIE].value
    opened = shown.loads(cookie, server_secret=settings.SECRET_KEY, now=timezone.now())
    assert len(opened) == shown.MOST_OPENED
    assert len(cookie) < 1500
    assert client.get(TEAM).status_code == 200


def test_links_to_several_screens_are_open_at_once(client: Client, screen: Screen, user: User):
    made_screen(user, "other")

    for made in Screen.objects.all():
        client.get(address(link_to(made)[1], made.name))

    assert client.get(TEAM).status_code == client.get("/screens/other/").status_code == 200


def test_over_https_the_cookie_is_for_https_alone(client: Client, screen: Screen):
    response = client.get(address(link_to(screen)[1]), secure=True)

    assert response.cookies[admission.COOKIE]["secure"]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_link_is_only_read(client: Client, screen: Screen, method: str):
    _, token = link_to(screen)

    assert getattr(client, method)(address(token)).status_code == 405


@pytest.mark.parametrize("end", ["expired", "revoked", "of another", "mistyped", "screen gone"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_link_that_is_over_says_so_and_what_to_do(
    client: Client, screen: Screen, user: User, end: str, language: str
):
    link, token = link_to(screen, expires_s=0 if end == "expired" else None)
    name = "team"
    if end == "revoked":
        links.revoke(link=link, now=timezone.now())
    elif end == "of another":
        name = made_screen(user, "other").name
    elif end == "mistyped":
        token = token[:-3]
    elif end == "screen gone":
        screen.delete()

    response = client.get(address(token, name), headers={"Accept-Language": language})

    assert response.status_code == 410
    words = {"en": "Ask who sent it to you for a new one", "zh-hans": "新链接"}
    assert words[language] in response.content.decode()
    assert response["Referrer-Policy"] == "no-referrer"
    assert admission.COOKIE not in response.cookies


def test_a_screen_that_is_not_shared_any_more_says_that(client: Client, screen: Screen):
    _, token = link_to(screen)
    client.get(address(token))
    services.share(screen=screen, sharing="off")

    for where in (address(token), TEAM):
        response = client.get(where)
        assert response.status_code == 403
        assert "not shared at the moment" in response.content.decode()


def test_too_many_made_up_links_are_not_looked_at(client: Client, screen: Screen, settings: Any):
    settings.RATE_LIMIT_ENABLED = True
    _, token = link_to(screen)
    for number in range(settings.RATE_LIMITS["logins"][0].count):
        client.get(address(f"slk_{number}"), REMOTE_ADDR="192.0.2.55")

    refused = client.get(address(token), REMOTE_ADDR="192.0.2.55")

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert client.get(address(token), REMOTE_ADDR="192.0.2.56").status_code == 303


# --- pages without a link -------------------------------------------------------------------------


def test_strangers_are_asked_to_sign_in_whether_the_screen_is_there_or_not(
    client: Client, screen: Screen
):
    for name in ("team", "no-such", "main"):
        response = client.get(f"/screens/{name}/")
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=/screens/")


def test_another_user_sees_nothing_there(client: Client, screen: Screen, other_user: User):
    client.force_login(other_user)

    assert client.get(TEAM).status_code == client.get("/screens/no-such/").status_code == 404


def test_its_owner_and_staff_see_it_and_everybody_if_it_is_public(
    client: Client, screen: Screen, user: User, staff: User
):
    for one in (user, staff):
        client.force_login(one)
        assert client.get(TEAM).status_code == 200
    services.share(screen=screen, sharing="public")

    assert Client().get(TEAM).status_code == 200


# --- PINs -----------------------------------------------------------------------------------------


def test_a_pin_is_asked_for_once_and_then_the_screen_is_open(client: Client, screen: Screen):
    _, token = link_to(screen, pin="4711")

    opened = client.get(address(token))
    asked = client.get(PIN_PAGE)
    before = client.get(TEAM)
    wrong = client.post(PIN_PAGE, {"pin": "0815"})
    right = client.post(PIN_PAGE, {"pin": " 4711 "})

    assert opened["Location"] == PIN_PAGE
    assert "The team&#x27;s screen" in asked.content.decode()
    assert before["Location"] == PIN_PAGE
    assert wrong.status_code == 403
    assert "You can try 4 more times" in wrong.content.decode()
    assert (right.status_code, right["Location"]) == (303, TEAM)
    assert client.get(TEAM).status_code == 200
    assert client.get(PIN_PAGE)["Location"] == TEAM


def test_a_pin_cannot_be_tried_out(client: Client, screen: Screen):
    _, token = link_to(screen, pin="4711")
    client.get(address(token))
    answers = [client.post(PIN_PAGE, {"pin": f"{n:04}"}).status_code for n in range(5)]

    right = client.post(PIN_PAGE, {"pin": "4711"})
    from_elsewhere = Client()
    from_elsewhere.get(address(token))

    assert answers == [403] * 5
    assert right.status_code == 429
    assert 0 < int(right["Retry-After"]) <= links.PIN_WINDOW_S
    assert "Too many wrong PINs" in right.content.decode()
    assert from_elsewhere.post(PIN_PAGE, {"pin": "4711"}).status_code == 429
    other = from_elsewhere.post(PIN_PAGE, {"pin": "4711"}, REMOTE_ADDR="192.0.2.3")
    assert other.status_code == 303


@pytest.mark.parametrize("sent", [{}, {"pin": ""}, {"pin": "\0"}, {"pin": "9" * 100_000}])
def test_a_form_that_is_sent_oddly_is_a_wrong_pin(client: Client, screen: Screen, sent: Any):
    _, token = link_to(screen, pin="4711")
    client.get(address(token))

    assert client.post(PIN_PAGE, sent).status_code == 403


def test_the_form_is_sent_from_its_own_page_alone(screen: Screen):
    client = Client(enforce_csrf_checks=True)
    _, token = link_to(screen, pin="4711")
    client.get(address(token))
    form = client.get(PIN_PAGE).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found

    without = client.post(PIN_PAGE, {"pin": "4711"})
    foreign = client.post(
        PIN_PAGE,
        {"pin": "4711", "csrfmiddlewaretoken": found[1]},
        headers={"Origin": "https://evil.example"},
    )
    own = client.post(PIN_PAGE, {"pin": "4711", "csrfmiddlewaretoken": found[1]})

    assert (without.status_code, foreign.status_code, own.status_code) == (403, 403, 303)


def test_the_pin_of_one_link_does_not_open_another(client: Client, screen: Screen, user: User):
    link_to(screen, pin="4711")
    other = made_screen(user, "other")
    client.get(address(link_to(other, pin="1111")[1], "other"))

    assert client.post(PIN_PAGE, {"pin": "4711"}).status_code == 410
    assert client.get("/screens/other/")["Location"] == "/screens/other/pin/"


def test_nobody_is_asked_for_a_pin_without_a_link(client: Client, screen: Screen):
    assert client.get(PIN_PAGE).status_code == 410
    assert client.get("/screens/no-such/pin/").status_code == 410


def test_a_pin_page_of_a_link_that_was_revoked_meanwhile_says_so(client: Client, screen: Screen):
    link, token = link_to(screen, pin="4711")
    client.get(address(token))
    links.revoke(link=link, now=timezone.now())

    assert client.post(PIN_PAGE, {"pin": "4711"}).status_code == 410
