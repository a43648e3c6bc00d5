import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from streaming import sessions
from streaming.errors import TooManyViewers, UnknownScreen
from streaming.models import Screen, ScreenLink, ViewSession
from streaming.sessions import Figures
from tests.streaming.made import NOW, made_link, made_screen

pytestmark = pytest.mark.django_db


@pytest.fixture
def screen(user: User) -> Screen:
    return made_screen(user, max_viewers=2)


def begin(screen_id: int, after_s: float = 0, **fields: Any) -> ViewSession:
    given = {"link_id": None, "user_id": None, "who": "alice", "address": "192.0.2.1"}
    return sessions.begin(
        screen_id=screen_id,
        codec="h264",
        now=NOW + timedelta(seconds=after_s),
        **{**given, **fields},
    )


def watching(after_s: float = 0) -> int:
    now = NOW + timedelta(seconds=after_s)
    return sessions.screens_with_viewers(Screen.objects.all(), now=now).get().viewers


def test_a_session_has_what_was_sent_and_why_it_ended(screen: Screen, user: User):
    begun = begin(screen.pk, user_id=user.pk)

    sessions.end(figures=Figures(begun.pk, 9, 1000, 2), reason="left", now=NOW)

    begun.refresh_from_db()
    assert (begun.frames, begun.sent_bytes, begun.dropped) == (9, 1000, 2)
    assert (begun.ended_at, begun.end_reason, begun.user) == (NOW, "left", user)


def test_viewers_are_counted_while_somebody_speaks_for_them(screen: Screen):
    first = begin(screen.pk)
    begin(screen.pk)
    assert watching() == 2

    sessions.beat(figures=[Figures(first.pk, 5, 50, 0)], now=NOW + timedelta(seconds=15))

    assert watching(after_s=25) == 1
    first.refresh_from_db()
    assert (first.frames, first.sent_bytes) == (5, 50)


def test_how_late_pictures_are_is_the_mean_of_what_viewers_say(screen: Screen):
    first, second = begin(screen.pk), begin(screen.pk)
    assert sessions.watched(now=NOW).latency_ms is None

    said = [Figures(first.pk, 5, 50, 0, 30.0), Figures(second.pk, 5, 50, 0)]
    sessions.beat(figures=said, now=NOW)
    assert sessions.watched(now=NOW).latency_ms == 30
    sessions.beat(figures=[Figures(second.pk, 6, 60, 0, 50.0)], now=NOW)

    assert sessions.watched(now=NOW).latency_ms == 40


def test_a_full_screen_lets_in_the_next_one_who_comes_after_somebody_left(screen: Screen):
    first, _ = begin(screen.pk), begin(screen.pk)
    with pytest.raises(TooManyViewers) as refused:
        begin(screen.pk)

    sessions.end(figures=Figures(first.pk, 0, 0, 0), reason="left", now=NOW)

    assert refused.value.limit == 2
    assert begin(screen.pk).pk


def test_a_link_has_a_limit_of_its_own(screen: Screen):
    link, _ = made_link(screen, max_viewers=1)
    begin(screen.pk, link_id=link.pk)

    with pytest.raises(TooManyViewers):
        begin(screen.pk, link_id=link.pk)
    begin(screen.pk)
    shown = sessions.links_with_viewers(ScreenLink.objects.all(), now=NOW).get()

    assert shown.viewers == 1


def test_the_dead_do_not_take_up_room_and_are_noted_as_lost(screen: Screen):
    lost = [begin(screen.pk), begin(screen.pk)]

    begin(screen.pk, after_s=60)

    for each in lost:
        each.refresh_from_db()
        assert (each.ended_at, each.end_reason) == (NOW, "lost")


def test_old_sessions_are_forgotten(screen: Screen):
    old = begin(screen.pk)

    begin(screen.pk, after_s=sessions.KEPT_S + 60)

    assert not ViewSession.objects.filter(pk=old.pk).exists()


def test_nobody_watches_a_screen_that_was_deleted(screen: Screen):
    screen_id = screen.pk
    screen.delete()

    with pytest.raises(UnknownScreen):
        begin(screen_id)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_as_many_get_in_as_there_is_room_for(user: User):
    screen = made_screen(user, max_viewers=3)
    answers = []

    def come() -> None:
        try:
            begin(screen.pk)
            answers.append("in")
        except TooManyViewers:
            answers.append("full")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["full"] * 5 + ["in"] * 3
