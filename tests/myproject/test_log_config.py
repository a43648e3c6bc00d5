import logging
import sys
from pathlib import Path

import pytest

from myproject.log_config import LineFormatter, log_config

FORGED = "x\n2026-01-01 00:00:00,000 ERROR root [-]: all is lost"
formatter = LineFormatter("{levelname} {name}: {message}", style="{")


def record_of(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("name", logging.WARNING, "", 0, message, arguments, None)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_what_a_client_sent_does_not_begin_a_line(end: str):
    line = formatter.format(record_of("not found: %s", FORGED.replace("\n", end)))

    assert len(line.splitlines()) == 1
    assert "all is lost" in line


def test_a_terminal_is_told_no_commands():
    assert "\x1b" not in formatter.format(record_of("%s", "\x1b[2J"))


def test_lines_of_a_traceback_are_no_records():
    try:
        raise ValueError(FORGED)
    except ValueError:
        record = record_of("broken")
        record.exc_info = sys.exc_info()

    first, *rest = formatter.format(record).splitlines()

    assert first == "WARNING name: broken"
    assert all(line.startswith("  ") for line in rest)
    assert any("all is lost" in line for line in rest)


def test_every_handler_writes_such_lines(tmp_path: Path):
    config = log_config(folder=tmp_path, level="INFO")

    for handler in config["handlers"].values():
        assert config["formatters"][handler["formatter"]]["()"] is LineFormatter
