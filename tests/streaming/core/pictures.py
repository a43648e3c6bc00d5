"""Pictures for encoders and decoders: smooth ones with text on them, as screens have."""

import cv2
import numpy as np

from streaming.core.frame import Frame


def drawn(width: int, height: int, *, sequence: int = 0, text: str = "Sluice") -> Frame:
    """A frame that looks like nothing else: slopes of colour, a bar that moves with `sequence`, and
    text.  Captured at sequence / 30 s."""
    down, across = np.mgrid[0:height, 0:width]
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0] = across * 200 // width
    pixels[..., 1] = down * 200 // height
    pixels[..., 2] = (across + down) * 100 // (width + height)
    bar = sequence * 8 % max(width - 8, 1)
    pixels[height // 2 :, bar : bar + 8] = 255
    if width >= 64:
        cv2.putText(
            pixels, text, (4, height // 3), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255, 0)
        )
    return framed(pixels, sequence=sequence)


def framed(pixels: np.ndarray, *, sequence: int = 0) -> Frame:
    captured_ns = sequence * 1_000_000_000 // 30
    return Frame(pixels, captured_ns, 1_700_000_000_000_000 + captured_ns // 1000, sequence)


def difference(left: np.ndarray, right: np.ndarray) -> float:
    """How much colours differ on average, of 255."""
    return float(np.abs(left[..., :3].astype(int) - right[..., :3].astype(int)).mean())
