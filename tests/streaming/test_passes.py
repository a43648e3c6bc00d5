import asyncio
import threading
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.keys import services as keys
from apiapp.keys.callers import Caller
from streaming import admission, links, passes, services, shown
from streaming.asking import note
from streaming.errors import (
    LinkNotValid,
    NobodyCalls,
    NotForPublishers,
    NotShared,
    NotYours,
    PinWanted,
    ScopeMissing,
    TooManyGuesses,
    TooManyPins,
    TooManyViewers,
    UnknownScreen,
    WrongPin,
)
from streaming.models import Screen, ScreenLink, ViewSession
from tests.streaming.made import made_link, made_screen, person

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_S = 10.0  # for a loaded machine; how long it takes at most is said where it is promised
Scope = dict[str, Any]


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user)


def scope_of(caller: Caller | None = None, *, cookie: str = "", query: str = "") -> Scope:
    headers = [(b"cookie", f"{admission.COOKIE}={cookie}".encode())] if cookie else []
    return {
        "type": "websocket",
        "headers": headers,
        "query_string": query.encode(),
        "client": ("192.0.2.1", 5000),
        "caller": caller,
    }


def with_authorization(value: str) -> Scope:
    return {**scope_of(), "headers": [(b"authorization", value.encode())]}


def basic(name: str, password: str) -> Scope:
    return with_authorization("Basic " + b64encode(f"{name}:{password}".encode()).decode())


def cookie_for(*made: ScreenLink, is_open: bool = True, secret: str = settings.SECRET_KEY) -> str:
    opened: tuple[shown.Opened, ...] = ()
    for link in made:
        opened = shown.with_link(opened, link, is_open=is_open, now=timezone.now())
    return shown.dumps(opened, server_secret=secret)


def link_to(screen: Screen, **fields: Any) -> tuple[ScreenLink, str]:
    return made_link(screen, now=timezone.now(), **fields)


def let_in(scope: Scope, name: str = "team") -> passes.Pass:
    """The pass that it was let in with, and left again.  Raises what it was refused with."""

    async def come_and_go() -> passes.Pass:
        async with await admission.admit(scope, name) as held:
            return held

    return asyncio.run(come_and_go())


# --- who is let in --------------------------------------------------------------------------------


def test_its_owner_and_staff_may_look_at_a_screen_that_is_not_shared(
    screen: Screen, user: User, staff: User
):
    assert let_in(scope_of(person(user))).user_id == user.pk
    assert let_in(scope_of(person(staff))).label == "carol"


def test_so_may_a_key_of_staff_with_the_scope_screens_alone(screen: Screen, staff: User):
    def key_with(scope: str) -> Caller:
        return Caller(user=staff, scopes=frozenset({scope}), key_prefix="0123456789ab")

    assert let_in(scope_of(key_with("screens"))).user_id == staff.pk
    with pytest.raises(ScopeMissing):
        let_in(scope_of(key_with("uploads")))


@pytest.mark.parametrize("name", ["team", "no-such", "..", "share", "\0", "x" * 300])
def test_others_learn_nothing_of_it_not_even_that_it_is_there(
    screen: Screen, other_user: User, name: str
):
    with pytest.raises(UnknownScreen):
        let_in(scope_of(person(other_user)), name)
    with pytest.raises(NobodyCalls):
        let_in(scope_of(), name)


def test_a_public_screen_is_everybodys_to_look_at(screen: Screen, other_user: User):
    services.share(screen=screen, sharing="public")

    assert let_in(scope_of()).user_id is None
    assert let_in(scope_of(person(other_user))).label == "bob"


@pytest.mark.parametrize("name", ["team", "no-such"])
def test_a_key_needs_the_scope_screens(screen: Screen, user: User, name: str):
    caller = Caller(user=user, scopes=frozenset({"uploads"}), key_prefix="abc")

    with pytest.raises(ScopeMissing):
        let_in(scope_of(caller), name)


def test_main_is_there_when_it_is_asked_for(staff: User):
    held = let_in(scope_of(person(staff)), "main")

    assert (held.name, held.source) == ("main", "local")


@pytest.mark.parametrize("way", ["bearer", "basic", "query"])
def test_a_token_opens_it_in_each_way_that_players_know(screen: Screen, way: str):
    link, token = link_to(screen, note="the client")
    scope = {
        "bearer": with_authorization(f"Bearer {token}"),
        "basic": basic("", token),
        "query": scope_of(query=f"codec=jpeg&token={token}"),
    }[way]

    held = let_in(scope)

    assert (held.link_id, held.user_id, held.label) == (link.pk, None, "the client")


