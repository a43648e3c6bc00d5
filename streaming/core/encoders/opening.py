"""Which encoders there are on this machine, and how one is opened.

A machine without one of the native libraries does without the codecs that need it.
"""

from collections.abc import Callable

from streaming.core.encoders.base import Encoder
from streaming.core.errors import EncoderUnavailable

OpenEncoder = Callable[..., Encoder]

ENCODERS: dict[str, OpenEncoder] = {}  # by codec; called with width, height and fps
MISSING: dict[str, str] = {}  # codec or tier, and why it is left out

try:
    from streaming.core.encoders.h264 import H264Encoder
except ImportError as error:
    MISSING["h264"] = str(error)
else:
    ENCODERS["h264"] = H264Encoder

try:
    from streaming.core.encoders.jpeg import JpegEncoder
    from streaming.core.encoders.tiles import TilesEncoder
except ImportError as error:
    MISSING["tiles"] = MISSING["jpeg"] = str(error)
else:
    ENCODERS["tiles"], ENCODERS["jpeg"] = TilesEncoder, JpegEncoder

try:
    from streaming.core.encoders.light import LightEncoder
except ImportError as error:
    MISSING["light"] = str(error)


def _open_full(opened: OpenEncoder, *, width: int, height: int, fps: float) -> Encoder:
    return opened(width=width, height=height, fps=fps)


def _open_light(opened: OpenEncoder, *, width: int, height: int, fps: float) -> Encoder:
    return LightEncoder(opened, width=width, height=height, fps=fps)


TIERS = {"full": _open_full, "light": _open_light}


def open_encoder(codec: str, *, tier: str, width: int, height: int, fps: float) -> Encoder:
    """An encoder for pictures of this size; used by the thread that opens it.

    codec: h264, tiles or jpeg; tier: full or light.  Raises EncoderUnavailable when this machine
    lacks what it needs.
    """
    for wanted in (codec, tier):
        if wanted in MISSING:
            raise EncoderUnavailable(
                f"{wanted} is not available on this machine: {MISSING[wanted]}.  Install what "
                "requirements.txt names, or watch by another codec."
            )
    return TIERS[tier](ENCODERS[codec], width=width, height=height, fps=fps)
