"""The mouse pointer, drawn into a picture of the screen, which comes without."""

import numpy as np
from numpy.typing import NDArray

from streaming.core.sources.areas import Region


def draw_pointer(
    pixels: NDArray[np.uint8], region: Region, image: NDArray[np.uint8], *, left: int, top: int
) -> None:
    """Draw `image` in place.  left, top: of the image, on the desktop of which pixels are `region`.

    image: shape (height, width, 4), BGRA, colours multiplied by alpha already, as X11 has them.
    """
    height, width = image.shape[:2]
    seen = Region(left, top, width, height).within(region)
    if seen is None:
        return
    rows = slice(seen.top - top, seen.top - top + seen.height)
    columns = slice(seen.left - left, seen.left - left + seen.width)
    drawn = image[rows, columns].astype(np.uint16)
    y, x = seen.top - region.top, seen.left - region.left
    under = pixels[y : y + seen.height, x : x + seen.width, :3]
    hidden = 255 - drawn[:, :, 3:]
    under[:] = np.minimum(drawn[:, :, :3] + (under * hidden + 127) // 255, 255)
