"""What every encoder can do, and what some can."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from streaming.core.frame import Frame
from streaming.core.wire import HEAD, Kind, pack


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a picture, in pixels; data: its entry in a tiles payload, head and JPEG bytes."""

    x: int
    y: int
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One picture, or what changed in it, as it goes to every viewer.

    message: wire head and payload in one, made once.  is_key: can be shown without any before it.
    payload_start: where the payload begins in `message` (MJPEG sends the payload alone).
    tiles: of kind TILES alone: what `message` is made of, for viewers that must catch up.
    """

    kind: Kind
    is_key: bool
    sequence: int
    captured_at_us: int
    message: bytes
    payload_start: int
    tiles: tuple[Tile, ...] = ()


class Encoder(Protocol):
    """One codec at one size.  Used by one thread; a change of size asks for a new encoder."""

    @property
    def config(self) -> dict[str, Any]:
        """What viewers are told first: codec, width, height, fps, and what a decoder needs
        (`description`: the RFC 6381 string for WebCodecs).  Another dict once it has changed."""

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        """None: nothing that a viewer would see has changed.  wants_key: by a new viewer, or by
        one that lost frames; encoders whose frames stand alone need not heed it."""

    def close(self) -> None:
        """Release the codec.  Safe to call twice."""


@runtime_checkable
class Refines(Protocol):
    """An encoder that first sends a picture roughly, and better once the screen stands still."""

    @property
    def is_refining(self) -> bool:
        """Whether `encode` should be given the next captures too although they show nothing new,
        at the stream's rate, until this is false (after a second or three)."""


@runtime_checkable
class Adjusts(Protocol):
    """An encoder whose quality can be changed while it runs, for viewers that are slow."""

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        """Heeded from the next frame on; called by any thread.

        quality_ratio: above 0, 1 is the best this encoder gives; the bytes a second go with it.
        fps: how many pictures a second will come from now on.
        """


def encoded(
    kind: Kind, payload: bytes, frame: Frame, *, is_key: bool, tiles: tuple[Tile, ...] = ()
) -> EncodedFrame:
    """What has been made of `frame`, packed for the wire."""
    message = pack(
        kind,
        payload,
        is_key=is_key,
        sequence=frame.sequence,
        captured_at_us=frame.captured_at_us,
    )
    return EncodedFrame(
        kind, is_key, frame.sequence, frame.captured_at_us, message, HEAD.size, tiles
    )
