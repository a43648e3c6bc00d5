import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apiapp.caching.redis_tier import client_of
from tests.apiapp.jobs.stacks import Program, program_is_missing, redis_server


class OwnRedis:
    """A Redis of the test's own, which may be ended, started again and held up."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.url = program.url

    def start(self) -> None:
        self._program.start()

    def kill(self) -> None:
        self._program.kill()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """It takes connections and answers nothing."""
        with client_of(self.url, retries=0) as client:
            pid = client.info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    if missing := program_is_missing("redis", "redis-server"):
        pytest.skip(missing)
    own = OwnRedis(redis_server(tmp_path))
    own.start()
    yield own
    own.kill()
