"""Fixtures that every part of the suite shares."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from rest_framework.test import APIClient

from apiapp.keys import scopes, services
from tests.needs import NEEDS, REQUIRED
from tests.serving import PostgresDatabase, Server

KeyFor = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs something that is not here, unless SLUICE_REQUIRE demands it."""
    for name, (is_there, reason) in NEEDS.items():
        wanting = [item for item in items if item.get_closest_marker(name)]
        if not wanting or name in REQUIRED or is_there():
            continue
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _required_parts_are_there(request: pytest.FixtureRequest) -> None:
    for name in REQUIRED & set(NEEDS):
        if request.node.get_closest_marker(name):
            is_there, reason = NEEDS[name]
            assert is_there(), f"SLUICE_REQUIRE names {name}, but {reason}"


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
    services.key_cache.clear()


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
        with PostgresDatabase() as database, Server(home, {"DATABASE_URL": database.url}) as run:
            yield run
        return
    with Server(home) as run:
        yield run
