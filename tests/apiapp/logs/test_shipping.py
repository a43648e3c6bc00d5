"""Log lines in Elasticsearch: every one once, whatever happens to it; and who logs never waits."""

import json
import logging
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from elasticsearch import Elasticsearch as OfficialClient

from apiapp.logs.bulk import LONGEST_WAIT_S, seconds_of
from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.elasticsearch import BadAddress, Elasticsearch
from apiapp.logs.redacting import redacted
from apiapp.logs.shipping import BATCH_LINES, ElasticsearchHandler, Shipper
from tests.apiapp.logs.bulk_server import BulkServer, Exchange, Fault

PATIENCE_S = 60.0
AT_S = 1_795_305_600.5  # 2026-11-22, in UTC
Actions = list[dict[str, Any]]


def lines_of(count: int, filling: str = "") -> list[bytes]:
    return [json.dumps({"message": f"line {n}", "f": filling}).encode() for n in range(count)]


def shipper_to(url: str, *, patience_s: float = 30.0, **limits: Any) -> Shipper:
    target = Elasticsearch(url=url, index="test-logs", patience_s=patience_s)
    return Shipper(target, **{"first_wait_s": 0.01, "gather_s": 0.01, **limits})


def expected(count: int) -> list[str]:
    return sorted(f"line {n}" for n in range(count))


# --- well


def test_the_official_client_finds_what_a_logger_said():
    with BulkServer() as server:
        handler = ElasticsearchHandler(url=server.url, index="sluice-logs", api_key="a-key")
        handler.setFormatter(ecs_formatter(redacted))
        logger = logging.Logger("apiapp.some")
        logger.addHandler(handler)
        try:
            raise LookupError("what is not there")
        except LookupError:
            logger.exception("looked for %s", "it")
        handler.close()

        with OfficialClient(server.url) as client:
            assert client.info()["version"]["number"] == "9.0.0"
            found = client.search(index="sluice-logs-*")["hits"]["hits"]

    (hit,) = found
    line = hit["_source"]
    assert hit["_index"] == f"sluice-logs-{line['@timestamp'][:10].replace('-', '.')}"
    assert (line["message"], line["error.type"]) == ("looked for it", "builtins.LookupError")
    assert server.asked[0]["Authorization"] == "ApiKey a-key"


def test_the_official_clients_own_bulk_is_answered_alike():
    """The server of these tests is none that only our own shipper would take for Elasticsearch."""
    with BulkServer() as server, OfficialClient(server.url) as client:
        operations = [{"create": {"_index": "i", "_id": "1"}}, {"message": "theirs"}]
        first = client.bulk(operations=operations)
        second = client.bulk(operations=operations)

    assert (first["errors"], first["items"][0]["create"]["status"]) == (False, 201)
    assert (second["errors"], second["items"][0]["create"]["status"]) == (True, 409)


def test_lines_go_in_batches_to_the_index_of_their_day():
    with BulkServer() as server:
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(3 * BATCH_LINES), at_s=AT_S)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert sorted(server.messages()) == expected(3 * BATCH_LINES)
    assert {index for index, _ in server.documents} == {"test-logs-2026.11.22"}
    assert len(server.asked) <= 5
    assert (shipper.shipped, shipper.dropped, shipper.refused) == (3 * BATCH_LINES, 0, 0)


def test_name_and_password_of_the_address_are_shown_and_not_in_the_path():
    with BulkServer() as server:
        shipper = shipper_to(server.url.replace("://", "://elastic:p%40ss@") + "/behind/")
        shipper.ship(lines_of(1), at_s=AT_S)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert server.asked[0]["Authorization"] == "Basic ZWxhc3RpYzpwQHNz"
    assert server.paths[0].startswith("/behind/_bulk")


@pytest.mark.parametrize(
    "url", ["", "es:9200", "ftp://es", "http://", "https://u:pass-word@es:port/", "http://[::1"]
)
def test_an_address_that_cannot_be_meant_is_refused_without_repeating_it(url: str):
    with pytest.raises(BadAddress) as refused:
        Elasticsearch(url=url, index="x")

    assert "pass-word" not in str(refused.value)


# --- bad days


def answers(status: int, headers: dict[str, str] | None = None, body: Any = None) -> Fault:
    def fault(exchange: Exchange, _actions: Actions) -> bool:
        exchange.answer(status, {"error": "no"} if body is None else body, headers)
        return True

    return fault


def resets(exchange: Exchange, _actions: Actions) -> bool:
    linger = struct.pack("ii", 1, 0)
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.connection.close()
    exchange.close_connection = True
    return True


