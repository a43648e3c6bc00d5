import asyncio
import threading
from typing import Any

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from apiapp.jobs import feed, services
from apiapp.jobs.errors import TooManyFollowed
from apiapp.jobs.feed import MAX_FOLLOWED, Follower, JobFeed
from apiapp.jobs.models import Job
from apiapp.keys.callers import person

NOW = timezone.now()


def job(pk: int, **columns: Any) -> Job:
    return Job(pk=pk, task="tests.any", run_at=NOW, **columns)


async def test_a_slow_reader_is_told_only_the_newest_state_of_each_job():
    follower = Follower(person(User(pk=1)))
    for done in range(1000):
        follower.offer(job(1, done=done))
    follower.offer(job(2))

    told = await follower.news()

    assert {pk: each and each.done for pk, each in told.items()} == {1: 999, 2: 0}


async def test_a_state_that_did_not_change_is_not_told_again():
    follower = Follower(person(User(pk=1)))
    follower.offer(job(1, done=5))
    await follower.news()
    follower.offer(job(1, done=5, lease_token="renewed"))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(follower.news(), 0.05)


@pytest.mark.django_db(databases="__all__", transaction=True)
async def test_jobs_that_have_ended_make_room_for_others_to_follow(user):
    now = timezone.now()
    wanted = {"task": "tests.any", "owner": user, "run_at": now}
    rows = [Job(**wanted) for _ in range(MAX_FOLLOWED + 1)]
    made = [each.pk for each in await in_thread(Job.objects.bulk_create)(rows)]
    jobs = JobFeed()
    follower = jobs.join(person(user))

    await jobs.follow(follower, made[:-1])
    with pytest.raises(TooManyFollowed):
        await jobs.follow(follower, made[-1:])
    await in_thread(Job.objects.filter(pk=made[0]).update)(state="succeeded")
    await follower.news()
    await follower.news()  # the poll has seen the end of the first
    unknown = await jobs.follow(follower, made[-1:])
    jobs.leave(follower)

    assert unknown == set()
    assert follower.ids == set(made[1:])


@pytest.mark.django_db(databases="__all__", transaction=True)
async def test_the_rows_are_asked_for_once_for_all_followers_and_not_without_any(user, monkeypatch):
    polled: list[int] = []
    has_polled_twice = threading.Event()
    ask = feed.followed

    def counting(followers: list[Follower]) -> list[Job]:
        polled.append(len(followers))
        if len(polled) == 2:
            has_polled_twice.set()
        return ask(followers)

    monkeypatch.setattr(feed, "followed", counting)
    jobs = JobFeed()
    readers = [jobs.join(person(user)) for _ in range(3)]
    await asyncio.to_thread(has_polled_twice.wait, 5)
    for reader in readers:
        jobs.leave(reader)
    before = len(polled)
    await asyncio.sleep(feed.POLL_S * 2)

    assert polled == [3] * before


@pytest.mark.django_db(databases="__all__", transaction=True)
async def test_a_database_that_was_away_is_asked_again(user, monkeypatch):
    row = await in_thread(services.enqueue)(
        task="tests.any", kwargs={}, owner=user, now=timezone.now()
    )
    jobs = JobFeed()
    follower = jobs.join(person(user))
    await jobs.follow(follower, [row.pk])
    await follower.news()

    def break_connection() -> None:
        connections["default"].close()
        connections["default"].connect()
        connections["default"].connection.close()

    await jobs._ask(break_connection)
    await in_thread(Job.objects.filter(pk=row.pk).update)(done=7)
    told = await asyncio.wait_for(follower.news(), 5)
    jobs.leave(follower)

    changed = told[row.pk]
    assert changed
    assert changed.done == 7
