"""A screen as this process has it, and one that is captured here.  Runs on the event loop."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from streaming.core.hub import Reader
from streaming.core.items import State, StateName
from streaming.core.live.audience import Audience
from streaming.core.live.capture import OpenSource
from streaming.core.live.pipeline import OpenEncoder, Pipeline

STOPPING = State("ended", "server-stops", "The server is being stopped.")


@dataclass(frozen=True, slots=True)
class Status:
    """What a screen does now.  reason, detail: see State.  readers: by codec."""

    state: StateName
    reason: str = ""
    detail: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    readers: dict[str, int] = field(default_factory=dict)


class Stream(Protocol):
    """A screen as this process has it, wherever its pictures come from."""

    def watch(self, codec: str, tier: str = "full") -> AbstractContextManager[Reader]:
        """Watch for the length of a `with` block.  codec: h264, tiles or jpeg; tier: full or light.

        The first picture comes at once, also from a screen that stands still.
        """

    def status(self) -> Status: ...

    async def close(self) -> None:
        """End, and wait until nothing of it runs any more."""


class LiveStream:
    """A Stream whose source is opened here while somebody watches, and idle_s longer.

    name: of the source, for the log; empty: who made this tells of its states by themselves.
    """

    def __init__(
        self,
        *,
        open_source: OpenSource,
        open_encoder: OpenEncoder,
        fps: float,
        idle_s: float,
        name: str = "",
    ) -> None:
        self._pipeline = Pipeline(
            open_source=open_source, open_encoder=open_encoder, fps=fps, idle_s=idle_s, name=name
        )
        self._audience = Audience(self._pipeline)
        self._ended: State | None = None

    def watch(self, codec: str, tier: str = "full") -> AbstractContextManager[Reader]:
        return self._audience.watch((codec, tier))

    def status(self) -> Status:
        state, seen = self._ended or self._pipeline.state, self._pipeline.seen
        return Status(
            state.state,
            state.reason,
            state.detail,
            seen.width,
            seen.height,
            seen.fps,
            self._audience.by_codec(),
        )

    @property
    def is_resting(self) -> bool:
        """Whether nothing of it runs."""
        return self._pipeline.is_resting

    def pause(self) -> None:
        """Show nothing until `resume`; viewers are told."""
        self._pipeline.pause()

    def resume(self) -> None:
        self._pipeline.resume()

    def end(self, reason: str, detail: str) -> None:
        """No more pictures: viewers are told why, and whoever comes later too."""
        self._ended = State("ended", reason, detail)
        self._audience.close(self._ended)
        self._pipeline.rest()

    async def close(self) -> None:
        if self._ended is None:
            self.end(STOPPING.reason, STOPPING.detail)
        await self._pipeline.close()
