"""Rows are really committed here, as several threads and processes look at them; then deleted."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from apiapp.jobs.models import Job
from apiapp.keys.callers import Caller, person
from apiapp.problems import problem_for
from apiapp.uploads.arriving import Terms
from apiapp.uploads.engine import Engine
from apiapp.uploads.services import MERGE_TASK, Limits
from apiapp.uploads.storage import FileStore
from apiapp.uploads.tus_receive import TusReceiver
from tests.apiapp.uploads.appended.tus_requests import TusClient
from tests.apiapp.uploads.made import NOW

MIB = 2**20


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's, which would empty every table after every test.

    By this name it is known that a database is needed, if nothing else is run.
    """
    with django_db_blocker.unblock():
        yield
        Job.objects.filter(task=MERGE_TASK).delete()
        User.objects.filter(username__in=("alice", "bob")).delete()


@pytest.fixture
def committed(transactional_db: None) -> None:
    """What is written here can be seen by others, and is deleted in the end."""


@pytest.fixture
def caller(committed: None) -> Caller:
    return person(User.objects.create(username="alice"))


@pytest.fixture
def other_caller(committed: None) -> Caller:
    return person(User.objects.create(username="bob"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits() -> Limits:
    return Limits(file_bytes=8 * MIB, user_bytes=20 * MIB, chunk_bytes=MIB, expires_s=3600.0)


@pytest.fixture
def terms(store: FileStore, limits: Limits, clock: Clock) -> Terms:
    return Terms(store=store, limits=limits, clock=clock)


@pytest.fixture
def receiver(committed: None, terms: Terms) -> Iterator[TusReceiver]:
    receiver = TusReceiver(engine=Engine(terms), problem_for=problem_for, idle_s=5.0, threads=4)
    yield receiver
    receiver.close()


@pytest.fixture
def tus(receiver: TusReceiver, caller: Caller, key_for: Any) -> TusClient:
    return TusClient(receiver, {"Authorization": f"Bearer {key_for(caller.user)}"})


@pytest.fixture
def other(receiver: TusReceiver, other_caller: Caller, key_for: Any) -> TusClient:
    return TusClient(receiver, {"Authorization": f"Bearer {key_for(other_caller.user)}"})
