import json
import logging
import os
import time
from collections.abc import Iterator, Sequence

import pytest

from apiapp.logs.access import MOST_WAITING, AccessLog, Request, line_of


class Collecting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []

    def write_lines(self, lines: Sequence[bytes]) -> None:
        self.lines += lines


@pytest.fixture
def collecting() -> Iterator[Collecting]:
    handler = Collecting()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def request_of(number: int = 0, **said: object) -> Request:
    usual = Request(
        *(1_795_305_600.25, "GET", f"/jobs/{number}", "/jobs/{job_id}", 200, 1_500_000),
        *("192.0.2.7", "mine-7", "", "", 10, 0),
    )
    return usual._replace(**said)  # type: ignore[arg-type]


def test_all_that_was_noted_is_written_in_order(collecting: Collecting):
    log = AccessLog()

    for number in range(1000):
        log.note(request_of(number))

    assert log.flush()
    assert [json.loads(line)["url.path"] for line in collecting.lines] == [
        f"/jobs/{number}" for number in range(1000)
    ]


def test_what_is_too_much_is_dropped_and_counted(collecting: Collecting):
    log = AccessLog()
    log._is_idle = False  # nobody writes meanwhile

    for _ in range(MOST_WAITING + 7):
        log.note(request_of())

    assert log.dropped == 7


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "success"), (404, "success"), (500, "failure")]
)
def test_a_line_has_the_fields_of_ecs(status: int, outcome: str):
    line = json.loads(line_of(request_of(status=status, caller="user:3", user_name="alice")))

    assert line["@timestamp"] == "2026-11-22T00:00:00.250Z"
    assert line["message"] == f"GET /jobs/0 {status}"
    assert (line["event.dataset"], line["event.outcome"]) == ("sluice.access", outcome)
    assert (line["event.duration"], line["http.response.status_code"]) == (1_500_000, status)
    assert (line["user.name"], line["labels.caller"]) == ("alice", "user:3")


def test_who_left_before_an_answer_has_no_status():
    line = json.loads(line_of(request_of(status=0)))

    assert "http.response.status_code" not in line
    assert line["event.outcome"] == "failure"


@pytest.mark.parametrize("path", ["/\ud800", "/" + "x" * 10**6, "/a\r\nb", "/%00"])
def test_no_path_is_too_strange(path: str):
    assert b"\n" not in line_of(request_of(path=path))


@pytest.mark.skipif(os.name != "posix", reason="nothing forks there")
def test_a_forked_child_writes_none_of_its_parents(collecting: Collecting):
    log = AccessLog()
    log.note(request_of())
    child = os.fork()
    if child == 0:
        os._exit(0 if not log._waiting and log.flush() else 1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert log.flush()
    assert len(collecting.lines) == 1


def test_it_goes_on_after_it_was_idle(collecting: Collecting):
    log = AccessLog()
    for count in (1, 2):
        log.note(request_of())
        deadline = time.monotonic() + 60
        while len(collecting.lines) < count and time.monotonic() < deadline:
            time.sleep(0.005)

    assert len(collecting.lines) == 2
