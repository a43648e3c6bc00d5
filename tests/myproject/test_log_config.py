import io
import json
import logging
import logging.config
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import pytest
import structlog

from apiapp.http import request_ids
from apiapp.http.known import Known
from apiapp.logs.shipping import ElasticsearchHandler
from myproject.log_config import LogSettings, log_config, log_settings

FORGED = 'x\n{"@timestamp": "2026-01-01T00:00:00.000Z", "message": "all is lost"}'
ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"]


def settings_of(**said: str) -> LogSettings:
    class Said(environ.Env):
        ENVIRON = {name.upper(): value for name, value in said.items()}

    return log_settings(Said())


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The configuration as servers have it, while a test runs; what it is made from is the fixture's."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    config = log_config(settings_of(), folder=tmp_path, secrets=["own-secret-of-this-one"])
    logging.config.dictConfig({**config, "loggers": {}})
    yield config
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers, root.level = before, level


def written(folder: Path) -> list[dict[str, Any]]:
    raw = (folder / "sluice.log").read_bytes()
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw[:-1].split(b"\n")]


def test_a_line_is_one_object_in_the_fields_of_ecs(configured: dict[str, Any], tmp_path: Path):
    known = Known()
    known.caller, known.user_name, known.route = "key:0123456789ab", "alice", "/api/jobs/{job_id}"

    with request_ids.named("mine-7", known):
        logging.getLogger("apiapp.some").warning("%s of %s", 1, "all")

    (line,) = written(tmp_path)
    assert list(line)[:4] == ["@timestamp", "log.level", "message", "ecs.version"]
    assert line["log.level"] == "warning"
    assert line["message"] == "1 of all"
    assert line["log.logger"] == "apiapp.some"
    assert line["event.dataset"] == "sluice.log"
    assert line["http.request.id"] == "mine-7"
    assert line["labels.caller"] == "key:0123456789ab"
    assert line["user.name"] == "alice"
    assert line["labels.route"] == "/api/jobs/{job_id}"


def test_fields_of_structlog_are_fields_of_the_line(configured: dict[str, Any], tmp_path: Path):
    structlog.get_logger("apiapp.some").info(
        "moved", **{"event.action": "move"}, bytes=17, parts=[1, 2], password="x", nothing=None
    )

    (line,) = written(tmp_path)
    assert line["message"] == "moved"
    assert line["event.action"] == "move"
    assert (line["labels.bytes"], line["labels.parts"]) == (17, "[1,2]")
    assert line["labels.password"] == "***"


@pytest.mark.parametrize(
    "name", ["celery.worker", "uvicorn.error", "django.request", "py.warnings"]
)
def test_everybodys_loggers_write_such_lines(configured: dict[str, Any], tmp_path: Path, name: str):
    logging.getLogger(name).error("words of %s", name)

    assert [line["log.logger"] for line in written(tmp_path)] == [name]


def test_an_error_is_told_with_its_traceback_in_one_line(
    configured: dict[str, Any], tmp_path: Path
):
    for say in (logging.getLogger("a").exception, structlog.get_logger("b").exception):
        try:
            raise LookupError(FORGED)
        except LookupError:
            say("broken")

    lines = written(tmp_path)
    assert [line["error.type"] for line in lines] == ["builtins.LookupError"] * 2
    assert all("test_log_config.py" in line["error.stack_trace"] for line in lines)
    assert all(line["error.message"] == FORGED for line in lines)


@pytest.mark.parametrize("end", ENDS)
def test_what_a_client_sent_does_not_begin_a_line(
    configured: dict[str, Any], tmp_path: Path, end: str
):
    logging.getLogger("a").warning("not found: %s", FORGED.replace("\n", end))

    (line,) = written(tmp_path)
    assert line["message"].startswith("not found: x")


def test_the_servers_own_secrets_are_in_no_line(configured: dict[str, Any], tmp_path: Path):
    logging.getLogger("a").warning("made with own-secret-of-this-one")

    (line,) = written(tmp_path)
    assert line["message"] == "made with ***"


# --- at a terminal


def at_a_terminal(message: str, *arguments: object, **more: Any) -> str:
    config = log_config(settings_of(log_format="text"), folder=Path(), secrets=[])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(config["formatters"]["text"]["()"]())
    logger = logging.Logger("apiapp.some")
    logger.addHandler(handler)
    logger.warning(message, *arguments, **more)
    return stream.getvalue()


@pytest.mark.parametrize("end", ENDS)
def test_one_line_at_a_terminal_too(end: str):
    said = at_a_terminal("not found: %s", FORGED.replace("\n", end))

    assert len(said.splitlines()) == 1
    assert "all is lost" in said


def test_a_terminal_is_told_no_commands():
    assert "\x1b" not in at_a_terminal("%s", "\x1b[2J")


def test_lines_of_a_traceback_are_no_records():
    try:
        raise ValueError(FORGED)
    except ValueError:
        first, *rest = at_a_terminal("broken", exc_info=sys.exc_info()).splitlines()

    assert "broken" in first
    assert all(line.startswith("  ") for line in rest)
    assert any("all is lost" in line for line in rest)


@pytest.mark.parametrize(("said", "form"), [("text", "text"), ("json", "json"), ("xml", "json")])
def test_the_form_at_the_terminal_can_be_chosen(said: str, form: str):
    assert settings_of(log_format=said).form == form


def test_what_is_no_terminal_gets_json(capsys: pytest.CaptureFixture[str]):
    assert settings_of().form == "json"


def test_there_is_elasticsearch_only_where_it_is_named(tmp_path: Path):
    without = log_config(settings_of(), folder=tmp_path, secrets=[])
    named = settings_of(log_elasticsearch_url="http://127.0.0.1:9/")
    config = log_config(named, folder=tmp_path, secrets=[])

    assert "elasticsearch" not in without["handlers"]
    assert config["root"]["handlers"] == ["terminal", "file", "elasticsearch"]
    assert config["handlers"]["elasticsearch"]["()"].endswith(ElasticsearchHandler.__name__)
