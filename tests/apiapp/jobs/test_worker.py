import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery

from apiapp.jobs.errors import BrokerUnavailable
from apiapp.jobs.models import Job
from apiapp.jobs.worker import Sender
from tests.serving import free_port

PATIENCE_S = 0.3
JOB = Job(pk=7, task="tests.any", kwargs={"file_id": "a"}, lease_token="token")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word, as a broker that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def app_on(url: str, **options: str) -> Celery:
    app = Celery("tests", broker=url, set_as_current=False)
    app.conf.update(task_default_queue="tests", **options)
    return app


def test_a_job_is_sent_with_its_arguments_its_id_and_its_lease():
    app = app_on("memory://", broker_transport="apiapp.jobs.inprocess:Transport")

    Sender(app).send(JOB)

    with app.connection() as connection:
        message = connection.SimpleQueue("tests").get(timeout=5)
    assert message.headers["task"] == "tests.any"
    assert message.payload[1] == {"file_id": "a", "job_id": 7, "lease": "token"}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_not_there_is_reported_at_once(scheme):
    sender = Sender(app_on(f"{scheme}://127.0.0.1:{free_port()}"))

    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            sender.send(JOB)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_hangs_does_not_hold_up_the_sender(scheme, silent_port):
    sender = Sender(app_on(f"{scheme}://127.0.0.1:{silent_port}"), patience_s=PATIENCE_S)
    started = time.monotonic()

    with pytest.raises(BrokerUnavailable):
        sender.send(JOB)

    assert time.monotonic() - started < 10  # without a timeout: for ever
