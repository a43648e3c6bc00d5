"""Blocking: one Elasticsearch to which log lines go, by its bulk API."""

import base64
import http.client
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from apiapp.logs.bulk import Document, Outcome, away, body_of, outcome_of

PATIENCE_S = 10.0  # for a connection, and for an answer as a whole
MOST_ANSWER_BYTES = 16 * 2**20
PIECE_BYTES = 64 * 1024
PORT = 9200


class BadAddress(ValueError):
    """An address that cannot be meant; it is not repeated, as it may hold a password."""


class Elasticsearch:
    """Takes documents, and says what became of them; keeps one connection.  For one thread.

    url: `https://name:password@host:9200/prefix`.  api_key: in place of name and password, as
    Elasticsearch encodes it.  Raises BadAddress.
    """

    def __init__(
        self, *, url: str, index: str, api_key: str = "", patience_s: float = PATIENCE_S
    ) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or PORT
        except ValueError as error:
            raise BadAddress("LOG_ELASTICSEARCH_URL is no address") from error
        if parts.scheme not in ("http", "https") or not self._host:
            raise BadAddress("LOG_ELASTICSEARCH_URL is no address of http:// or https://")
        self._is_tls = parts.scheme == "https"
        self._path = (
            f"{parts.path.rstrip('/')}/_bulk?filter_path=items.*._id,items.*.status,items.*.error"
        )
        self._index = index
        self._patience_s = patience_s
        self._headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        if api_key:
            self._headers["Authorization"] = f"ApiKey {api_key}"
        elif parts.username:
            shown = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(shown.encode()).decode()}"
        self._connection: http.client.HTTPConnection | None = None

    def send(self, documents: Sequence[Document]) -> Outcome:
        """Never raises for what the other side, or the network, does."""
        try:
            return self._send(documents)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return away(documents, f"{type(error).__name__}: {error}")

    def _send(self, documents: Sequence[Document]) -> Outcome:
        connection = self._connected()
        connection.request("POST", self._path, body_of(documents, self._index), self._headers)
        deadline = time.monotonic() + self._patience_s
        response = connection.getresponse()
        body = read(response, deadline)
        if response.will_close:
            self.close()
        # Redirects are not followed: the name and the password are for this address alone.
        return outcome_of(documents, response.status, response.headers, body)  # type: ignore[arg-type]

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._is_tls:
                self._connection = http.client.HTTPSConnection(
                    self._host,
                    self._port,
                    timeout=self._patience_s,
                    context=ssl.create_default_context(),
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=self._patience_s
                )
        return self._connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(OSError):
                connection.close()


def read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body.  Raises OSError for one that is too long, or comes too slowly, and HTTPException
    for one that ends before it said it would."""
    pieces, length_bytes = [], 0
    while piece := response.read1(PIECE_BYTES):
        pieces.append(piece)
        length_bytes += len(piece)
        if length_bytes > MOST_ANSWER_BYTES:
            raise OSError("the answer is too long")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer comes too slowly")
    if response.length:  # read1 does not mind
        raise http.client.IncompleteRead(b"", response.length)
    response.close()  # or the connection would not be ready for the next
    return b"".join(pieces)
