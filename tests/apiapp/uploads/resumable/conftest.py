"""As for tus: rows are really committed, as several threads look at them; then deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from apiapp.keys.callers import Caller
from apiapp.problems import problem_for
from apiapp.uploads.arriving import Terms
from apiapp.uploads.engine import Engine
from apiapp.uploads.resumable_receive import ResumableReceiver
from tests.apiapp.uploads.appended import conftest as appended
from tests.apiapp.uploads.resumable.resumable_requests import ResumableClient

transactional_db, committed = appended.transactional_db, appended.committed
caller, other_caller = appended.caller, appended.other_caller
clock, limits, terms = appended.clock, appended.limits, appended.terms


@pytest.fixture
def engine(terms: Terms) -> Engine:
    return Engine(terms)


@pytest.fixture
def receiver(committed: None, engine: Engine) -> Iterator[ResumableReceiver]:
    receiver = ResumableReceiver(engine=engine, problem_for=problem_for, idle_s=5.0, threads=4)
    yield receiver
    receiver.close()


@pytest.fixture
def client(receiver: ResumableReceiver, caller: Caller, key_for: Any) -> ResumableClient:
    return ResumableClient(receiver, {"Authorization": f"Bearer {key_for(caller.user)}"})


@pytest.fixture
def other(receiver: ResumableReceiver, other_caller: Caller, key_for: Any) -> ResumableClient:
    return ResumableClient(receiver, {"Authorization": f"Bearer {key_for(other_caller.user)}"})
