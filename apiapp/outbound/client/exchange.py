"""One request over one connection, and its answer, within limits.  Blocking."""

import http.client
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from apiapp.outbound.client.bodies import Body
from apiapp.outbound.client.calls import Answer, Terms, Trace
from apiapp.outbound.client.deadlines import Deadline
from apiapp.outbound.client.guard import Target
from apiapp.outbound.errors import AnswerTooLarge, BrokenAnswer, TimedOut

PIECE_BYTES = 2**16
PACKED = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32

Unpack = Callable[[bytes, int], bytes]  # (packed, most bytes wanted) -> unpacked


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent, but for what frames it."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: Body


def exchanged(
    connection: HTTPConnection,
    message: Message,
    *,
    terms: Terms,
    deadline: Deadline,
    trace: Trace,
) -> Answer:
    """Raises TimedOut, BrokenAnswer, AnswerTooLarge; BadCall if the body cannot be read."""
    connection.timeout = deadline.at_most(terms.read_s)
    try:
        sock = connection.sock  # which a connection that is to end lets go of before the content
        with deadline.cutting(lambda: sock):
            is_all_sent = send(connection, message, trace)
            response = connection.getresponse()
            if message.method != "HEAD":  # whose length is that of another answer
                refuse_announced(response, limit_bytes=terms.answer_bytes)
            content = read(response, limit_bytes=terms.answer_bytes, trace=trace)
    except (OSError, HTTPError, http.client.HTTPException) as error:
        raise fault_of(error, deadline, terms) from error
    if deadline.has_passed:  # it was cut, and an answer without a length ends like that
        raise TimedOut(f"not within {deadline.total_s:g} s in all")
    if not is_all_sent:
        connection.close()
    return Answer(
        status=response.status,
        headers=tuple(response.headers.items()),
        content=content,
        url=message.target.url,
    )


def send(connection: HTTPConnection, message: Message, trace: Trace) -> bool:
    """Whether all of it was sent.  An answer may come before, to say that no more is wanted."""

    def counted() -> Iterator[bytes]:
        for piece in message.body.pieces():
            trace.sent_bytes += len(piece)
            yield piece

    try:
        connection.request(
            message.method,
            message.target.path,
            body=counted() if message.body.size_bytes else None,
            headers=framed(message),
            preload_content=False,
            decode_content=False,
        )
    except BrokenPipeError:
        return False
    return True


def framed(message: Message) -> dict[str, str]:
    own = {"Host": message.target.authority, "Accept-Encoding": "gzip"}
    if message.body.size_bytes or message.method in ("POST", "PUT", "PATCH"):
        own["Content-Length"] = str(message.body.size_bytes)
    return {**message.headers, **own}


def refuse_announced(response: BaseHTTPResponse, *, limit_bytes: int) -> None:
    """Raises AnswerTooLarge for a content that says so before it comes."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > limit_bytes and response.status != 304:
        raise AnswerTooLarge(limit_bytes=limit_bytes)


def read(response: BaseHTTPResponse, *, limit_bytes: int, trace: Trace) -> bytes:
    """All of the content.  Raises AnswerTooLarge, BrokenAnswer."""
    unpack = unpacker(response.headers.get("Content-Encoding", ""))
    content, received_bytes = bytearray(), 0
    while piece := response.read(PIECE_BYTES):
        received_bytes += len(piece)
        trace.received_bytes += len(piece)
        content += unpack(piece, limit_bytes + 1 - len(content))
        if received_bytes > limit_bytes or len(content) > limit_bytes:
            raise AnswerTooLarge(limit_bytes=limit_bytes)
    return bytes(content)


def unpacker(encoding: str) -> Unpack:
    """Raises BrokenAnswer for one that was not asked for."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda piece, _most_bytes: piece
    if name not in PACKED:
        raise BrokenAnswer(f"it is packed as {encoding[:40]!r}, which was not asked for")
    return Unpacker()


class Unpacker:
    """gzip or zlib, as far as it is wanted: a bomb never goes off."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(GZIP_OR_ZLIB)

    def __call__(self, piece: bytes, most_bytes: int) -> bytes:
        unpacked = bytearray()
        try:
            while piece and len(unpacked) < most_bytes:
                if self._inner.eof:  # several gzip files one after the other are one
                    self._inner = zlib.decompressobj(GZIP_OR_ZLIB)
                unpacked += self._inner.decompress(piece, most_bytes - len(unpacked))
                piece = self._inner.unused_data or self._inner.unconsumed_tail
        except zlib.error as error:
            raise BrokenAnswer("it is not packed as it says") from error
        return bytes(unpacked)


def fault_of(error: Exception, deadline: Deadline, terms: Terms) -> TimedOut | BrokenAnswer:
    if deadline.has_passed:
        return TimedOut(f"not within {deadline.total_s:g} s in all")
    cause = error.__cause__ or error.__context__
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return TimedOut(f"nothing came for {terms.read_s:g} s")
    if isinstance(error, ConnectionError | http.client.RemoteDisconnected):
        return BrokenAnswer("the connection was closed before the answer")
    return BrokenAnswer("the answer is cut off, or is not HTTP")