def takes_all_and_resets(exchange: Exchange, actions: Actions) -> bool:
    for action in actions:
        exchange.server.owner.create(action["create"], {"message": "line 0"})
    return resets(exchange, actions)


def lies_about_its_length(exchange: Exchange, _actions: Actions) -> bool:
    exchange.answer(200, {"items": []}, {"Content-Length": "5000"})
    exchange.connection.shutdown(socket.SHUT_RDWR)
    exchange.close_connection = True
    return True


def never_ends(exchange: Exchange, _actions: Actions) -> bool:
    exchange.answer(200, b"{", {"Content-Length": "100000000"})
    for _ in range(1000):
        exchange.wfile.write(b" " * 65536)
    return True


def refuses_for_now(exchange: Exchange, actions: Actions) -> bool:
    """Of each two one; the other is taken."""
    items = []
    for number, action in enumerate(actions):
        if number % 2:
            told = {"_id": action["create"]["_id"], "status": 429, "error": {"type": "es_rejected"}}
            items.append({"create": told})
        else:
            items.append(
                exchange.server.owner.create(action["create"], {"message": f"line {number}"})
            )
    exchange.answer(200, {"errors": True, "items": items})
    return True


FAULTS: dict[str, Fault] = {
    "too many": answers(429),
    "too many, for a moment": answers(429, {"Retry-After": "0"}),
    "busy": answers(503),
    "Retry-After that is none": answers(503, {"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}),
    "no right": answers(403),
    "elsewhere": answers(302, {"Location": "http://127.0.0.1:1/"}),
    "resets": resets,
    "takes all, and resets": takes_all_and_resets,
    "a length that is none": lies_about_its_length,
    "no end": never_ends,
    "no JSON": answers(200, body=b"<html>It works!</html>"),
    "no items": answers(200, body={"took": 1}),
    "fewer items": answers(200, body={"items": [{"create": {"status": 201}}]}),
    "items of another kind": answers(200, body={"items": [1, None, {}, {"index": 3}]}),
    "items of others": answers(200, body={"items": [{"create": {"_id": "x", "status": 201}}] * 4}),
    "some for now": refuses_for_now,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_line_arrives_once_whatever_happened_first(
    kind: str, capsys: pytest.CaptureFixture[str]
):
    count = 1 if kind == "takes all, and resets" else 4
    with BulkServer(FAULTS[kind]) as server:
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(count), at_s=AT_S)
        server.wait_for(lambda: len(server.documents) == count)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert sorted(server.messages()) == expected(count)
    assert (shipper.shipped, shipper.dropped, shipper.refused) == (count, 0, 0)
    assert len(server.asked) == 2


def test_trouble_is_told_on_the_terminal_once(capsys: pytest.CaptureFixture[str]):
    with BulkServer(*[answers(503)] * 5) as server:
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(4), at_s=AT_S)
        server.wait_for(lambda: len(server.documents) == 4)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert capsys.readouterr().err.count("do not reach Elasticsearch") == 1


def test_a_line_that_is_never_taken_holds_up_no_other(capsys: pytest.CaptureFixture[str]):
    with BulkServer() as server:
        server.mapping_refuses = lambda source: source["message"] == "line 2"
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(5), at_s=AT_S)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert sorted(server.messages()) == sorted(set(expected(5)) - {"line 2"})
    assert (shipper.shipped, shipper.refused) == (4, 1)
    assert "document_parsing_exception" in capsys.readouterr().err


def test_what_is_too_large_together_goes_in_parts():
    def takes_two(exchange: Exchange, actions: Actions) -> bool:
        if len(actions) > 2:
            exchange.answer(413, {})
        return len(actions) > 2

    with BulkServer(*[takes_two] * 50) as server:
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(9), at_s=AT_S)
        assert shipper.flush(limit_s=PATIENCE_S)

    assert sorted(server.messages()) == expected(9)


def test_a_line_too_large_by_itself_is_given_up(capsys: pytest.CaptureFixture[str]):
    with BulkServer(answers(413)) as server:
        shipper = shipper_to(server.url)
        shipper.ship(lines_of(1), at_s=AT_S)
        assert shipper.flush(limit_s=PATIENCE_S)
        assert shipper.refused == 1


