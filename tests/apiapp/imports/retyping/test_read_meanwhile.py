"""Who reads a dataset while the type of a column is changed is always answered."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.test import APIClient

from apiapp.imports import loads
from apiapp.imports.models import Dataset
from apiapp.imports.retyping import services
from tests.apiapp.conftest import drop_tables
from tests.apiapp.imports.retyping.test_retyping import asked, done, table

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)
LET_S = 0.3
READS = (
    "rows/?v=gte.2000&order=v",
    "rows/1/",
    "rows/window/?v=in.(2001)",
    "export.jsonl?v=eq.2001",
)


@pytest.fixture(autouse=True)
def _no_table_is_left(transactional_db: None) -> Iterator[None]:
    yield
    drop_tables()


class Reader(threading.Thread):
    """Asks again and again; `statuses` are those of the answers, `broken` what ended one of them."""

    def __init__(self, client: APIClient, dataset: Dataset) -> None:
        super().__init__()
        self._client, self._url = client, f"/api/datasets/{dataset.slug}/"
        self._is_over = threading.Event()
        self._asks = threading.Semaphore(0)
        self.statuses: Counter[int] = Counter()
        self.broken: list[Exception] = []

    def run(self) -> None:
        try:
            self._ask()
        except Exception as error:  # noqa: BLE001 - told by the test
            self.broken.append(error)
        finally:
            connections.close_all()

    def _ask(self) -> None:
        while not self._is_over.is_set():
            for what in READS:
                self._asks.release()
                answer: Any = self._client.get(self._url + what)
                self.statuses[answer.status_code] += 1
                if answer.streaming:
                    b"".join(answer.streaming_content)

    def let_it_ask(self) -> None:
        """Once more, unless it waits for an answer all the time."""
        while self._asks.acquire(blocking=False):
            pass
        self._asks.acquire(timeout=LET_S)

    def end(self) -> None:
        self._is_over.set()
        self.join()


def test_a_reader_gets_no_error_while_a_type_changes(
    api: Callable[[User], APIClient],
    user: User,
    datasets_on: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = table(user, "text", ["2001", "2002", "1999"])
    client = api(user)
    assert (
        client.get(f"/api/datasets/{dataset.slug}/rows/").status_code == 200
    )  # notes the key's use
    reader = Reader(client, dataset)
    conclude = loads.conclude

    def conclude_while_somebody_reads(*about: Any) -> Any:
        reader.let_it_ask()  # between the commits of the two databases
        return conclude(*about)

    monkeypatch.setattr(services.loads, "conclude", conclude_while_somebody_reads)
    reader.start()
    try:
        for type_ in ("integer", "text", "decimal", "text"):
            done(asked(Dataset.objects.get(pk=dataset.pk), type_))
    finally:
        reader.end()

    assert reader.broken == []
    assert set(reader.statuses) == {200}
