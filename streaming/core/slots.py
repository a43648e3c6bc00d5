"""What waits for one viewer, and what is lost when it is slow.  Everything runs on the event loop.

Each codec loses in its own way: whole JPEGs stand alone, so the newest wins; tiles that were missed
are caught up from the newest tile of each place; H.264 goes on at the next key frame.
"""

from collections import deque
from typing import Protocol

from streaming.core.encoders.base import EncodedFrame
from streaming.core.encoders.tile_cache import TileCache
from streaming.core.wire import Kind

H264_QUEUE_FRAMES = 8  # a quarter of a second at 30 fps: what is older is not live any more
H264_QUEUE_BYTES = 4 * 1024 * 1024


class Slot(Protocol):
    """What waits for one viewer."""

    dropped: int
    offered: int
    wants_key: bool

    def offer(self, frame: EncodedFrame) -> None:
        """There is a new frame.  Never waits; may throw older ones away, and counts them."""

    def take(self) -> EncodedFrame | None:
        """What to send next; None: nothing new."""

    def begin_anew(self) -> bool:
        """The viewer has lost its picture.  Whether a key frame must be asked for: what is kept
        is not enough to give it one."""

    def clear(self) -> None:
        """What waits is of no use any more: the screen's size or codec changed."""


class Memory(Protocol):
    """What a hub keeps of one codec, for viewers that join or must catch up."""

    def keep(self, frame: EncodedFrame) -> None:
        """Called with each frame before it is offered to any slot."""

    def slot(self) -> Slot:
        """For a viewer that joins: with the picture of now in it if that is kept."""

    def forget(self) -> None:
        """The picture is not that of now any more."""


class NewestSlot:
    """Whole pictures: one waits, the newest."""

    def __init__(self, memory: "NewestMemory") -> None:
        self.dropped = self.offered = 0
        self.wants_key = memory.newest is None
        self._memory = memory
        self._waiting = memory.newest

    def offer(self, frame: EncodedFrame) -> None:
        self.offered += 1
        self.wants_key = False
        self.dropped += self._waiting is not None
        self._waiting = frame

    def take(self) -> EncodedFrame | None:
        frame, self._waiting = self._waiting, None
        return frame

    def begin_anew(self) -> bool:
        self._waiting = self._memory.newest
        self.wants_key = self._waiting is None
        return self.wants_key

    def clear(self) -> None:
        self._waiting = None
        self.wants_key = True


class NewestMemory:
    """The newest whole picture."""

    def __init__(self) -> None:
        self.newest: EncodedFrame | None = None

    def keep(self, frame: EncodedFrame) -> None:
        self.newest = frame

    def slot(self) -> NewestSlot:
        return NewestSlot(self)

    def forget(self) -> None:
        self.newest = None


class KeySlot:
    """Frames that depend on those before: a short queue; when it is full, on to the next key."""

    def __init__(self) -> None:
        self.dropped = self.offered = 0
        self.wants_key = True
        self._has_begun = False
        self._queue: deque[EncodedFrame] = deque()
        self._bytes = 0

    def offer(self, frame: EncodedFrame) -> None:
        self.offered += self._has_begun or frame.is_key
        if frame.is_key:
            self._drop_waiting()
            self.wants_key, self._has_begun = False, True
        elif self.wants_key:
            self.dropped += self._has_begun
            return
        elif self._is_full():
            self._drop_waiting()
            self.dropped += 1
            self.wants_key = True
            return
        self._queue.append(frame)
        self._bytes += len(frame.message)

    def take(self) -> EncodedFrame | None:
        if not self._queue:
            return None
        frame = self._queue.popleft()
        self._bytes -= len(frame.message)
        return frame

    def begin_anew(self) -> bool:
        return True

    def clear(self) -> None:
        self._queue.clear()
        self._bytes = 0
        self.wants_key, self._has_begun = True, False

    def _is_full(self) -> bool:
        return len(self._queue) >= H264_QUEUE_FRAMES or self._bytes >= H264_QUEUE_BYTES

    def _drop_waiting(self) -> None:
        self.dropped += len(self._queue)
        self._queue.clear()
        self._bytes = 0


class KeyMemory:
    """Nothing: who joins waits for a key frame, which is forced for all who wait."""

    def keep(self, frame: EncodedFrame) -> None:
        pass

    def slot(self) -> KeySlot:
        return KeySlot()

    def forget(self) -> None:
        pass


class TileMemory:
    """The newest tile of each place: the whole picture from the first key frame on."""

    def __init__(self) -> None:
        self.is_whole = False
        self._cache = TileCache()
        self._picture: EncodedFrame | None = None

    def keep(self, frame: EncodedFrame) -> None:
        self.is_whole |= frame.is_key
        self._cache.add(frame)
        self._picture = None

    def slot(self) -> "TileSlot":
        return TileSlot(self)

    def forget(self) -> None:
        self.is_whole, self._cache, self._picture = False, TileCache(), None

    @property
    def mark(self) -> int:
        """How far the picture is now."""
        return self._cache.mark

    def since(self, mark: int) -> EncodedFrame | None:
        """What has changed since `mark`; the whole picture is made once for all who join."""
        if mark:
            return self._cache.since(mark)
        self._picture = self._picture or self._cache.since(0)
        return self._picture


class TileSlot:
    """Changed tiles: one message waits; of more, it is only known since when they are missed."""

    def __init__(self, memory: TileMemory) -> None:
        self.dropped = self.offered = 0
        self.wants_key = not memory.is_whole
        self._memory = memory
        self._waiting: EncodedFrame | None = None
        self._has = 0  # the mark of what was taken last
        self._is_behind = memory.is_whole

    def offer(self, frame: EncodedFrame) -> None:
        if self.wants_key and not frame.is_key:
            return
        self.offered += 1
        is_late = self._is_behind or self._waiting is not None
        self.dropped += is_late
        self._is_behind = is_late and not frame.is_key
        self._waiting = None if self._is_behind else frame
        self.wants_key = False

    def take(self) -> EncodedFrame | None:
        frame = self._memory.since(self._has) if self._is_behind else self._waiting
        if frame is not None:
            self._has = self._memory.mark
        self._is_behind, self._waiting = False, None
        return frame

    def begin_anew(self) -> bool:
        self._is_behind, self._waiting, self._has = self._memory.is_whole, None, 0
        self.wants_key = not self._memory.is_whole
        return self.wants_key

    def clear(self) -> None:
        self.wants_key, self._is_behind, self._waiting, self._has = True, False, None, 0


MEMORIES: dict[Kind, type[Memory]] = {
    Kind.JPEG: NewestMemory,
    Kind.TILES: TileMemory,
    Kind.H264: KeyMemory,
}
