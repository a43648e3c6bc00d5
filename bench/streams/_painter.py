"""Paints one scene, for ever: `python -m bench.streams._painter DISPLAY SCENE FPS`.

Each picture begins with the time at which it is shown (see _barcode).  One line is printed once the
first is there.
"""

import sys
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.streams import _barcode
from bench.streams._barcode import BLOCK_PX, HEIGHT, WIDTH
from bench.streams._x11 import Canvas

SENTENCE = "The quick brown fox jumps over the lazy dog, 0123456789 times.  "
LINE_PX, LETTER_PX, MARGIN_PX = 28, 14, 60
STROKES_PER_S = 10
SCROLLED_PX = 8
COLOURFUL = 0.3  # beside how much brighter and darker it gets
ROOM_PX = 512  # for the full-motion picture to wander in
WINDOW = slice(120, 1020), slice(300, 1500)
FONT = cv2.FONT_HERSHEY_SIMPLEX

Pixels = NDArray[np.uint8]
Part = tuple[int, int, int, int]  # x, y, width, height
Scene = Callable[[Pixels], Iterator[Part | None]]


def written(pixels: Pixels, *, left: int = MARGIN_PX, top: int = 100) -> Pixels:
    """Lines of text on it, each another."""
    for line, y in enumerate(range(top, pixels.shape[0], LINE_PX)):
        text = f"{line:4} " + (SENTENCE * 4)[line % len(SENTENCE) :]
        cv2.putText(
            pixels, text[: pixels.shape[1] // LETTER_PX], (left, y), FONT, 0.6, (30, 20, 20)
        )
    return pixels


def desktop(pixels: Pixels) -> None:
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels[..., 0] = 120 + down * 80 // HEIGHT
    pixels[..., 1] = 90 + across * 60 // WIDTH
    pixels[..., 2] = 60
    pixels[WINDOW] = 250
    written(pixels[WINDOW])


def still(pixels: Pixels) -> Iterator[Part | None]:
    """Nothing moves, so the time in it says nothing."""
    desktop(pixels)
    yield 0, 0, WIDTH, HEIGHT
    while True:
        yield None


def typing(pixels: Pixels) -> Iterator[Part | None]:
    """A letter, ten times a second."""
    desktop(pixels)
    page = pixels[WINDOW]
    page[:] = 250
    yield 0, 0, WIDTH, HEIGHT
    count = 0
    while True:
        line, column = divmod(count, 80)
        line %= (page.shape[0] - LINE_PX) // LINE_PX
        if column == 0:
            page[line * LINE_PX : (line + 1) * LINE_PX] = 250
        place = LETTER_PX * (column + 1), (line + 1) * LINE_PX - 8
        cv2.putText(page, SENTENCE[count % len(SENTENCE)], place, FONT, 0.6, (30, 20, 20))
        count += 1
        yield WINDOW[1].start, WINDOW[0].start + line * LINE_PX, page.shape[1], LINE_PX


def scrolling(pixels: Pixels) -> Iterator[Part | None]:
    """A page in a window, 8 px a picture."""
    desktop(pixels)
    yield 0, 0, WIDTH, HEIGHT
    page = pixels[WINDOW]
    height, width = page.shape[:2]
    paper = written(np.full((height * 4, width, 4), 250, np.uint8))
    shown = WINDOW[1].start, WINDOW[0].start, width, height
    offset = 0
    while True:
        page[:] = paper[offset : offset + height]
        offset = (offset + SCROLLED_PX) % (3 * height)
        yield shown


def full_motion(pixels: Pixels) -> Iterator[Part | None]:
    """A large picture, like a photograph with writing on it, that the view wanders over."""
    world = clouds(WIDTH + ROOM_PX, HEIGHT + ROOM_PX)
    written(world)
    count = 0
    while True:
        x = round(ROOM_PX / 2 * (1 + np.sin(count / 80)))
        y = round(ROOM_PX / 2 * (1 + np.cos(count / 66)))
        pixels[:] = world[y : y + HEIGHT, x : x + WIDTH]
        count += 1
        yield 0, 0, WIDTH, HEIGHT


def clouds(width: int, height: int) -> Pixels:
    chance = np.random.default_rng(5)
    total = np.full((height, width, 4), 128, np.float32)
    for size_px, strength in ((8, 20), (32, 40), (128, 60)):
        grid = chance.standard_normal((height // size_px + 2, width // size_px + 2, 4))
        grid = grid[..., :1] + grid * COLOURFUL
        grown = cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        total += grown * strength
    return np.clip(total, 0, 255).astype(np.uint8)


SCENES: dict[str, tuple[Scene, float | None]] = {  # and its own rate, if it has one
    "still": (still, 1.0),
    "typing": (typing, STROKES_PER_S),
    "scrolling": (scrolling, None),
    "full-motion": (full_motion, None),
}


def paint(display: str, name: str, fps: float) -> None:
    canvas = Canvas(display, WIDTH, HEIGHT)
    scene, own_fps = SCENES[name]
    due = time.monotonic()
    for number, part in enumerate(scene(canvas.pixels)):
        if part is not None:
            if scene is not still:
                _barcode.draw(canvas.pixels, time.time_ns() // 1000)
            canvas.put(*part)
            if part[3] < HEIGHT:
                canvas.put(0, 0, WIDTH, BLOCK_PX)
        if number == 0:
            print("painted", flush=True)
        due = max(due + 1 / (own_fps or fps), time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    paint(sys.argv[1], sys.argv[2], float(sys.argv[3]))