def test_a_link_that_was_opened_opens_it_by_its_cookie(screen: Screen):
    link, _ = link_to(screen)

    assert let_in(scope_of(cookie=cookie_for(link))).link_id == link.pk


def test_of_several_links_the_newest_that_is_good_counts(screen: Screen, user: User):
    made = [link_to(screen)[0] for _ in range(3)]
    elsewhere, _ = link_to(made_screen(user, "other"))
    links.revoke(link=made[2], now=timezone.now())

    held = let_in(scope_of(cookie=cookie_for(*made, elsewhere)))

    assert held.link_id == made[1].pk


# --- and who is not -------------------------------------------------------------------------------


def test_a_token_is_no_good_after_its_end(screen: Screen):
    expired, old = made_link(screen, now=timezone.now() - timedelta(hours=1), expires_s=60)
    revoked, taken = link_to(screen)
    links.revoke(link=revoked, now=timezone.now())

    for token in (old, taken):
        with pytest.raises(LinkNotValid):
            let_in(scope_of(query=f"token={token}"))
    for link in (revoked,):
        with pytest.raises(LinkNotValid):
            let_in(scope_of(cookie=cookie_for(link)))


def test_a_link_is_no_good_while_sharing_is_off(screen: Screen):
    link, token = link_to(screen)
    services.share(screen=screen, sharing="off")

    for scope in (scope_of(query=f"token={token}"), scope_of(cookie=cookie_for(link))):
        with pytest.raises(NotShared):
            let_in(scope)


def test_a_wrong_token_is_not_made_good_by_a_cookie_or_a_caller(screen: Screen, user: User):
    link, _ = link_to(screen)

    with pytest.raises(LinkNotValid):
        let_in(scope_of(person(user), query="token=slk_wrong", cookie=cookie_for(link)))


def test_a_cookie_that_is_not_ours_opens_nothing(screen: Screen):
    link, _ = link_to(screen)
    ours = cookie_for(link)
    forged = [
        cookie_for(link, secret="another server's"),
        ours[:-1] + ("A" if ours[-1] != "A" else "B"),
        ours.partition(":")[0],
        "[[1, 2, true, 99999999999]]",
        "\x80",
        "x" * 5000,
    ]

    for cookie in forged:
        scope = scope_of()
        scope["headers"] = [(b"cookie", f"{admission.COOKIE}={cookie}".encode("latin1"))]
        with pytest.raises(NobodyCalls):
            let_in(scope)


def test_a_cookie_does_not_open_another_link_that_got_its_number(screen: Screen):
    link, _ = link_to(screen)
    cookie = cookie_for(link)
    ScreenLink.objects.filter(pk=link.pk).update(token_hmac="0" * 64)

    with pytest.raises(NobodyCalls):
        let_in(scope_of(cookie=cookie))


def test_a_pin_is_wanted_once_by_the_page_and_each_time_beside_a_token(screen: Screen):
    link, token = link_to(screen, pin="4711")

    with pytest.raises(PinWanted):
        let_in(scope_of(cookie=cookie_for(link, is_open=False)))
    with pytest.raises(PinWanted):
        let_in(scope_of(query=f"token={token}"))
    with pytest.raises(WrongPin):
        let_in(basic("0815", token))
    assert let_in(basic("4711", token)).link_id == link.pk
    assert let_in(scope_of(cookie=cookie_for(link))).link_id == link.pk


def test_pins_cannot_be_tried_out_over_sockets(screen: Screen):
    _, token = link_to(screen, pin="4711")
    for _ in range(links.PINS_PER_ADDRESS):
        with pytest.raises(WrongPin):
            let_in(basic("0000", token))

    with pytest.raises(TooManyPins):
        let_in(basic("4711", token))


def test_neither_can_tokens(screen: Screen, settings: Any):
    settings.RATE_LIMIT_ENABLED = True
    _, token = link_to(screen)
    scope = {**scope_of(query="token=slk_guess"), "client": ("192.0.2.77", 1)}
    guesses = settings.RATE_LIMITS["logins"][0].count
    for _ in range(guesses):
        with pytest.raises(LinkNotValid):
            admission.grant_for(name="team", shown=shown_by(scope), now=timezone.now())

    with pytest.raises(TooManyGuesses) as refused:
        let_in({**scope, "query_string": f"token={token}".encode()})

    assert refused.value.retry_after_s > 0
    assert let_in(scope_of(query=f"token={token}")).label


