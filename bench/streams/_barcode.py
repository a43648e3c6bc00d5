"""A time that survives any codec: a row of big blocks, black and white, at the top of the picture.

52 bits of microseconds since 1970, and 8 that check them.  Places are parts of the picture's width
and height, so a picture that was shrunk is read as well.
"""

import numpy as np
from numpy.typing import NDArray

TIME_BITS, CHECK_BITS = 52, 8
BITS = TIME_BITS + CHECK_BITS
WIDTH, HEIGHT = 1920, 1080
BLOCK_PX, FIRST_PX = 30, 60
WEIGHTS = 1 << np.arange(BITS, dtype=np.uint64)


def draw(pixels: NDArray[np.uint8], time_us: int) -> None:
    """Write over the first BLOCK_PX lines of a BGRX picture of WIDTH px."""
    code = time_us | checked(time_us) << TIME_BITS
    bits = (code & WEIGHTS.astype(object) != 0).astype(np.uint8) * 255
    pixels[:BLOCK_PX] = 0
    pixels[:BLOCK_PX, FIRST_PX : FIRST_PX + BITS * BLOCK_PX] = np.repeat(bits, BLOCK_PX)[:, None]


def read(grey: NDArray[np.uint8]) -> int | None:
    """The time in a picture's grey values; None: there is none, or it cannot be read."""
    height, width = grey.shape
    line = grey[height * BLOCK_PX // 2 // HEIGHT]
    centres = (FIRST_PX + BLOCK_PX // 2 + np.arange(BITS) * BLOCK_PX) * width // WIDTH
    code = int(WEIGHTS[line[centres] > 127].sum())
    time_us = code & ((1 << TIME_BITS) - 1)
    return time_us if time_us and code >> TIME_BITS == checked(time_us) else None


def checked(time_us: int) -> int:
    return sum(time_us.to_bytes(8)) * 31 % 251
