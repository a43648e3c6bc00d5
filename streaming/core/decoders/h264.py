"""Pictures of a publisher that sends H.264, decoded in a process of their own.  Blocking."""

import mmap
import os
import subprocess  # nosec B404
import sys
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Timer

import numpy as np
from numpy.typing import NDArray

from streaming.core.decoders import h264_process
from streaming.core.decoders.h264_process import ANSWER, LENGTH, NOTHING, PICTURE
from streaming.core.decoders.units import inspect
from streaming.core.errors import BadMessage, DecoderLost
from streaming.core.frame import Frame
from streaming.core.wire import Message

ROOT = Path(__file__).resolve().parents[3]
IN_MEMORY = Path("/dev/shm")  # nosec B108: mkstemp makes the names; where it is, nothing is written to a disk
START_S, DECODE_S, END_S = 30.0, 5.0, 2.0
MOST_ENDS, WITHIN_NS = 3, 60_000_000_000

Pixels = NDArray[np.uint8]


class ProcessEnded(Exception):
    """The decoding process is gone: killed, crashed, or ended because it took too long."""


class H264Decoder:
    """A Decoder.  A process that ends is started anew at the next key frame, now and then."""

    def __init__(self, *, width: int, height: int, most_bytes: int) -> None:
        self._size = width, height
        self._most_bytes = most_bytes
        self._ends_ns: deque[int] = deque(maxlen=MOST_ENDS)
        self._process: DecodingProcess | None = None
        self.wants_key = True

    @property
    def process_id(self) -> int | None:
        """Of the process that decodes; None: there is none now."""
        return self._process.process_id if self._process else None

    def decode(self, message: Message, *, arrived_ns: int) -> Frame | None:
        inspect(
            message.payload, is_key=message.is_key, size=self._size, most_bytes=self._most_bytes
        )
        if self.wants_key and not message.is_key:
            return None
        try:
            pixels = self._decoded(message.payload)
        except ProcessEnded:
            self._start_again_later(arrived_ns)
            return None
        self.wants_key = False
        if pixels is None:
            return None
        return Frame(pixels, arrived_ns, message.captured_at_us, message.sequence)

    def close(self) -> None:
        process, self._process = self._process, None
        if process:
            process.close()

    def _decoded(self, unit: memoryview) -> Pixels | None:
        if self._process is None:
            self._process = DecodingProcess(*self._size)
        return self._process.decode(unit)

    def _start_again_later(self, now_ns: int) -> None:
        self.close()
        self.wants_key = True
        self._ends_ns.append(now_ns)
        if len(self._ends_ns) == MOST_ENDS and now_ns - self._ends_ns[0] < WITHIN_NS:
            raise DecoderLost("Decoding what the publisher sends has failed too often.")


class DecodingProcess:
    """The process, and the memory in which its pictures come back."""

    def __init__(self, width: int, height: int) -> None:
        self._shape = height, width, 4
        with tempfile.NamedTemporaryFile(
            prefix="sluice-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None, delete=False
        ) as file:
            self._path = Path(file.name)
            file.truncate(width * height * 4)
            self._memory = mmap.mmap(file.fileno(), width * height * 4)
        self._process = subprocess.Popen(  # nosec B603
            [sys.executable, "-E", "-m", h264_process.__name__, file.name, str(width), str(height)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=None if os.name == "nt" else {},  # what it decodes for others gets no secrets
            start_new_session=True,
        )
        self._is_ready = False

    @property
    def process_id(self) -> int:
        return self._process.pid

    def decode(self, unit: memoryview) -> Pixels | None:
        """None: no picture yet.  Raises BadMessage, ProcessEnded."""
        if not self._is_ready:
            self._within(START_S, None)
            self._is_ready = True
            self._unlink()
        kind, text = self._within(DECODE_S, unit)
        if kind == NOTHING:
            return None
        if kind != PICTURE:
            raise BadMessage(f"the picture cannot be decoded: {text}")
        return np.frombuffer(self._memory, np.uint8).reshape(self._shape).copy()

    def close(self) -> None:
        """End it, and wait until it is gone.  Safe to call twice."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not sent yet
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._memory.close()
        self._unlink()

    def _within(self, limit_s: float, unit: memoryview | None) -> tuple[int, str]:
        """Send a unit, if there is one, and wait for the answer.  Raises ProcessEnded: also when
        it took too long, which ends the process."""
        timer = Timer(limit_s, self._process.kill)
        timer.start()
        try:
            if unit is not None:
                self._send(unit)
            return self._answer()
        except OSError as error:
            raise ProcessEnded from error
        finally:
            timer.cancel()

    def _send(self, unit: memoryview) -> None:
        assert self._process.stdin is not None, "made with pipes"
        self._process.stdin.write(LENGTH.pack(len(unit)))
        self._process.stdin.write(unit)
        self._process.stdin.flush()

    def _answer(self) -> tuple[int, str]:
        assert self._process.stdout is not None, "made with pipes"
        head = self._process.stdout.read(ANSWER.size)
        if len(head) < ANSWER.size:
            raise ProcessEnded
        kind, length = ANSWER.unpack(head)
        return kind, self._process.stdout.read(length).decode(errors="replace")

    def _unlink(self) -> None:
        with suppress(PermissionError):  # Windows: while it is open
            self._path.unlink(missing_ok=True)
