"""A relay between machines, by Redis.  Async.

The lease is a key that expires; frames go by PUBLISH.  Redis sees all pictures and whoever may
connect to it can follow them, private screens too: it must be trusted as the server itself is.
On a channel of frames: `u64 owner`, `u32 count` (big endian), and an item; the item is empty as a
sign of life.  A gap in the count means that some were lost.  Those who follow say once a second on
the channel of demand what they want, in JSON.
"""

import asyncio
import json
import secrets
import struct
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from streaming.core.adapting import LATE_MS
from streaming.core.encoders.base import EncodedFrame
from streaming.core.errors import BadMessage, SourceLost
from streaming.core.hub import Reader
from streaming.core.items import Config, Item, State
from streaming.core.relay.base import RelayLost, Watch
from streaming.core.relay.messages import pack_item, unpack_item
from streaming.core.wire import read_config

HEAD = struct.Struct(">QI")
COUNTS = 1 << 32
GOOD_BYE = HEAD.pack(0, 0)  # of nobody: who follows looks for another
LEASE_S = 3.0
BEAT_S = 1.0  # of leases, signs of life and demand
SILENT_S = 3.0  # what has not beaten for so long is gone
CONNECT_S = 2.0
PREFIX = "sluice:screen:"

# KEYS[1]: the lease.  ARGV[1]: our token, ARGV[2]: milliseconds.
RENEW = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2])"
RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1])"

UNREACHABLE = (RedisError, OSError)


def open_relay(url: str) -> "RedisRelay":
    """url: as redis-py has it."""
    return RedisRelay(url)


