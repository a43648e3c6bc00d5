"""Blocking: hears, in a thread of its own, what other processes say has changed.

What is said while nobody listens is lost.  So whatever this process keeps is let go when the
connection breaks, and again when the next one stands; in between nothing is kept for long.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from apiapp.caching.redis_tier import channel_of

BEAT_S = 1.0
SILENT_S = 3.0  # a connection of which no sign of life came for so long is given up
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0

logger = logging.getLogger(__name__)

OnChange = Callable[[str], None]  # of a key
OnGap = Callable[[], None]


class Listener:
    """Of one process: begins with its first `listen`, also after a fork."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._client = client
        self._channel = channel_of(prefix)
        self._told: dict[str, tuple[OnChange, OnGap]] = {}
        self._hears = threading.Event()
        self._pid = 0
        self._starting = threading.Lock()
        self._is_closed = False

    def tell(self, cache: str, on_change: OnChange, on_gap: OnGap) -> None:
        """on_change: what to call with a key of `cache`.  on_gap: when some may have been missed."""
        self._told[cache] = (on_change, on_gap)

    def hears(self) -> bool:
        """Whether every change of now on will be heard, or be followed by a gap."""
        if self._pid != os.getpid():
            self._start()
        return self._hears.is_set()

    def close(self) -> None:
        """The thread ends with its next beat."""
        self._is_closed = True

    def _start(self) -> None:
        with self._starting:
            if self._pid == os.getpid():
                return
            self._hears = threading.Event()  # a fork leaves the thread behind, but not what it said
            self._gap()
            self._pid = os.getpid()
            threading.Thread(target=self._run, name="cache changes", daemon=True).start()

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._is_closed:
            try:
                with self._client.pubsub() as connection:
                    self._listen(connection)
            except (RedisError, OSError) as error:
                if self._hears.is_set():
                    wait_s = FIRST_WAIT_S
                    logger.warning("changes of what is kept are not heard for now: %s", error)
            self._hears.clear()
            self._gap()
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _listen(self, connection: PubSub) -> None:
        """Until it breaks, or nothing has come for too long.  Raises RedisError, OSError."""
        connection.subscribe(self._channel)
        heard_s = time.monotonic()
        while not self._is_closed:
            message = connection.get_message(timeout=BEAT_S)
            if message is None:
                if time.monotonic() - heard_s > SILENT_S:
                    raise TimeoutError(f"nothing came for {SILENT_S:g} s")
                connection.ping()
                continue
            heard_s = time.monotonic()
            if message["type"] == "subscribe":
                self._gap()
                self._hears.set()
            elif message["type"] == "message":
                self._heed(message["data"].decode())

    def _heed(self, said: str) -> None:
        cache, _, key = said.partition(" ")
        if told := self._told.get(cache):
            on_change, _ = told
            on_change(key)

    def _gap(self) -> None:
        for _, on_gap in self._told.values():
            on_gap()
