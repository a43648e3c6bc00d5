"""Only what has changed, as JPEG tiles on a grid of 64 px.  Blocking.

Where a whole block of the grid changes, it travels as one tile: at 1920x1080 in full motion that is
20 JPEGs instead of 510, half the bytes and half the work, here and in a browser.  Blocks are aligned
to their size, so there are few places, and a newer tile has the place of the older one.  Much motion
is sent roughly (lower quality, colours at half resolution); what then stands still is sent once
more, finely, a few tiles at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from streaming.core.changes import TILE_PX, changed_tiles, grid_of
from streaming.core.encoders.base import EncodedFrame, Tile, encoded
from streaming.core.encoders.jpeg import quality_for
from streaming.core.frame import Frame
from streaming.core.wire import Kind, pack_tile, pack_tiles

MERGED = ((8, 4), (4, 1))  # columns and rows of the grid, the largest first
ROUGH_PLACES = 128  # more than these in one frame are motion: a quarter of 1920x1080
ROUGH_RATIO = 0.5  # of the quality of what stands still: a third fewer bytes
REFINED_PLACES = 64  # at most so many a frame: half a megabyte a second of the finest text

Places = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the grid; one at the right or lower edge reaches over it."""

    column: int
    row: int
    columns: int
    rows: int


class TilesEncoder:
    """An Encoder that Refines and Adjusts."""

    def __init__(self, *, width: int, height: int, fps: float) -> None:
        self._config = {"codec": "tiles", "width": width, "height": height, "fps": fps}
        self._sent: NDArray[np.uint8] | None = None
        self._rough: Places = np.zeros(grid_of(width=width, height=height), np.bool_)
        self._ratio = 1.0

    @property
    def config(self) -> dict[str, Any]:
        return self._config

    @property
    def is_refining(self) -> bool:
        return bool(self._rough.any())

    def encode(self, frame: Frame, *, wants_key: bool) -> EncodedFrame | None:
        """A hub serves late viewers from the tiles it keeps, and wants no key for them."""
        is_key = wants_key or self._sent is None
        changed = self._changed(frame.pixels, is_key=is_key)
        self._sent = frame.pixels
        tiles = tuple(self._tiles(frame.pixels, changed))
        if not tiles:
            return None
        payload = pack_tiles(tile.data for tile in tiles)
        return encoded(Kind.TILES, payload, frame, is_key=is_key, tiles=tiles)

    def adjust(self, *, quality_ratio: float, fps: float) -> None:
        self._ratio = quality_ratio
        self._config = {**self._config, "fps": fps}

    def close(self) -> None:
        self._sent = None

    def _changed(self, pixels: NDArray[np.uint8], *, is_key: bool) -> Places:
        if is_key or self._sent is None:
            return np.ones_like(self._rough)
        return changed_tiles(self._sent, pixels)

    def _tiles(self, pixels: NDArray[np.uint8], changed: Places) -> Iterator[Tile]:
        is_motion = np.count_nonzero(changed) > ROUGH_PLACES
        refined = _some(self._rough & ~changed)
        self._rough = self._rough & ~refined & ~changed
        if is_motion:
            self._rough |= changed
        fine = quality_for(self._ratio), "444"
        rough = quality_for(self._ratio * ROUGH_RATIO), "420"
        for block in blocks(changed):
            yield _tile(pixels, block, *(rough if is_motion else fine))
        for block in blocks(refined):
            yield _tile(pixels, block, *fine)


def _tile(pixels: NDArray[np.uint8], block: Block, quality: int, subsampling: str) -> Tile:
    x, y = block.column * TILE_PX, block.row * TILE_PX
    part = pixels[y : y + block.rows * TILE_PX, x : x + block.columns * TILE_PX]
    jpeg = simplejpeg.encode_jpeg(
        np.ascontiguousarray(part),
        quality=quality,
        colorspace="BGRX",
        colorsubsampling=subsampling,
        fastdct=True,
    )
    height, width = part.shape[:2]
    return Tile(x, y, width, height, pack_tile(x, y, width, height, jpeg))


def blocks(changed: Places) -> Iterator[Block]:
    """Cover the true places, each once, and no other; the largest blocks that fit."""
    left = changed.copy()
    for columns, rows in MERGED:
        for row in range(0, left.shape[0], rows):
            for column in range(0, left.shape[1], columns):
                part = left[row : row + rows, column : column + columns]
                if part.all():
                    part[:] = False
                    yield Block(column, row, columns, rows)
    for row, column in np.argwhere(left).tolist():
        yield Block(column, row, 1, 1)


def _some(places: Places) -> Places:
    """The first REFINED_PLACES of them."""
    chosen = np.zeros_like(places)
    chosen.flat[np.flatnonzero(places)[:REFINED_PLACES]] = True
    return chosen
