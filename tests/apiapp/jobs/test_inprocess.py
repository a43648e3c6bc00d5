import time

import pytest
from kombu import Connection

TRANSPORT = "apiapp.jobs.inprocess:Transport"


def test_a_wait_for_messages_is_short_whatever_was_asked_for():
    with Connection("memory://", transport=TRANSPORT) as connection:
        connection.SimpleQueue("empty")
        started = time.monotonic()

        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=60)

        assert time.monotonic() - started < 10


def test_a_message_goes_from_one_connection_of_the_process_to_another():
    with (
        Connection("memory://", transport=TRANSPORT) as sender,
        Connection("memory://", transport=TRANSPORT) as receiver,
    ):
        sender.SimpleQueue("full").put("hello")

        assert receiver.SimpleQueue("full").get(timeout=5).payload == "hello"
