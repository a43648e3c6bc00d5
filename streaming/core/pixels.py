"""Sums over all pixels of a picture: by OpenCV, and slower where its libraries are missing.

OpenCV is linked against libGL, which servers without a desktop often lack.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

cv2: Any = None
MISSING = ""  # what OpenCV lacks here
try:
    import cv2 as cv2
except ImportError as error:
    MISSING = str(error)


def i420_of(pixels: Pixels) -> Pixels:
    """The planes of H.264's 4:2:0, in BT.601 and limited range, of BGRX with even sides.

    OpenCV takes a quarter of what libswscale takes for the same (1.3 of 5.2 ms at 1920x1080), and
    Pillow and numpy together six times as long.
    """
    if cv2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2YUV_I420), np.uint8)
    return i420_without_opencv(pixels)


def halved(pixels: Pixels) -> Pixels:
    """The picture at half its width and height, each at least 1."""
    height, width = pixels.shape[:2]
    size = max(width // 2, 1), max(height // 2, 1)
    if cv2:
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return halved_without_opencv(pixels)


def show_i420(planes: Any, shown: Pixels) -> None:
    """Write such planes into `shown` as BGRX.  Only with OpenCV; raises ValueError."""
    try:
        cv2.cvtColor(planes, cv2.COLOR_YUV2BGRA_I420, dst=shown)
    except cv2.error as error:
        raise ValueError(str(error)) from error


def i420_without_opencv(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    blue, green, red = (pixels[:, :, n].astype(np.int32) for n in range(3))
    luma = ((66 * red + 129 * green + 25 * blue + 128) >> 8) + 16
    # Colours are those of the mean of four pixels.
    b, g, r = (
        plane.reshape(height // 2, 2, width // 2, 2).sum(axis=(1, 3)) >> 2
        for plane in (blue, green, red)
    )
    u = ((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128
    v = ((112 * r - 94 * g - 18 * b + 128) >> 8) + 128
    planes = np.concatenate([plane.astype(np.uint8).ravel() for plane in (luma, u, v)])
    return planes.reshape(height * 3 // 2, width)


def halved_without_opencv(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    size = max(width // 2, 1), max(height // 2, 1)
    image = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
    return np.array(image.resize(size, Image.Resampling.BOX, reducing_gap=2.0), np.uint8)
