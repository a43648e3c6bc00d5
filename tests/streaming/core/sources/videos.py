"""Videos of the tests' own."""

from pathlib import Path

import cv2
import numpy as np

from streaming.core.sources.pattern import PatternSource


def write_video(path: Path, *, pictures: int = 5, rate_fps: float = 50.0) -> Path:
    """Of the test pattern, one second of its time apart."""
    times_ns = iter(range(0, pictures * 10**9, 10**9))
    source = PatternSource(640, 360, clock_ns=lambda: next(times_ns))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_fps, (640, 360))
    for _ in range(pictures):
        writer.write(np.ascontiguousarray(source.grab().pixels[:, :, :3]))
    writer.release()
    return path
