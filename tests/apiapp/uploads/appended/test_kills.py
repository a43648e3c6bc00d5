from pathlib import Path

from tests import kills
from tests.kill_ways import WAYS

KILLS = 20  # `python -m tests.kills 200` for more


def test_nothing_that_was_told_is_lost_by_kill_9(home: Path):
    seen = kills.killed(home, kills=KILLS)

    assert seen.losses == []
    assert seen.kills == KILLS
    assert seen.cuts > KILLS // 2
    assert len(seen.files) >= len(WAYS) // 2  # on a slow machine not each gets a whole file through
