"""A time as a row of black and white blocks, drawn into a picture and read back from one.

The row spans the picture's full width and the upper 1/16 of its height.  It has 64 blocks of the
same width; block i begins at x = i * width / 64.  White is 1, black is 0.  From the left:

    blocks 0 to 3     1 0 1 0
    blocks 4 to 55    microseconds since 1970, 52 bits, the highest first
    blocks 56 to 63   CRC-8 (polynomial 0x07, start 0) of those bits as 7 bytes, big endian, four
                      zero bits in front

A reader looks at the middle of each block alone, half its width and half its height, and takes
what is brighter than 128 on average for white.  So it needs to know nothing but the picture's
size, and reads through JPEG, H.264 and scaling down.  In JavaScript a time fits into a Number.
"""

import numpy as np
from numpy.typing import NDArray

BLOCKS = 64
HEIGHT_PARTS = 16
MARK, MARK_BITS = 0b1010, 4
TIME_BITS = 52
CHECK_BITS = 8
POLYNOMIAL = 0x07


def draw_time(pixels: NDArray[np.uint8], time_us: int) -> None:
    """Draw in place.  pixels: shape (height, width, channels), at least 64 wide and 16 high."""
    height, width = pixels.shape[:2]
    number = (MARK << TIME_BITS | time_us % 2**TIME_BITS) << CHECK_BITS | check_of(time_us)
    bits = np.array([number >> (BLOCKS - 1 - i) & 1 for i in range(BLOCKS)], dtype=np.uint8)
    block_of = np.arange(width) * BLOCKS // width
    pixels[: height // HEIGHT_PARTS, :, :3] = (bits * 255)[block_of][:, None]


def read_time(pixels: NDArray[np.uint8]) -> int | None:
    """The time drawn into a picture, in microseconds since 1970; None: there is none to be read.

    pixels: shape (height, width) or (height, width, channels), of which the first three count.
    """
    height, width = pixels.shape[:2]
    if width < BLOCKS or height < HEIGHT_PARTS:
        return None
    row = height / HEIGHT_PARTS
    middle = pixels[round(row / 4) : max(round(row * 3 / 4), round(row / 4) + 1)]
    bright = middle.reshape(len(middle), width, -1)[:, :, :3].mean(axis=(0, 2))
    number = 0
    for i in range(BLOCKS):
        left, right = (i + 0.25) * width / BLOCKS, (i + 0.75) * width / BLOCKS
        block = bright[int(left) : max(round(right), int(left) + 1)]
        number = number << 1 | int(block.mean() > 128)
    mark, time_us = number >> TIME_BITS + CHECK_BITS, number >> CHECK_BITS & 2**TIME_BITS - 1
    is_whole = mark == MARK and number & 2**CHECK_BITS - 1 == check_of(time_us)
    return time_us if is_whole else None


def check_of(time_us: int) -> int:
    """CRC-8 of the time's seven bytes."""
    check = 0
    for byte in (time_us % 2**TIME_BITS).to_bytes(7, "big"):
        check ^= byte
        for _ in range(8):
            check = (check << 1 ^ (POLYNOMIAL if check & 0x80 else 0)) & 0xFF
    return check
