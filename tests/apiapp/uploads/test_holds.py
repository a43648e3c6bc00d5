import subprocess
import sys
from pathlib import Path

import pytest

from apiapp.uploads.errors import WriterStopped
from apiapp.uploads.holds import is_at, take_hold

HOLDS = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    return path


def test_one_at_a_time_holds_a_file(path: Path):
    first = take_hold(path)
    assert first

    assert take_hold(path) is None

    first.close()
    first.close()
    second = take_hold(path)
    assert second
    second.close()


def test_the_file_may_be_read_while_it_is_held(path: Path):
    hold = take_hold(path)
    assert hold

    assert path.read_bytes() == b"abc"

    hold.close()


def test_there_is_nothing_to_be_held_once_the_file_is_gone(path: Path):
    path.unlink()

    with pytest.raises(WriterStopped):
        take_hold(path)


def test_who_holds_a_file_that_was_replaced_keeps_nobody_from_the_new_one(path: Path):
    old = take_hold(path)
    fresh = path.with_name("fresh")
    fresh.write_bytes(b"new")
    fresh.rename(path)

    new = take_hold(path)

    assert old and new
    assert not is_at(old.file, path)
    assert is_at(new.file, path)
    assert new.file.read() == b"new"
    old.close()
    new.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there the one process knows its writers")
def test_a_process_that_is_killed_lets_go(path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        assert take_hold(path) is None

        other.kill()
        other.wait()

    hold = take_hold(path)
    assert hold
    hold.close()
