from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from tests import payment_kills
from tests.serving import PostgresDatabase

KILLS = 3  # `python -m tests.payment_kills 200` for more


def test_no_order_is_charged_twice_or_forgotten_by_kill_9(home: Path):
    """On the database of the test run's kind."""
    environment = {}
    with ExitStack() as opened:
        if settings.DATABASE_URL.startswith("postgres"):
            database = opened.enter_context(PostgresDatabase(is_migrated=True))
            environment["DATABASE_URL"] = database.url
        seen = payment_kills.killed(home, kills=KILLS, environment=environment)

    assert seen.faults == []
    assert seen.kills == KILLS
    assert len(seen.payments) >= KILLS
