import json
import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from apiapp.logs.files import LogFile


def all_lines(folder: Path) -> list[bytes]:
    return [line for path in folder.glob("sluice.log*") for line in path.read_bytes().splitlines()]


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path):
    path = tmp_path / "sluice.log"
    file = LogFile(path, most_bytes=0)
    file.write(b"first\n")
    path.rename(tmp_path / "moved")

    file.write(b"second\n")

    assert path.read_bytes() == b"second\n"
    assert (tmp_path / "moved").read_bytes() == b"first\n"


def test_the_files_have_a_bound_and_the_oldest_goes(tmp_path: Path):
    file = LogFile(tmp_path / "sluice.log", most_bytes=1000)

    for number in range(1000):
        file.write(b"%06d\n" % number)

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5 * 1007
    assert max(all_lines(tmp_path)) == b"000999"
    assert len(all_lines(tmp_path)) == len(set(all_lines(tmp_path))) >= 4 * 142
    assert {path.name for path in tmp_path.iterdir()} == {
        "sluice.log", *(f"sluice.log.{number}" for number in (1, 2, 3, 4))
    }  # fmt: skip


def write_many(path: Path, writer: int) -> None:
    file = LogFile(path, most_bytes=20_000)
    for number in range(200):
        line = {"writer": writer, "number": number, "filling": "x" * 50}
        file.write(json.dumps(line).encode() + b"\n")


def test_several_processes_and_threads_neither_tear_nor_lose_lines(tmp_path: Path):
    path = tmp_path / "sluice.log"
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    processes = [context.Process(target=write_many, args=(path, writer)) for writer in (1, 2)]
    threads = [threading.Thread(target=write_many, args=(path, writer)) for writer in (3, 4)]
    for each in (*processes, *threads):
        each.start()
    for each in (*processes, *threads):
        each.join()

    found = {(line["writer"], line["number"]) for line in map(json.loads, all_lines(tmp_path))}

    assert found == {(writer, number) for writer in (1, 2, 3, 4) for number in range(200)}


def test_what_cannot_be_written_is_counted_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = LogFile(tmp_path / "no" / "folder" / "sluice.log", most_bytes=0)

    file.write(b"first\n")
    file.write(b"second\n")

    assert file.lost == 2
    assert capsys.readouterr().err.count("The log cannot be written") == 1
