import pytest

from tests.contracts.world import World, made_world
from tests.serving import Server


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return made_world(server)
