"""Open connections to addresses that were judged, kept for the next call.  Blocking.

urllib3's connections are used by themselves.  What requests and urllib3's pools put around them
(proxies and passwords from the environment, redirects, retries, names resolved anew) is what must
not happen here, or what has to be counted and limited by us.
"""

import ssl
import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from apiapp.outbound.client.deadlines import Deadline
from apiapp.outbound.client.guard import Target
from apiapp.outbound.errors import CannotConnect, TimedOut

# Servers close what is idle, and what is sent at that moment is lost.
IDLE_S = 15.0
IDLE_PER_KEY, IDLE_IN_ALL = 8, 256


@dataclass
class Connections:
    """Idle connections by whom they may serve.  Thread-safe.

    authority: a file of certificates to trust beside the system's.
    """

    authority: str | None = None
    _idle: dict[Hashable, list[tuple[float, HTTPConnection]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.authority:
            context.load_verify_locations(self.authority)
        context.set_alpn_protocols(["http/1.1"])
        return context

    @contextmanager
    def lent(
        self,
        partition: str,
        target: Target,
        addresses: Sequence[str],
        *,
        connect_s: float,
        deadline: Deadline,
    ) -> Iterator[HTTPConnection]:
        """An open connection to one of `addresses`; kept if the body ends well, closed if not.

        Raises CannotConnect, TimedOut.
        """
        connection = self._kept(partition, target, addresses)
        if connection is None:
            connection = self._first_open(target, addresses, connect_s, deadline)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._keep((partition, target.origin, connection.host), connection)

    def close(self) -> None:
        with self._lock:
            kept, self._idle = self._idle, {}
        for _, connection in (each for some in kept.values() for each in some):
            connection.close()

    def _kept(
        self, partition: str, target: Target, addresses: Sequence[str]
    ) -> HTTPConnection | None:
        for address in addresses:
            with self._lock:
                idle = self._idle.pop((partition, target.origin, address), [])
            usable = None
            for since_s, connection in reversed(idle):
                is_fresh = time.monotonic() - since_s < IDLE_S and connection.is_connected
                if is_fresh and usable is None:
                    usable = connection
                elif is_fresh:
                    self._keep((partition, target.origin, address), connection)
                else:
                    connection.close()
            if usable:
                return usable
        return None

    def _keep(self, key: Hashable, connection: HTTPConnection) -> None:
        if connection.is_closed:  # the other side wants it so
            return
        now_s = time.monotonic()
        closing: list[tuple[float, HTTPConnection]] = []
        with self._lock:
            idle = self._idle.setdefault(key, [])
            idle.append((now_s, connection))
            closing += idle[:-IDLE_PER_KEY]
            del idle[:-IDLE_PER_KEY]
            for other, some in list(self._idle.items()):
                is_too_many = sum(map(len, self._idle.values())) > IDLE_IN_ALL
                if is_too_many or now_s - some[-1][0] > IDLE_S:
                    closing += self._idle.pop(other)
        for _, each in closing:
            each.close()

    def _first_open(
        self, target: Target, addresses: Sequence[str], connect_s: float, deadline: Deadline
    ) -> HTTPConnection:
        told = ""
        for address in addresses:
            connection = self._new(target, address, deadline.at_most(connect_s))
            try:
                with deadline.cutting(partial(getattr, connection, "sock", None)):
                    connection.connect()
                return connection
            except (OSError, HTTPError) as error:
                connection.close()
                told = reason_of(error)
            if deadline.has_passed:
                raise TimedOut(f"not within {deadline.total_s:g} s in all", may_have_arrived=False)
        raise CannotConnect(f"{target.host} cannot be reached: {told}")

    def _new(self, target: Target, address: str, connect_s: float) -> HTTPConnection:
        if target.scheme == "http":
            return HTTPConnection(address, target.port, timeout=connect_s)
        return HTTPSConnection(
            address,
            target.port,
            timeout=connect_s,
            ssl_context=self._tls,
            server_hostname=target.host,  # SNI, and whose certificate it has to be
        )


def reason_of(error: Exception) -> str:
    """In words that name no inner parts."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as it has to"
    cause = error.__cause__ if isinstance(error, HTTPError) and error.__cause__ else error
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    if isinstance(cause, ConnectionRefusedError):
        return "nobody listens there"
    return (isinstance(cause, OSError) and cause.strerror) or "the connection was closed"
