"""A captured picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured picture.

    pixels: uint8, shape (height, width, 4), BGRX as screens keep them, C-contiguous.  Readers must
    not write to it, and its source does not after handing it over.
    captured_ns: time.monotonic_ns() at capture: for latencies, never for dates.
    captured_at_us: the same moment in microseconds since 1970, as the wire format has it.
    sequence: counts captures from 0; a gap means pictures were skipped before encoding.
    """

    pixels: NDArray[np.uint8]
    captured_ns: int
    captured_at_us: int
    sequence: int

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])
