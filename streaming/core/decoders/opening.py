"""Which decoders there are on this machine, and how one is opened."""

from collections.abc import Callable

from streaming.core.decoders.base import Decoder
from streaming.core.errors import DecoderLost
from streaming.core.wire import PublishedConfig

DECODERS: dict[str, Callable[..., Decoder]] = {}  # by codec; called with width, height, most_bytes
MISSING: dict[str, str] = {}  # codec, and why it is left out

try:
    from streaming.core.decoders.h264 import H264Decoder
except ImportError as error:
    MISSING["h264"] = str(error)
else:
    DECODERS["h264"] = H264Decoder

try:
    from streaming.core.decoders.jpeg import JpegDecoder
except ImportError as error:
    MISSING["jpeg"] = str(error)
else:
    DECODERS["jpeg"] = JpegDecoder


def open_decoder(config: PublishedConfig, *, most_bytes: int) -> Decoder:
    """A decoder for what a publisher announced; most_bytes: of one picture as it is sent.

    Raises DecoderLost when this machine lacks what it needs.
    """
    if config.codec in MISSING:
        raise DecoderLost(
            f"{config.codec} cannot be decoded on this machine: {MISSING[config.codec]}"
        )
    opened = DECODERS[config.codec]
    return opened(width=config.width, height=config.height, most_bytes=most_bytes)
