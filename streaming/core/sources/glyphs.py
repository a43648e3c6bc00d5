"""Digits that can be drawn without a font: 3 by 5 squares each."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 5, 3
GLYPHS = {  # five rows of three squares, from the top
    "0": "### #.# #.# #.# ###",
    "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###",
    "3": "### ..# .## ..# ###",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###",
    "7": "### ..# ..# .#. .#.",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ###",
    "-": "... ... ### ... ...",
    ":": "... .#. ... .#. ...",
    ".": "... ... ... ... .#.",
    " ": "... ... ... ... ...",
    "U": "#.# #.# #.# #.# ###",
    "T": "### .#. .#. .#. .#.",
    "C": "### #.. #.. #.. ###",
}


@lru_cache(maxsize=256)
def glyph(character: str, scale: int) -> NDArray[np.uint8]:
    """White on black with a margin of one square, each square `scale * 2` pixels wide."""
    squares = [[255 * (c == "#") for c in row] for row in GLYPHS[character].split()]
    framed = np.pad(np.array(squares, dtype=np.uint8), ((1, 1), (0, 1)))
    return np.kron(framed, np.ones((scale * 2, scale * 2), dtype=np.uint8))[:, :, None]


def draw_text(pixels: NDArray[np.uint8], text: str, *, left: int, top: int, scale: int) -> None:
    """Draw `text`, of characters in GLYPHS alone, and cut it where the picture ends."""
    for character in text:
        drawn = glyph(character, scale)
        space = pixels[top : top + drawn.shape[0], left : left + drawn.shape[1], :3]
        space[:] = drawn[: space.shape[0], : space.shape[1]]
        left += drawn.shape[1]
