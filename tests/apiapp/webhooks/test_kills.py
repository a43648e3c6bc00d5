from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from tests import webhook_kills
from tests.serving import PostgresDatabase

KILLS = 3  # `python -m tests.webhook_kills 200` for more


@pytest.mark.parametrize("seed", [1, 2])
def test_every_event_arrives_under_one_id_though_the_worker_is_killed(home: Path, seed: int):
    """On the database of the test run's kind."""
    environment = {}
    with ExitStack() as opened:
        if settings.DATABASE_URL.startswith("postgres"):
            database = opened.enter_context(PostgresDatabase(is_migrated=True))
            environment["DATABASE_URL"] = database.url
        seen = webhook_kills.killed(home, kills=KILLS, seed=seed, environment=environment)

    assert seen.faults == []
    assert seen.kills == KILLS
    assert seen.taken == set(seen.told)
    assert len(seen.told) >= KILLS
