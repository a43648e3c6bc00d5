"""What processes count beside requests: one sum, whoever counted, and whichever of them is gone."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from apiapp.monitoring import counts
from apiapp.monitoring.models import ProcessCount
from apiapp.monitoring.recording import Recorder
from apiapp.monitoring.tally import Tally

pytestmark = pytest.mark.django_db(databases="__all__")

KEY = ("log_lines_dropped", "access")
FORKED = """
import os
import apiapp.monitoring.recording as recording
from apiapp.monitoring import counts
counted = {("log_lines_dropped", "access"): 5}
recorder = recording.Recorder(recording.tally, lambda: dict(counted))
recorder.write()
recording.connection.close()
pid = os.fork()
counted["log_lines_dropped", "access"] += 2 if pid else 3
recorder.write()
if not pid:
    counted["log_lines_dropped", "access"] += 3
    recorder.write()
    os._exit(0)
os.waitpid(pid, 0)
print(counts.totals())
"""


def recorder_of(counted: dict[tuple[str, str], int]) -> Recorder:
    return Recorder(Tally(), lambda: dict(counted))


def test_what_several_processes_counted_is_added_up_and_nothing_counted_twice():
    one, other = {KEY: 2}, {KEY: 3}
    of_one, of_other = recorder_of(one), recorder_of(other)

    for _ in range(2):
        of_one.write()
        of_other.write()
    one[KEY] = 7
    of_one.write()

    assert counts.totals() == {KEY: 10}


def test_a_process_that_counted_nothing_writes_nothing():
    recorder_of({KEY: 0}).write()

    assert not ProcessCount.objects.exists()


def test_the_counts_of_processes_that_are_gone_stay_and_those_that_live_are_left_alone():
    for count in (2, 3):
        recorder_of({KEY: count}).write()
    later = timezone.now() + timedelta(days=3)
    living = recorder_of({KEY: 4})
    living.write()
    ProcessCount.objects.filter(value=4).update(written_at=later)

    folded = [counts.fold(now=later), counts.fold(now=later)]
    living.write()

    assert folded == [2, 0]
    assert counts.totals() == {KEY: 9}
    assert ProcessCount.objects.count() == 2


def test_a_process_that_lives_says_so_though_it_counts_nothing_new():
    now = timezone.now()
    writer = counts.CountWriter(lambda: {KEY: 1}, writer="a", before={})

    for hours in (0, 0.5, 2):
        writer.write(now=now + timedelta(hours=hours))

    assert ProcessCount.objects.get().written_at == now + timedelta(hours=2)


def test_a_fork_does_not_count_again_what_its_parent_counted(home: Any):
    from tests.lives import Lives  # noqa: PLC0415 - of processes, as this test alone is
    from tests.serving import prepared_home  # noqa: PLC0415

    prepared_home.copy_to(home)
    environment = Lives(home).environment

    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", FORKED],
        cwd=settings.BASE_DIR,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    # 7 of the parent's, and 3 of the child's that came once it knew that it is one.
    assert told.stdout.strip() == "{('log_lines_dropped', 'access'): 10}", told.stderr
