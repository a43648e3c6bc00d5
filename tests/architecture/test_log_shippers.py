"""deploy/filebeat.yml and deploy/logstash.conf: as far as it can be told without the two programs."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from apiapp.audit import recording as audit
from apiapp.audit.models import Change
from apiapp.logs.access import Request, line_of
from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.files import FileHandler
from apiapp.logs.redacting import redacted

DEPLOY = settings.BASE_DIR / "deploy"
FIELD = re.compile(r'"([a-z_@]+(?:\.[a-z_]+)+)"')  # as a comment of theirs names one
TOKENS = re.compile(r'#[^\n]*|"[^"]*"|=>|[{}\[\],]|[\w.-]+|(?P<wrong>\S)')
# What is meant to be said to Filebeat, and no more.
FILEBEAT = {
    "filebeat.inputs", "setup.ilm.enabled", "setup.template.name", "setup.template.pattern",
    "output.elasticsearch",
}  # fmt: skip
NDJSON = {"target", "overwrite_keys", "expand_keys", "add_error_key"}
# To Logstash: section -> plugin -> its options.
LOGSTASH: dict[str, dict[str, set[str]]] = {
    "input": {
        "file": {"path", "start_position", "codec"},
        "beats": {"port", "ecs_compatibility"},
    },
    "filter": {"de_dot": {"nested"}},
    "output": {"elasticsearch": {"hosts", "api_key", "action", "data_stream", "index"}},
}


@pytest.fixture
def lines(tmp_path: Path) -> list[dict[str, Any]]:
    """One of each kind that there is, as they are in the file: of a request, of a failure, of the audit trail."""
    handler = FileHandler(path=tmp_path / "sluice.log", most_bytes=0)
    handler.setFormatter(ecs_formatter(redacted))
    asked = Request(
        *(1_795_305_600.25, "GET", "/jobs/1", "/jobs/{job_id}", 200, 1_500_000),
        *("192.0.2.7", "mine-7", "key:5f1d2c3b4a59", "alice", 10, 0),
    )
    handler.write_lines([line_of(asked)])
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        audit.say(Change(actor="alice", caller="user:1", method="POST", path="/a", request_id="r"))
        try:
            raise LookupError("what is not there")
        except LookupError:
            logging.getLogger("apiapp.some").exception("looked for it")
    finally:
        root.removeHandler(handler)
    found = [json.loads(line) for line in (tmp_path / "sluice.log").read_text().splitlines()]
    assert {line["event.dataset"] for line in found} == {
        "sluice.access", "sluice.audit", "sluice.log"
    }  # fmt: skip
    return found


def expanded(line: dict[str, Any]) -> dict[str, Any]:
    """As `expand_keys` and `de_dot` do; neither takes a field that is a value and an object."""
    made: dict[str, Any] = {}
    for name, value in line.items():
        *above, last = name.split(".")
        place = made
        for part in above:
            place = place.setdefault(part, {})
            assert isinstance(place, dict), name
        assert last not in place, name
        place[last] = value
    return made


def parsed(text: str) -> Iterator[tuple[str, Any]]:
    """(name, what it says) of each setting of a Logstash pipeline."""
    found = list(TOKENS.finditer(text))
    assert [each.group() for each in found if each["wrong"]] == []
    tokens = [each.group() for each in found if not each.group().startswith("#")]

    def block() -> Iterator[tuple[str, Any]]:
        while tokens and tokens[0] != "}":
            name = tokens.pop(0)
            if tokens[0] == "=>":
                tokens.pop(0)
            yield name, value()

    def value() -> Any:
        token = tokens.pop(0)
        if token == "[":
            end = tokens.index("]")
            inside, tokens[: end + 1] = tokens[:end], []
            return [each.strip('"') for each in inside if each != ","]
        if token == "{" or tokens[0] == "{":
            if token != "{":  # a codec has a name
                tokens.pop(0)
            inside = list(block())
            assert tokens.pop(0) == "}"
            return inside
        return token.strip('"')

    yield from block()
    assert tokens == []


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+):", text))


def test_filebeat_reads_our_file_line_by_line_into_the_fields_and_the_index_of_ours():
    told = yaml.safe_load((DEPLOY / "filebeat.yml").read_text())

    assert set(told) == FILEBEAT
    (source,) = told["filebeat.inputs"]
    (parser,) = source["parsers"]
    (path,) = source["paths"]
    assert source["type"] == "filestream"
    assert path.endswith("}/logs/sluice.log")
    assert set(parser["ndjson"]) == NDJSON
    assert parser["ndjson"]["overwrite_keys"]
    assert parser["ndjson"]["expand_keys"]
    index = told["output.elasticsearch"]["index"]
    assert index == f"{settings.LOGS.elasticsearch_index}-%{{+yyyy.MM.dd}}"
    assert told["setup.template.pattern"] == f"{told['setup.template.name']}-*"


def test_logstash_takes_our_file_to_the_same_index():
    told = dict(parsed((DEPLOY / "logstash.conf").read_text()))

    assert set(told) == set(LOGSTASH)
    for section, plugins in told.items():
        for name, options in plugins:
            assert {option for option, _ in options} == LOGSTASH[section][name], name
    reading, writing = (
        dict(dict(told["input"])["file"]),
        dict(dict(told["output"])["elasticsearch"]),
    )
    assert reading["path"].endswith("}/logs/sluice.log")
    assert writing["index"] == f"{settings.LOGS.elasticsearch_index}-%{{+YYYY.MM.dd}}"


@pytest.mark.parametrize("name", ["filebeat.yml", "logstash.conf"])
def test_what_it_names_is_in_our_lines_and_what_it_wants_in_its_head(
    name: str, lines: list[dict[str, Any]]
):
    text = (DEPLOY / name).read_text()

    assert FIELD.findall(text)
    assert [field for field in FIELD.findall(text) if field not in lines[0]] == []
    assert variables(text) == {"SLUICE_HOME", "ELASTICSEARCH_URL", "ELASTICSEARCH_API_KEY"}
    head = text.partition("\n\n")[0]
    assert [each for each in variables(text) if each not in head] == []


def test_every_kind_of_line_has_a_time_and_can_be_expanded(lines: list[dict[str, Any]]):
    for line in lines:
        told = expanded(line)
        at = datetime.fromisoformat(told["@timestamp"].replace("Z", "+00:00"))
        assert at.tzinfo
        assert isinstance(told["message"], str)
        assert told["ecs"]["version"]
