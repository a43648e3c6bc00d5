"""A virtual screen of 1920x1080."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from bench.streams._barcode import HEIGHT, WIDTH

STOP_S = 5.0


@contextmanager
def virtual_screen() -> Iterator[str]:
    """The DISPLAY of an Xvfb that runs for the length of a `with` block."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(writing), "-nolisten", "tcp", "-noreset"),
            *("-screen", "0", f"{WIDTH}x{HEIGHT}x24"),
        ],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise SystemExit("Xvfb did not start")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(STOP_S)
