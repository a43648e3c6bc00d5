from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from apiapp.outbound.client.client import Client
from apiapp.outbound.client.guard import Policy
from tests.apiapp.outbound.hostile_server import HostileServer

LOCAL = Policy(allow_private=True)
MakeClient = Callable[..., Client]


@pytest.fixture
def there() -> Iterator[HostileServer]:
    """The other side."""
    with HostileServer() as server:
        yield server


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Clients that wait for nothing between attempts, and to whom every name is 127.0.0.1."""
    with ExitStack() as made:

        def make(**parts: Any) -> Client:
            usual = {"resolver": lambda _name, _port: ["127.0.0.1"], "sleep": lambda _wait_s: None}
            return made.enter_context(Client(**{**usual, **parts}))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
