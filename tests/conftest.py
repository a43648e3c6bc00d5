"""Fixtures that every part of the suite shares."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from rest_framework.test import APIClient
from whitenoise.middleware import WhiteNoiseMiddleware

from apiapp.examples.services import open_rows
from apiapp.keys import scopes, services
from apiapp.keys.known import known_keys
from tests.emptying import empty_tables
from tests.needs import NEEDS, REQUIRED
from tests.serving import PostgresDatabase, Server, drop_template

KeyFor = Callable[..., str]

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.load_profile("any-machine")


# Modules that take long in few tests: begun last, each would keep one worker alone at the end.
FIRST = (
    "test_schemathesis",
    "test_kills",
    "test_durability",
    "test_crashes",
    "test_resume",
    "test_screens",
    "test_examples",
    "test_import",
    "test_docs",
    "test_a_file_arrives",
    "test_serve",
)


def pytest_xdist_auto_num_workers() -> int | None:
    """Half as many again as there are cores: of a worker's time a good third is waiting, for a
    server to start, a page to draw, a thread to notice.  None: what the environment says.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        cores = len(os.sched_getaffinity(0))
    return cores + cores // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; skip what needs something that is not here, unless
    SLUICE_REQUIRE demands it.
    """
    items.sort(key=lambda item: not item.path.stem.startswith(FIRST))
    for name, (is_there, reason) in NEEDS.items():
        wanting = [item for item in items if item.get_closest_marker(name)]
        if not wanting or name in REQUIRED or is_there():
            continue
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason=reason))
    if REQUIRED:
        for item in items:
            if uses_other_processes(item):
                item.add_marker(pytest.mark.flaky(reruns=1))


def uses_other_processes(item: pytest.Item) -> bool:
    """Whether the test rests on what others do in time: a browser, a server, a broker.

    Where all is required, one of some two thousand such tests meets a moment that it does not
    foresee every few runs.  It gets a second try, and the report names it (RERUN): each is a fault
    of the test or of ours, to be found.
    """
    names = getattr(item, "fixturenames", ())
    return "server" in names or any(item.get_closest_marker(name) for name in NEEDS)


@pytest.fixture(autouse=True)
def _required_parts_are_there(request: pytest.FixtureRequest) -> None:
    for name in REQUIRED & set(NEEDS):
        if request.node.get_closest_marker(name):
            is_there, reason = NEEDS[name]
            assert is_there(), f"SLUICE_REQUIRE names {name}, but {reason}"


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_cheaply() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_listed_once() -> Iterator[None]:
    """Each test client has middleware of its own, and to list all files takes it 25 ms of CPU."""
    list_files = WhiteNoiseMiddleware.add_files_from_finders
    listed: dict[str, Any] = {}

    def add_listed(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_files(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_listed)
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        drop_template()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """What a thread still writes would meet the emptying of its tables: a deadlock on PostgreSQL."""
    open_rows.settle()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On PostgreSQL both aliases are one database, of which Django migrates the first alone."""
    with django_db_blocker.unblock():
        # Unless some test asks for it, the alias still means the database of the settings.
        names = {connections[alias].settings_dict["NAME"] for alias in ("default", "datasets")}
        if connections["datasets"].vendor == "postgresql" and len(names) == 1:
            call_command("migrate", database="datasets", verbosity=0)
    yield
    connections["datasets"].close()  # or the database could not be dropped


@pytest.fixture(autouse=True)
def _keys_are_looked_up_anew() -> None:
    known_keys().clear()


@pytest.fixture(autouse=True)
def _passwords_are_hashed_fast(settings: Any) -> None:
    """Django's own hasher takes a quarter of a second by design; every `user` would pay it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to be a SLUICE_HOME."""
    return tmp_path / "home"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("alice", password="alices-passphrase")


@pytest.fixture
def other_user(db: None) -> User:
    return User.objects.create_user("bob", password="bobs-passphrase")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("carol", password="carols-passphrase")


@pytest.fixture
def key_for() -> KeyFor:
    """key_for(user, "uploads", ...) -> an API key; no scope: all of them."""

    def make(owner: User, *wanted: str) -> str:
        _, key = services.create_api_key(
            owner=owner,
            name="test",
            key_scopes=wanted or scopes.ALL_SCOPES,
            server_secret=project.SECRET_KEY,
        )
        return key

    return make


@pytest.fixture
def api(key_for: KeyFor) -> Callable[[User], APIClient]:
    """api(user) -> a client that shows a key of that user with every scope."""

    def client_of(owner: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(owner)}")
        return client

    return client_of


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server, shared by the tests of one process; on the database of the test run's kind."""
    home = tmp_path_factory.mktemp("server") / "home"
    if project.DATABASE_URL.startswith("postgres"):
        with (
            PostgresDatabase(is_migrated=True) as database,
            Server(home, {"DATABASE_URL": database.url}) as run,
        ):
            yield run
        return
    with Server(home) as run:
        yield run
