"""The newest tile of every place, for viewers that come late or have missed some.  No encoding."""

from collections.abc import Iterator

from streaming.core.changes import TILE_PX
from streaming.core.encoders.base import EncodedFrame, Tile
from streaming.core.wire import HEAD, Kind, pack, pack_tiles


class TileCache:
    """What the tiles so far have made of the picture; used by one thread, the readers' one.

    Tiles cover one or more places of a grid of 64 px; a place remembers the newest that covers it.
    A tile is forgotten when newer ones cover all of its places, so memory is bounded by the grid.
    """

    def __init__(self) -> None:
        self._newest: EncodedFrame | None = None
        self._tile_at: dict[tuple[int, int], tuple[int, Tile]] = {}
        self._count = 0

    def add(self, frame: EncodedFrame) -> None:
        """Remember a frame of kind TILES; those of one encoder come in their order.  A key frame
        covers the whole picture, so what was there before it (another size) is forgotten."""
        if frame.is_key:
            self._tile_at.clear()
        self._newest = frame
        for tile in frame.tiles:
            self._count += 1
            for place in _places(tile):
                self._tile_at[place] = (self._count, tile)

    @property
    def mark(self) -> int:
        """How far the picture is now: remember it with what was sent to a viewer, and give it to
        `since` when that viewer has missed some."""
        return self._count

    def since(self, mark: int) -> EncodedFrame | None:
        """All that a viewer at `mark` lacks, as one frame; None: nothing.  0: the whole picture.

        Bears the sequence and the moment of the newest frame; the tiles were made before, so this
        costs a copy of their bytes.
        """
        if self._newest is None or mark >= self._count:
            return None
        missing = {made: tile for made, tile in self._tile_at.values() if made > mark}
        tiles = tuple(missing[made] for made in sorted(missing))
        newest, is_key = self._newest, mark == 0
        message = pack(
            Kind.TILES,
            pack_tiles(tile.data for tile in tiles),
            is_key=is_key,
            sequence=newest.sequence,
            captured_at_us=newest.captured_at_us,
        )
        return EncodedFrame(
            Kind.TILES, is_key, newest.sequence, newest.captured_at_us, message, HEAD.size, tiles
        )


def _places(tile: Tile) -> Iterator[tuple[int, int]]:
    for y in range(tile.y, tile.y + tile.height, TILE_PX):
        for x in range(tile.x, tile.x + tile.width, TILE_PX):
            yield x, y
