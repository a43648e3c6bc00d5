import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiapp.logs.files import FileHandler
from apiapp.logs.shipping import ElasticsearchHandler
from myproject import log_counts
from tests.apiapp.logs.bulk_server import BulkServer

LINES = [b'{"message": "line 0"}', b'{"message": "line 1"}']


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before = list(root.handlers)
    yield root
    root.handlers[:] = before


def test_it_tells_what_was_lost_and_what_elasticsearch_took(root: logging.Logger, tmp_path: Path):
    lost = FileHandler(path=tmp_path / "no-folder" / "log", most_bytes=0)
    with BulkServer() as server:
        shipping = ElasticsearchHandler(url=server.url, index="i", api_key="")
        root.handlers[:] = [lost, shipping]
        lost.write_lines(LINES[:1])
        shipping.write_lines(LINES)
        shipping.close()

        counted = log_counts.counts()

    assert counted["log_lines_dropped", "file"] == 1
    assert counted["log_lines_dropped", "elasticsearch"] == 0
    assert counted["log_lines_shipped", ""] == 2
    assert counted["log_lines_refused", ""] == 0
    assert ("log_lines_dropped", "access") in counted
