"""The screens that this process shows, each while somebody watches.  On the event loop alone.

With the setting SCREEN_RELAY_URL processes share them: one captures, or has the publisher, and the
others follow it.  Without it each process stands alone, and nothing of the relay is loaded.
"""

import asyncio
import zlib
from functools import partial

from django.conf import settings

from streaming.core.decoders.opening import open_decoder
from streaming.core.encoders.opening import open_encoder
from streaming.core.live.published import PublishedStream
from streaming.core.live.shared import SharedStream
from streaming.core.live.stream import LiveStream, Status, Stream
from streaming.core.relay.base import Relay
from streaming.core.relay.opening import open_relay
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.opening import open_source
from streaming.models import Screen

LOCAL = "local"

Key = tuple[int, str]  # id of the screen, and the text of its source


class Streams:
    """The streams of one event loop.

    default_source: what an operator has chosen for this machine's own screen, "": nothing; then a
    test pattern stands in for `local` where there is no screen.
    """

    def __init__(
        self,
        *,
        desktop: Desktop,
        default_source: str,
        fps: float,
        idle_s: float,
        most_bytes: int,
        relay_url: str,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._desktop = desktop
        self._default_source = default_source
        self._fps = fps
        self._idle_s = idle_s
        self._most_bytes = most_bytes
        self._relay: Relay | None = open_relay(relay_url) if relay_url else None
        self._published: dict[int, PublishedStream] = {}
        self._streams: dict[Key, Stream] = {}

    def of(self, screen_id: int, source: str) -> Stream:
        """The stream of a screen; made when it is first asked for, and it runs while watched."""
        if source == Screen.PUBLISHER:
            self.published(screen_id)
        elif (screen_id, source) not in self._streams:
            self._streams[screen_id, source] = self._captured(screen_id, source)
        return self._streams[screen_id, source]

    def published(self, screen_id: int) -> PublishedStream:
        """Where this process's publisher of a screen sends its pictures."""
        if screen_id not in self._published:
            published = PublishedStream(
                open_encoder=open_encoder,
                open_decoder=partial(open_decoder, most_bytes=self._most_bytes),
                most_bytes=self._most_bytes,
            )
            self._published[screen_id] = published
            self._streams[screen_id, Screen.PUBLISHER] = self._sent_on(screen_id, published)
        return self._published[screen_id]

    def status(self, screen_id: int, source: str) -> Status | None:
        """How a screen is; None: this process does not know.  Any thread may ask."""
        stream = self._streams.get((screen_id, source))
        return stream.status() if stream else None

    async def close_all(self) -> None:
        """End all of them at once; takes two seconds at most, or three where a relay hangs."""
        streams: list[Stream] = [*self._streams.values(), *self._published.values()]
        self._streams, self._published = {}, {}
        await asyncio.gather(*[stream.close() for stream in streams])
        if self._relay:
            await self._relay.close()

    def _captured(self, screen_id: int, source: str) -> Stream:
        stands_in = source == LOCAL and not self._default_source
        captured = LiveStream(
            open_source=partial(open_source, "" if stands_in else source, self._desktop),
            open_encoder=open_encoder,
            fps=self._fps,
            idle_s=self._idle_s,
            name=f"screen {screen_id}, source {source!r}",
        )
        if self._relay is None:
            return captured
        return SharedStream(place(screen_id, source), captured, self._relay, may_own=lambda: True)

    def _sent_on(self, screen_id: int, published: PublishedStream) -> Stream:
        if self._relay is None:
            return published
        shared = SharedStream(
            place(screen_id, Screen.PUBLISHER),
            published,
            self._relay,
            may_own=lambda: published.publication is not None,
        )
        published.on_publication = shared.own_now
        return shared


def place(screen_id: int, source: str) -> str:
    """The name under which processes share it: who follows another source gets nothing of this."""
    return f"{screen_id}-{zlib.crc32(source.encode()):08x}"


# --- of this process, as its settings say ----------------------------------------------------------

_streams: Streams | None = None


def here() -> Streams:
    """Those of the running event loop."""
    global _streams
    if _streams is None or _streams.loop is not asyncio.get_running_loop():
        _streams = Streams(
            desktop=Desktop.of(settings.ENVIRONMENT),
            default_source=settings.SCREEN_SOURCE,
            fps=settings.SCREEN_FPS,
            idle_s=settings.SCREEN_IDLE_S,
            most_bytes=settings.SCREEN_MAX_FRAME_BYTES,
            relay_url=settings.SCREEN_RELAY_URL,
        )
    return _streams


def of(screen_id: int, source: str) -> Stream:
    """The stream of a screen."""
    return here().of(screen_id, source)


def published(screen_id: int) -> PublishedStream:
    """Where this process's publisher of a screen sends its pictures."""
    return here().published(screen_id)


def status(screen_id: int, source: str) -> Status | None:
    """How a screen is; None: this process does not know.  Any thread may ask."""
    return _streams.status(screen_id, source) if _streams else None


async def close_all() -> None:
    """Before the event loop ends."""
    global _streams
    streams, _streams = _streams, None
    if streams:
        await streams.close_all()