class RedisRelay:
    """A Relay."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_S, socket_timeout=None
        )

    async def offer(self, screen: str, watch: Watch) -> "RedisOffering | None":
        offering = RedisOffering(self._redis, screen, watch)
        try:
            return offering if await offering.open() else None
        except UNREACHABLE as error:
            raise RelayLost(f"Redis cannot be reached: {error}") from error

    async def follow(self, screen: str, codec: str, tier: str) -> "RedisFollowing":
        following = RedisFollowing(self._redis, screen, codec, tier)
        try:
            await following.open()
        except UNREACHABLE as error:
            await following.close()
            raise RelayLost(f"Redis cannot be reached: {error}") from error
        return following

    async def close(self) -> None:
        with suppress(*UNREACHABLE):
            await self._redis.aclose()


class RedisOffering:
    """An Offering: watches what is demanded, for as long as it is."""

    def __init__(self, redis: Redis, screen: str, watch: Watch) -> None:
        self.lost = asyncio.Event()
        self._redis = redis
        self._lease = f"{PREFIX}{screen}:owner"
        self._screen = screen
        self._watch = watch
        self._token = secrets.token_hex(8)
        self._owner = int(self._token, 16)
        self._topics: dict[tuple[str, str], Topic] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._demand: PubSub | None = None

    async def open(self) -> bool:
        """False: another process has the lease."""
        taken = await self._redis.set(self._lease, self._token, nx=True, px=int(LEASE_S * 1000))
        if not taken:
            return False
        self._demand = self._redis.pubsub(ignore_subscribe_messages=True)
        await subscribe(self._demand, demand_channel(self._screen))
        self._run(self._renew())
        self._run(self._listen(self._demand))
        return True

    async def close(self) -> None:
        followed = list(self._topics)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        demand, self._demand = self._demand, None
        if demand is None:
            return
        with suppress(TimeoutError, *UNREACHABLE):
            async with asyncio.timeout(BEAT_S):
                if not self.lost.is_set():
                    await self._redis.eval(RELEASE, 1, self._lease, self._token)
                for key in followed:
                    await self._redis.publish(frames_channel(self._screen, *key), GOOD_BYE)
                await demand.aclose()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _renew(self) -> None:
        held_until = time.monotonic() + LEASE_S
        while time.monotonic() < held_until:
            await asyncio.sleep(BEAT_S)
            try:
                async with asyncio.timeout(BEAT_S):
                    asked_at = time.monotonic()
                    kept = await self._redis.eval(
                        RENEW, 1, self._lease, self._token, str(int(LEASE_S * 1000))
                    )
            except (TimeoutError, *UNREACHABLE):
                continue
            if not kept:
                break
            held_until = asked_at + LEASE_S
        self.lost.set()

    async def _listen(self, demand: PubSub) -> None:
        try:
            async for message in demand.listen():
                with suppress(BadMessage, KeyError):
                    self._heed(read_config(message["data"]))
        except UNREACHABLE:
            self.lost.set()

    def _heed(self, asked: dict[str, Any]) -> None:
        key = str(asked["codec"]), str(asked["tier"])
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic()
            self._run(self._pass_on(key, topic))
        topic.heed(wants_key=bool(asked.get("wants_key")), is_slow=bool(asked.get("is_slow")))

    async def _pass_on(self, key: tuple[str, str], topic: "Topic") -> None:
        codec, tier = key
        channel = frames_channel(self._screen, codec, tier)
        try:
            with self._watch(codec, tier) as topic.reader:
                async for message in topic.messages():
                    head = HEAD.pack(self._owner, topic.count)
                    topic.count = (topic.count + 1) % COUNTS
                    await self._redis.publish(channel, head + message)
        except (SourceLost, KeyError):
            return
        except UNREACHABLE:
            self.lost.set()
        finally:
            self._topics.pop(key, None)


class Topic:
    """A codec and tier that somebody follows."""

    def __init__(self) -> None:
        self.reader: Reader | None = None
        self.count = 0
        self._wanted_until = 0.0
        self._known: dict[type, Item] = {}
        self._again: list[Item] = []

    def heed(self, *, wants_key: bool, is_slow: bool) -> None:
        """Somebody still follows.  wants_key: has just come or has lost items; it must hear again
        how the screen is."""
        self._wanted_until = time.monotonic() + SILENT_S
        if self.reader is None:
            return
        if wants_key:
            self._again = [self._known[kind] for kind in (State, Config) if kind in self._known]
            self.reader.ask_key()
        if is_slow:
            self.reader.report(latency_ms=2 * LATE_MS, dropped=0)

    async def messages(self) -> AsyncIterator[bytes]:
        """Items as bytes while they are wanted, and an empty one where none came for a while."""
        while time.monotonic() < self._wanted_until:
            item = await self._next_item()
            again, self._again = self._again, []
            for known in again:
                yield pack_item(known)
            yield b"" if item is None else pack_item(item)

    async def _next_item(self) -> Item | None:
        """None: nothing came for a while."""
        assert self.reader
        try:
            async with asyncio.timeout(BEAT_S):
                item = await self.reader.next_item()
        except TimeoutError:
            return None
        if not isinstance(item, EncodedFrame):
            self._known[type(item)] = item
        return item


class RedisFollowing:
    """A Following."""

    def __init__(self, redis: Redis, screen: str, codec: str, tier: str) -> None:
        self._redis = redis
        self._screen = screen
        self._lease = f"{PREFIX}{screen}:owner"
        self._channel = frames_channel(screen, codec, tier)
        self._asked = {"codec": codec, "tier": tier}
        self._frames: PubSub = redis.pubsub(ignore_subscribe_messages=True)
        self._owner: int | None = None
        self._count: int | None = None
        self._lacks_key = True
        self._is_slow = False
        self._ask_now = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        owner = await self._redis.get(self._lease)
        if owner is None:
            raise RelayLost(f"no process has the screen {self._screen}")
        self._owner = int(owner, 16)
        await subscribe(self._frames, self._channel)
        self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def next_item(self) -> Item:
        while True:
            message = await self._next_message()
            owner, count = HEAD.unpack_from(message)
            if owner != self._owner:
                raise RelayLost("another process has the screen now")
            item = self._item(count, message[HEAD.size :])
            if item is not None:
                return item

    def ask_key(self) -> None:
        self._lacks_key = True
        self._ask_now.set()

    def report(self, *, is_slow: bool) -> None:
        self._is_slow = is_slow

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        with suppress(*UNREACHABLE):
            await self._frames.aclose()

    async def _next_message(self) -> bytes:
        try:
            async with asyncio.timeout(SILENT_S):
                while (message := await self._frames.get_message(timeout=SILENT_S)) is None:
                    pass
        except (TimeoutError, *UNREACHABLE) as error:
            raise RelayLost("the process that had the screen is gone") from error
        return bytes(message["data"])

    def _item(self, count: int, content: bytes) -> Item | None:
        """None: nothing new, or of no use after what was lost."""
        if self._count is not None and count != self._count:
            self.ask_key()
        self._count = (count + 1) % COUNTS
        if not content:
            return None
        try:
            item = unpack_item(content)
        except BadMessage as error:
            raise RelayLost(
                f"the process that has the screen is of another kind: {error}"
            ) from error
        if isinstance(item, EncodedFrame):
            self._lacks_key &= not item.is_key
            return None if self._lacks_key else item
        return item

    async def _ask(self) -> None:
        """Say what is wanted, at once and again and again."""
        with suppress(*UNREACHABLE):
            while True:
                self._ask_now.clear()
                asked = {
                    **self._asked,
                    "wants_key": self._lacks_key,
                    "is_slow": self._is_slow,
                }
                await self._redis.publish(demand_channel(self._screen), json.dumps(asked))
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._ask_now.wait()


async def subscribe(channels: PubSub, channel: str) -> None:
    """Returns when it holds: what is published from now on arrives."""
    await channels.subscribe(channel)
    await channels.get_message(timeout=CONNECT_S)  # Redis's word that it does; told to nobody


def frames_channel(screen: str, codec: str, tier: str) -> str:
    return f"{PREFIX}{screen}:frames:{codec}:{tier}"


def demand_channel(screen: str) -> str:
    return f"{PREFIX}{screen}:demand"
