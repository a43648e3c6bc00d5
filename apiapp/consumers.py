"""WebSockets that belong to no single page.  Async: nothing here blocks."""

import asyncio
import json
from collections.abc import Collection
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from apiapp.jobs.errors import TooManyFollowed
from apiapp.jobs.feed import MAX_FOLLOWED, Follower, feed
from apiapp.jobs.serializers import JobDetail
from apiapp.keys.callers import Caller

NOT_AUTHENTICATED = 4401  # a private close code (RFC 6455, section 7.4.2), after HTTP's 401
MAX_MESSAGE_CHARS = 8192


class BadMessage(Exception):
    """What a client sent is not in the protocol; the text says what is wrong."""


class JobsConsumer(AsyncWebsocketConsumer):
    """/ws/jobs/: the caller's jobs as they change.

    From the client: `{"type": "follow", "ids": [1, 2]}`, `{"type": "follow_all"}` (one's own that
    have not ended, and new ones).  To it: `{"type": "job", "job": {...}}` as over REST, at once
    and for each change; `{"type": "unknown", "id": 1}`; `{"type": "error", "detail": "..."}`.
    """

    follower: Follower | None = None
    teller: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a browser does not see the code of a socket that never opened
        caller: Caller | None = self.scope["caller"]  # type: ignore[typeddict-item]
        if caller is None:
            await self.close(NOT_AUTHENTICATED)
            return
        self.follower = feed.join(caller)
        self.teller = asyncio.create_task(self._tell(self.follower))

    async def disconnect(self, code: int) -> None:
        if self.teller:
            self.teller.cancel()
        if self.follower:
            feed.leave(self.follower)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self._obey(parse(text_data))
        except (BadMessage, TooManyFollowed) as error:
            await self._send({"type": "error", "detail": str(error)})

    async def _obey(self, message: dict[str, Any]) -> None:
        if self.follower is None:
            return
        match message.get("type"):
            case "follow":
                for unknown in await feed.follow(self.follower, ids_of(message)):
                    await self._send({"type": "unknown", "id": unknown})
            case "follow_all":
                await feed.follow_all(self.follower)
            case _:
                raise BadMessage('type must be "follow" or "follow_all"')

    async def _tell(self, follower: Follower) -> None:
        while True:
            for job_id, job in (await follower.news()).items():
                if job is None:
                    await self._send({"type": "unknown", "id": job_id})
                else:
                    await self._send({"type": "job", "job": JobDetail(job).data})

    async def _send(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, ensure_ascii=False))


def parse(text: str | None) -> dict[str, Any]:
    """Raises BadMessage."""
    if text is None or len(text) > MAX_MESSAGE_CHARS:
        raise BadMessage(f"a message is a text of at most {MAX_MESSAGE_CHARS} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadMessage("a message is a JSON object")
    return message


def ids_of(message: dict[str, Any]) -> Collection[int]:
    """Raises BadMessage."""
    ids = message.get("ids")
    if not isinstance(ids, list) or not all(is_id(each) for each in ids):
        raise BadMessage("ids must be a list of job ids")
    if len(ids) > MAX_FOLLOWED:
        raise BadMessage(f"at most {MAX_FOLLOWED} ids")
    return ids


def is_id(value: Any) -> bool:
    """Whether it is a number that a 64-bit key can be."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
