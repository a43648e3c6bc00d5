"""Async: a request's whole body, before anybody works on it.

Neither one who sends slowly nor one who stops holds a thread: a request comes to a thread once
all of its body is here.  The alternative, to pull a body through the thread that reads it, gives
every thread away to a few clients that trickle, and is no faster (docs/performance.md).
"""

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from apiapp.uploads.errors import BodyStalled, BodyTooLarge, ClientGone

KIB = 1024
IN_MEMORY_BYTES = 1024 * KIB  # of one body; what is longer goes to a file without a name

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Piece = tuple[bytes, bool]  # and whether more will come


class BodyTooSlow(BodyStalled):
    """Something came now and then, but too little."""

    def __init__(self, *, allowed_s: float) -> None:
        Exception.__init__(self, f"the body was not whole after {allowed_s:.0f} s; send it again")
        self.allowed_s = round(allowed_s, 1)


@dataclass(frozen=True)
class BodyTerms:
    """What is asked of a body: its length, the pauses in it, and how fast it comes in all."""

    limit_bytes: int
    idle_s: float
    start_s: float = 30.0
    least_bytes_per_s: int = 16 * KIB

    def allowed_s(self, got_bytes: int) -> float:
        """How long a body may have taken once so much of it has come."""
        return self.start_s + got_bytes / self.least_bytes_per_s


async def read_body(
    receive: Receive, terms: BodyTerms, declared_bytes: int
) -> tuple[BinaryIO, int]:
    """The body, at its start, and its length.  The caller closes it.

    declared_bytes: what Content-Length says, 0 without.  Raises ClientGone, BodyTooLarge (before
    anything is read if so much was declared), BodyStalled.
    """
    if declared_bytes > terms.limit_bytes:
        raise BodyTooLarge(limit_bytes=terms.limit_bytes)
    piece, has_more = await next_piece(receive, min(terms.idle_s, terms.start_s))
    if not has_more:
        return io.BytesIO(piece), len(piece)
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
    body = cast(BinaryIO, spool)
    try:
        return body, await collect(body, piece, receive, terms)
    except BaseException:
        body.close()
        raise


async def collect(body: BinaryIO, piece: bytes, receive: Receive, terms: BodyTerms) -> int:
    """Write `piece` and all that follows to `body`, and return its length.

    Writing blocks the loop for as long as it takes to copy 64 KiB into the kernel's memory, which
    is less than a hop into a thread takes.  Raises what read_body raises.
    """
    clock = asyncio.get_running_loop().time
    started, got_bytes, has_more = clock(), 0, True
    while True:
        got_bytes += len(piece)
        if got_bytes > terms.limit_bytes:
            raise BodyTooLarge(limit_bytes=terms.limit_bytes)
        body.write(piece)
        if not has_more:
            body.seek(0)
            return got_bytes
        left_s = started + terms.allowed_s(got_bytes) - clock()
        try:
            piece, has_more = await next_piece(receive, min(terms.idle_s, left_s))
        except BodyStalled as error:
            if left_s >= terms.idle_s:
                raise
            raise BodyTooSlow(allowed_s=terms.allowed_s(got_bytes)) from error


async def next_piece(receive: Receive, idle_s: float) -> Piece:
    """What comes next.  Raises ClientGone, and BodyStalled if that takes longer than `idle_s`."""
    try:
        async with asyncio.timeout(idle_s):
            message = await receive()
    except TimeoutError as error:
        raise BodyStalled(idle_s=idle_s) from error
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
