"""A video file, played again and again at its own rate, or a camera.  Blocking."""

import math
import stat
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.core.errors import BadSource, SourceLost, SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.pixels import MISSING, cv2

USUAL_FPS = 25.0  # of files and cameras that tell no rate
MOST_FPS = 240.0
FAR_BEHIND_S = 0.5  # a video that is later goes on from where it is

if cv2:
    # What is wrong is said by our errors; OpenCV would write a page about a missing camera.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def open_video(path: Path) -> "VideoSource":
    """path: of a file on this machine; whoever may name it may show any video that is readable
    here, so only settings and staff may.  Raises SourceUnavailable.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise SourceUnavailable(
            f"There is no video file {path}. Check the path; it counts from the folder that "
            "Sluice was started in.",
            reason="no-such-file",
        ) from error
    if not stat.S_ISREG(mode):  # a FIFO would block for ever, a device may do anything
        raise SourceUnavailable(
            f"{path} is not a file. For a camera write camera:0.", reason="no-such-file"
        )
    return VideoSource(path)


def open_camera(options: str) -> "CameraSource":
    """options: the camera's number, counted from 0.  Raises BadSource, SourceUnavailable."""
    return CameraSource(parse_number(options))


def parse_number(text: str) -> int:
    """Raises BadSource."""
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise BadSource(f"camera:{text} names no camera. Write camera:0 for the first one.")
    return int(text)


class VideoSource:
    """Each `grab` waits until the next picture of the file is due."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture = capture_of(str(path))
        self._next: NDArray[np.uint8] | None = self._read()
        if self._next is None:
            self.close()
            raise SourceUnavailable(
                f"{path} cannot be played: it is not a video, or has no pictures. MP4 with H.264, "
                "WebM, MKV and AVI work.",
                reason="unreadable-video",
            )
        self.rate_fps = rate_of(self._capture)
        self._sequence = 0
        self._due_s = time.monotonic()

    def grab(self) -> Frame:
        if not self._capture.isOpened():
            raise SourceLost(f"{self._path} is not played any more.")
        picture, self._next = self._next, None
        if picture is None:
            picture = self._read_or_begin_again()
        self._wait()
        sequence = self._sequence
        self._sequence += 1
        return Frame(picture, time.monotonic_ns(), time.time_ns() // 1000, sequence)

    def close(self) -> None:
        self._capture.release()

    def _wait(self) -> None:
        wait_s = self._due_s - time.monotonic()
        if wait_s < -FAR_BEHIND_S:
            self._due_s -= wait_s
        time.sleep(max(wait_s, 0))
        self._due_s += 1 / self.rate_fps

    def _read_or_begin_again(self) -> NDArray[np.uint8]:
        picture = self._read()
        if picture is None:
            # Not every format can be wound back.
            self._capture.open(str(self._path))
            picture = self._read()
        if picture is None:
            self.close()
            raise SourceLost(f"{self._path} cannot be read any more.")
        return picture

    def _read(self) -> NDArray[np.uint8] | None:
        return read(self._capture)


class CameraSource:
    """Each `grab` waits for the camera's next picture."""

    def __init__(self, number: int) -> None:
        self._capture = capture_of(number)
        if read(self._capture) is None:
            self.close()
            raise SourceUnavailable(
                f"There is no camera {number}, or it cannot be used. Check that it is connected, "
                "that no other program uses it, and that this user may use it (on Linux: member "
                "of the group video; on macOS and Windows: the system's privacy settings).",
                reason="no-camera",
            )
        self.rate_fps = rate_of(self._capture)
        self._sequence = 0

    def grab(self) -> Frame:
        picture = read(self._capture)
        if picture is None:
            raise SourceLost("The camera gives no more pictures: it was unplugged or closed.")
        sequence = self._sequence
        self._sequence += 1
        return Frame(picture, time.monotonic_ns(), time.time_ns() // 1000, sequence)

    def close(self) -> None:
        self._capture.release()


def capture_of(what: str | int) -> Any:
    """OpenCV's reader of a file or a camera.  Raises SourceUnavailable."""
    if not cv2:
        raise SourceUnavailable(
            f"Videos and cameras are read by OpenCV, which this machine lacks a library for "
            f"({MISSING}). On Debian and Ubuntu: apt install libgl1 libglib2.0-0.",
            reason="no-opencv",
        )
    return cv2.VideoCapture(what)


def read(capture: Any) -> NDArray[np.uint8] | None:
    """The next picture as BGRX in memory of its own; None: there is none."""
    is_read, picture = capture.read()
    if not is_read or picture is None or not picture.size:
        return None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA).astype(np.uint8, copy=False)


def rate_of(capture: Any) -> float:
    told = capture.get(cv2.CAP_PROP_FPS)
    return told if math.isfinite(told) and 1 <= told <= MOST_FPS else USUAL_FPS
