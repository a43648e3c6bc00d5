from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from streaming import links, services
from streaming.errors import LinkNotValid, NoSuchLink, TooManyPins, UnknownLink, WrongPin
from streaming.models import Screen, ScreenLink, WrongPinTry
from tests.streaming.made import NOW, made_link, made_screen

pytestmark = pytest.mark.django_db


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user)


def found(token: str, name: str = "team", after_s: float = 0) -> ScreenLink:
    now = NOW + timedelta(seconds=after_s)
    return links.link_for_token(name=name, token=token, server_secret=settings.SECRET_KEY, now=now)


def test_a_token_is_long_unlike_any_other_and_never_stored(screen: Screen):
    made = [made_link(screen) for _ in range(20)]

    tokens = {token for _, token in made}
    assert len(tokens) == 20
    assert all(token.startswith("slk_") and len(token) >= 4 + 22 for token in tokens)  # 128 bits
    stored = str(list(ScreenLink.objects.values()))
    assert not any(token in stored or token[12:] in stored for token in tokens)


def test_it_finds_its_link_until_that_expires(screen: Screen):
    link, token = made_link(screen, expires_s=60)

    assert found(token, after_s=59) == link
    with pytest.raises(LinkNotValid):
        found(token, after_s=60)


def test_a_link_may_be_for_ever(screen: Screen):
    link, token = made_link(screen, expires_s=None)

    assert found(token, after_s=10**9) == link


def test_a_revoked_link_is_over_and_stays_so(screen: Screen):
    link, token = made_link(screen)

    links.revoke(link=link, now=NOW)
    links.revoke(link=link, now=NOW + timedelta(hours=1))

    assert link.revoked_at == NOW
    with pytest.raises(LinkNotValid):
        found(token)


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: t + "A", lambda t: ""])
def test_a_token_that_is_changed_is_none(screen: Screen, change):
    _, token = made_link(screen)

    with pytest.raises(NoSuchLink):
        found(change(token))


def test_a_token_opens_its_own_screen_alone(screen: Screen, user: User):
    _, token = made_link(screen)
    made_screen(user, "other")

    with pytest.raises(LinkNotValid):
        found(token, name="other")


def test_a_token_of_another_server_is_none(screen: Screen):
    _, token = links.create_link(
        screen=screen, created_by=None, server_secret="another server's", now=NOW
    )

    with pytest.raises(NoSuchLink):
        found(token)


def test_to_make_a_link_is_to_share_by_link_and_nothing_less(screen: Screen):
    made_link(screen)
    assert Screen.objects.get().sharing == screen.sharing == "link"

    services.share(screen=screen, sharing="public")
    made_link(screen)

    assert Screen.objects.get().sharing == "public"


def test_a_link_is_looked_for_among_those_of_its_screen(screen: Screen, user: User):
    link, _ = made_link(made_screen(user, "other"))

    with pytest.raises(UnknownLink):
        links.get_link(screen=screen, link_id=link.pk)


# --- PINs -----------------------------------------------------------------------------------------


def try_pin(link: ScreenLink, pin: str, address: str = "192.0.2.1", after_s: float = 0) -> None:
    now = NOW + timedelta(seconds=after_s)
    links.check_pin(link=link, pin=pin, address=address, now=now)


def test_a_pin_is_stored_by_a_slow_hash_alone(screen: Screen, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    link, _ = made_link(screen, pin="4711")

    assert link.pin_hash.startswith("pbkdf2_sha256$")
    assert "4711" not in str(ScreenLink.objects.values("pin_hash", "note", "prefix"))


def test_the_right_pin_opens_however_often(screen: Screen):
    link, _ = made_link(screen, pin="4711")

    for _ in range(20):
        try_pin(link, "4711")

    assert not WrongPinTry.objects.exists()


@pytest.mark.parametrize("pin", ["", "4712", "471", "47110", "٤٧١١", "4711\0", "x" * 100_000])
def test_any_other_does_not(screen: Screen, pin: str):
    link, _ = made_link(screen, pin="4711")

    with pytest.raises(WrongPin) as refused:
        try_pin(link, pin)

    assert refused.value.attempts_left == links.PINS_PER_ADDRESS - 1


def test_after_five_wrong_ones_an_address_waits_even_with_the_right_one(screen: Screen):
    link, _ = made_link(screen, pin="4711")
    for number in range(links.PINS_PER_ADDRESS):
        with pytest.raises(WrongPin):
            try_pin(link, "0000", after_s=number)

    with pytest.raises(TooManyPins) as refused:
        try_pin(link, "4711", after_s=10)
    try_pin(link, "4711", address="192.0.2.2", after_s=10)

    assert refused.value.retry_after_s == links.PIN_WINDOW_S - 10
    try_pin(link, "4711", after_s=links.PIN_WINDOW_S + 10)


def test_addresses_of_one_network_count_as_one(screen: Screen):
    link, _ = made_link(screen, pin="4711")
    for number in range(links.PINS_PER_ADDRESS):
        with pytest.raises(WrongPin):
            try_pin(link, "0000", address=f"2001:db8::{number + 1}")

    with pytest.raises(TooManyPins):
        try_pin(link, "4711", address="2001:db8:0:0:ffff::1")


def test_many_addresses_together_have_a_limit_too(screen: Screen):
    link, _ = made_link(screen, pin="4711")
    other, _ = made_link(screen, pin="4711")
    for number in range(links.PINS_PER_LINK):
        with pytest.raises(WrongPin):
            try_pin(link, "0000", address=f"198.51.100.{number}")

    with pytest.raises(TooManyPins):
        try_pin(link, "4711", address="203.0.113.1")
    try_pin(other, "4711", address="203.0.113.1")
