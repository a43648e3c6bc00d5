"""What every decoder can do."""

from typing import Protocol

from streaming.core.frame import Frame
from streaming.core.wire import Message


class Decoder(Protocol):
    """One publisher's codec at the size it announced.  Used by one thread."""

    @property
    def wants_key(self) -> bool:
        """Whether nothing can be shown until the publisher sends a key frame."""

    def decode(self, message: Message, *, arrived_ns: int) -> Frame | None:
        """The picture; None: not to be had before the next key frame.  Blocks while it is decoded,
        a few seconds at most.

        arrived_ns: on the clock of Frame.captured_ns; the rest of the frame is the publisher's.
        Raises BadMessage for what is not such a picture, and DecoderLost when the codec's process
        has ended too often: a publisher is closed for either.
        """

    def close(self) -> None:
        """Release the codec.  Safe to call twice."""