def test_one_that_takes_connections_and_says_nothing_is_left_again():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Elasticsearch(
            url=f"http://127.0.0.1:{silent.getsockname()[1]}", index="x", patience_s=0.1
        )
        shipper = Shipper(target, first_wait_s=0.01, gather_s=0.01)
        shipper.ship(lines_of(2), at_s=AT_S)
        # It comes again, so it had given up before.
        silent.settimeout(PATIENCE_S)
        connections = [silent.accept()[0] for _ in range(2)]
        for connection in connections:
            connection.close()

    assert shipper.shipped == 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), ("9" * 30, LONGEST_WAIT_S), ("-1", 0), ("soon", 0), ("٣", 0), ("", 0)],
)
def test_what_it_asks_to_wait_for_is_believed_within_reason(said: str, seconds: float):
    assert seconds_of({"Retry-After": said}) == seconds


# --- who logs


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_what_does_not_fit_is_dropped_and_counted_and_nothing_waits(nobody: str):
    shipper = shipper_to(nobody, most_lines=100, first_wait_s=60.0)

    for _ in range(50):
        shipper.ship(lines_of(100), at_s=AT_S)

    # What the thread had taken already left room for as many again.
    assert 5000 - 100 - BATCH_LINES <= shipper.dropped <= 5000 - 100


def test_the_queue_is_bounded_in_bytes_too(nobody: str):
    shipper = shipper_to(nobody, most_bytes=10_000, gather_s=60.0)

    shipper.ship(lines_of(100, "x" * 1000), at_s=AT_S)

    assert shipper.dropped == 100 - 9


def test_how_many_were_dropped_is_told_once_it_is_back():
    is_open = threading.Event()

    def waits(exchange: Exchange, _actions: Actions) -> bool:
        is_open.wait(PATIENCE_S)
        return False

    with BulkServer(waits) as server:
        shipper = shipper_to(server.url, most_lines=10)
        shipper.ship(lines_of(1), at_s=AT_S)
        while not server.asked:
            threading.Event().wait(0.005)
        shipper.ship(lines_of(25), at_s=AT_S)
        is_open.set()
        server.wait_for(lambda: any("15 log lines were dropped" in m for m in server.messages()))

    assert shipper.dropped == 15


def test_the_end_of_a_process_waits_for_it_but_not_for_ever(nobody: str):
    """The program ends by itself, with its lines delivered, or without."""
    program = """
import logging, sys
from apiapp.logs.shipping import ElasticsearchHandler
logging.getLogger().addHandler(ElasticsearchHandler(url=sys.argv[1], index="x", api_key=""))
logging.warning('{"message": "last words"}')
"""
    with BulkServer() as server:
        for url in (server.url, nobody):
            ended = subprocess.run(
                [sys.executable, "-c", program, url],
                cwd=settings.BASE_DIR,
                timeout=PATIENCE_S,
                capture_output=True,
                text=True,
            )
            assert ended.returncode == 0, ended.stderr

    assert server.messages() == ["last words"]


def in_child(shipper: Shipper, is_done: Callable[[], None]) -> None:
    shipper.ship([b'{"message": "of the child"}'], at_s=AT_S)
    is_done() if shipper.flush(limit_s=PATIENCE_S) else None


@pytest.mark.skipif(os.name != "posix", reason="nothing forks there")
def test_a_forked_child_ships_its_own_lines_and_none_of_its_parents():
    is_open = threading.Event()

    def waits(exchange: Exchange, _actions: Actions) -> bool:
        is_open.wait(PATIENCE_S)
        return False

    with BulkServer(waits) as server:
        shipper = shipper_to(server.url)
        shipper.ship([b'{"message": "of the parent"}'], at_s=AT_S)
        while not server.asked:
            threading.Event().wait(0.005)
        shipper.ship([b'{"message": "of the parent, waiting"}'], at_s=AT_S)
        context = multiprocessing.get_context("fork")
        done = context.Event()
        child = context.Process(target=in_child, args=(shipper, done.set))
        child.start()
        child.join(PATIENCE_S)
        is_open.set()
        assert shipper.flush(limit_s=PATIENCE_S)

    assert done.is_set()
    assert sorted(server.messages()) == [
        "of the child", "of the parent", "of the parent, waiting"
    ]  # fmt: skip


def test_a_line_from_disk_is_the_line_that_is_shipped(tmp_path: Path):
    """Both handlers write the same object."""
    with BulkServer() as server:
        shipping = ElasticsearchHandler(url=server.url, index="x", api_key="")
        shipping.setFormatter(ecs_formatter(redacted))
        record = logging.LogRecord("a", logging.ERROR, "", 0, "password=%s", ("x" * 12,), None)
        shipping.handle(record)
        shipping.close()

    (line,) = server.documents.values()
    assert line == json.loads(ecs_formatter(redacted).format(record))
    assert line["message"] == "password=***"