def shown_by(scope: Scope) -> shown.Shown:
    secret = settings.SECRET_KEY
    return shown.shown_by(scope, cookie="", server_secret=secret, now=timezone.now())


# --- who is sent away -----------------------------------------------------------------------------


async def reason_after(scope: Scope, act: Callable[[], Any], name: str = "team") -> str:
    """Why a pass was taken back after `act`."""
    async with await admission.admit(scope, name) as held:
        assert not held.closed.done()
        await asyncio.to_thread(act)
        error = await asyncio.wait_for(held.closed, WITHIN_S)
    return error.reason


ENDS: dict[str, tuple[Callable[[Screen, ScreenLink], Any], str]] = {
    "revoked": (lambda _, link: links.revoke(link=link, now=timezone.now()), "link-not-valid"),
    "expired": (
        lambda _, link: ScreenLink.objects.filter(pk=link.pk).update(expires_at=timezone.now()),
        "link-not-valid",
    ),
    "link deleted": (lambda _, link: link.delete(), "link-not-valid"),
    "not shared": (lambda screen, _: services.share(screen=screen, sharing="off"), "not-shared"),
    "stopped": (lambda screen, _: services.stop(screen=screen, now=timezone.now()), "stopped"),
    "another source": (
        lambda screen, _: Screen.objects.filter(pk=screen.pk).update(source="pattern"),
        "source-changed",
    ),
    "deleted": (
        lambda screen, _: services.delete_screen(screen=screen, now=timezone.now()),
        "deleted",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_who_looks_by_a_link_is_sent_away_when_it_ends(screen: Screen, end: str):
    link, token = link_to(screen)
    act, reason = ENDS[end]

    by = scope_of(query=f"token={token}")
    assert asyncio.run(reason_after(by, lambda: act(screen, link))) == reason


def test_so_is_anybody_when_a_screen_is_not_public_any_more(screen: Screen):
    services.share(screen=screen, sharing="public")

    reason = asyncio.run(
        reason_after(scope_of(), lambda: services.share(screen=screen, sharing="link"))
    )

    assert reason == "not-shared"


def test_and_its_owner_when_their_user_is_disabled(screen: Screen, user: User):
    def disable() -> None:
        User.objects.filter(pk=user.pk).update(is_active=False)

    assert asyncio.run(reason_after(scope_of(person(user)), disable)) == "not-allowed"


def test_and_staff_who_are_staff_no_longer(screen: Screen, staff: User):
    def demote() -> None:
        User.objects.filter(pk=staff.pk).update(is_staff=False)

    assert asyncio.run(reason_after(scope_of(person(staff)), demote)) == "not-allowed"


@pytest.mark.parametrize("end", ["revoked", "expired", "other scopes"])
def test_and_who_showed_a_key_that_is_good_no_longer(screen: Screen, user: User, end: str):
    secret = settings.SECRET_KEY
    key, raw = keys.create_api_key(
        owner=user, name="test", key_scopes=["screens"], server_secret=secret
    )
    caller = keys.caller_for_key(raw=raw, server_secret=secret, now=timezone.now())

    def act() -> None:
        if end == "revoked":
            keys.revoke(key=key, now=timezone.now())
            return
        key.expires_at = timezone.now() if end == "expired" else None
        key.scopes = ["uploads"] if end == "other scopes" else key.scopes
        key.save()

    assert asyncio.run(reason_after(scope_of(caller), act)) == "not-allowed"


def test_who_may_still_look_stays(screen: Screen, user: User):
    _, token = link_to(screen)
    other, _ = link_to(screen)

    async def scenario() -> list[bool]:
        by_link = await admission.admit(scope_of(query=f"token={token}"), "team")
        by_other = await admission.admit(scope_of(cookie=cookie_for(other)), "team")
        own = await admission.admit(scope_of(person(user)), "team")
        await asyncio.to_thread(links.revoke, link=other, now=timezone.now())
        await asyncio.wait_for(by_other.closed, WITHIN_S)
        is_gone = [each.closed.done() for each in (by_link, by_other, own)]
        for each in (by_link, by_other, own):
            await each.release()
        return is_gone

    assert asyncio.run(scenario()) == [False, True, False]


# --- sessions -------------------------------------------------------------------------------------


def test_a_session_lasts_from_coming_to_going(screen: Screen):
    link, token = link_to(screen)

    async def watch() -> None:
        async with await admission.admit(scope_of(query=f"token={token}"), "team") as held:
            await held.begin_session("h264")
            held.frames, held.sent_bytes, held.dropped = 30, 4000, 1

    asyncio.run(watch())

    session = ViewSession.objects.get()
    assert (session.screen, session.link, session.codec) == (screen, link, "h264")
    assert (session.frames, session.sent_bytes, session.dropped) == (30, 4000, 1)
    assert (session.address, session.end_reason) == ("192.0.2.1", "left")
    assert session.ended_at


def test_a_session_says_why_its_viewer_was_sent_away(screen: Screen, user: User):
    async def watch() -> None:
        async with await admission.admit(scope_of(person(user)), "team") as held:
            await held.begin_session("tiles")
            await asyncio.to_thread(services.stop, screen=screen, now=timezone.now())
            await asyncio.wait_for(held.closed, WITHIN_S)

    asyncio.run(watch())

    assert ViewSession.objects.get().end_reason == "stopped"


def test_who_is_cut_off_while_going_is_noted_all_the_same(screen: Screen, user: User):
    async def watch() -> None:
        held = await admission.admit(scope_of(person(user)), "team")
        await held.begin_session("tiles")
        going = asyncio.create_task(held.release())
        await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait({going})
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run(watch())

    assert ViewSession.objects.get().end_reason == "left"


def test_who_leaves_while_their_session_begins_leaves_none_that_goes_on(screen: Screen, user: User):
    may_begin = threading.Event()

    async def watch() -> None:
        waiting = asyncio.create_task(note(lambda: may_begin.wait(WITHIN_S)))
        held = await admission.admit(scope_of(person(user)), "team")
        beginning = asyncio.create_task(held.begin_session("tiles"))
        await asyncio.sleep(0)
        beginning.cancel()
        await asyncio.wait({beginning})
        going = asyncio.create_task(held.release())
        may_begin.set()
        await asyncio.gather(waiting, going)

    asyncio.run(watch())

    session = ViewSession.objects.get()
    assert (session.end_reason, session.frames) == ("left", 0)


def test_one_process_has_a_limit_for_each_screen(screen: Screen, user: User, settings: Any):
    settings.SCREEN_MAX_VIEWERS = 1

    async def scenario() -> None:
        first = await admission.admit(scope_of(person(user)), "team")
        second = await admission.admit(scope_of(person(user)), "team")
        await first.begin_session("h264")
        try:
            with pytest.raises(TooManyViewers):
                await second.begin_session("h264")
        finally:
            await second.release()
            await first.release()

    asyncio.run(scenario())


# --- publishers -----------------------------------------------------------------------------------


async def publish(caller: Caller | None, name: str = "team") -> passes.Pass:
    return await admission.admit_publisher(scope_of(caller), name)


async def come_to_publish(caller: Caller | None, name: str = "team") -> None:
    await (await publish(caller, name)).release()


def test_its_owner_publishes_a_screen_and_nobody_else_does(
    screen: Screen, user: User, other_user: User, staff: User
):
    asyncio.run(come_to_publish(person(user)))
    asyncio.run(come_to_publish(person(staff)))

    with pytest.raises(UnknownScreen):
        asyncio.run(come_to_publish(person(other_user)))
    with pytest.raises(NobodyCalls):
        asyncio.run(come_to_publish(None))
    with pytest.raises(ScopeMissing):
        asyncio.run(come_to_publish(Caller(user=user, scopes=frozenset({"uploads"}))))
    services.share(screen=screen, sharing="public")
    with pytest.raises(NotYours):
        asyncio.run(come_to_publish(person(other_user)))


def test_what_the_server_sees_is_not_published_over(staff: User):
    made_screen(staff, source="pattern")

    with pytest.raises(NotForPublishers):
        asyncio.run(come_to_publish(person(staff)))


def test_the_newest_publisher_replaces_the_one_before(screen: Screen, user: User):
    async def scenario() -> tuple[str, bool]:
        first = await publish(person(user))
        second = await publish(person(user))
        error = await asyncio.wait_for(first.closed, WITHIN_S)
        await first.release()
        is_there = await asyncio.to_thread(has_publisher, screen)
        await second.release()
        return error.reason, is_there

    assert asyncio.run(scenario()) == ("replaced", True)
    assert not has_publisher(screen)


def has_publisher(screen: Screen) -> bool:
    screen.refresh_from_db()
    return services.has_publisher(screen, now=timezone.now())


def test_a_publisher_is_stopped_with_its_screen(screen: Screen, user: User):
    async def scenario() -> str:
        held = await publish(person(user))
        await asyncio.to_thread(services.stop, screen=screen, now=timezone.now())
        error = await asyncio.wait_for(held.closed, WITHIN_S)
        await held.release()
        return error.reason

    assert asyncio.run(scenario()) == "stopped"
