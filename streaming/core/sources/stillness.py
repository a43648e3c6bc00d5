"""Whether a screen still shows what was captured last, by what its server says was drawn.

Not every driver tells the server of all it draws.  So now and then a picture is taken all the same:
one that has changed without a word, not even a moment later, shows that this server is not to be
asked any more.
"""

from collections.abc import Callable

from numpy.typing import NDArray

from streaming.core.changes import Pixels, is_changed
from streaming.core.sources.areas import Region
from streaming.core.sources.x11 import Pointer

LOOK_ANYWAY_NS = 250_000_000

Seen = tuple[Region, Pointer | None]


class Stillness:
    """Leaves captures out.  has_damage: whether anything was drawn since it was called last."""

    def __init__(self, has_damage: Callable[[], bool]) -> None:
        self._has_damage = has_damage
        self._last: tuple[Seen, Pixels] | None = None
        self._taken_ns = 0
        self._was_silent = False
        self._is_suspect = False
        self.is_blind = False

    def last_if_still(self, seen: Seen, now_ns: int) -> Pixels | None:
        """The last picture, if it is that of now; None: take one, and give it to `keep`."""
        is_damaged = self._has_damage()
        self.is_blind = self.is_blind or (self._is_suspect and not is_damaged)
        self._is_suspect = False
        is_same = self._last is not None and is_alike(self._last[0], seen)
        self._was_silent = is_same and not is_damaged
        if self._last is None or not self._was_silent or self.is_blind:
            return None
        return self._last[1] if now_ns - self._taken_ns < LOOK_ANYWAY_NS else None

    def keep(self, seen: Seen, pixels: Pixels, now_ns: int) -> Pixels:
        """Remember a picture; return it, or the one before if they are the same."""
        if self._was_silent and self._last and not self.is_blind:
            if not is_changed(self._last[1], pixels):
                pixels = self._last[1]
            else:
                self._is_suspect = True
        self._last, self._taken_ns = (seen, pixels), now_ns
        return pixels


def is_alike(one: Seen, other: Seen) -> bool:
    """The same part of the desktop, with the same pointer at the same place."""
    (region, pointer), (other_region, other_pointer) = one, other
    if region != other_region or pointer is None or other_pointer is None:
        return region == other_region and pointer is other_pointer
    is_there = (pointer.left, pointer.top) == (other_pointer.left, other_pointer.top)
    return is_there and is_same_picture(pointer.pixels, other_pointer.pixels)


def is_same_picture(one: NDArray, other: NDArray) -> bool:
    return one.shape == other.shape and bool((one == other).all())
