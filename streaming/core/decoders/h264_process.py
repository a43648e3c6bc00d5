"""The process that decodes one publisher's H.264: `python -m ... PATH WIDTH HEIGHT`.  Blocking.

libavcodec is a large program that reads what strangers send, so it reads it here: a crash, an
endless loop or a hunger for memory ends this process and nothing else.  It gets no environment,
opens nothing after its start, and ends with its parent.

On standard input: `u32 length` and an access unit.  Back comes `u8 answer, u16 length` and a text
(big endian).  A picture lies in the memory of the file PATH then: BGRX, until the next unit is sent.
"""

import mmap
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from streaming.core import pixels

if sys.platform != "win32":
    import resource

LENGTH = struct.Struct(">I")
ANSWER = struct.Struct(">BH")
PICTURE, NOTHING, REFUSED = range(3)
REFERENCES = 20  # pictures that a stream may have decoded at once, and some more
SPARE_BYTES = 256 * 1024 * 1024
CODED_STEP_PX = 16
FORMATS = {"yuv420p", "yuvj420p"}  # 8 bits, colours at half resolution
FAST_STEP_PX = 16  # libswscale's fast way leaves out what is beyond a multiple of it


class Refused(Exception):
    """What came is not such a picture; the text is for the publisher."""


def main(path: str, width: int, height: int) -> None:
    with Path(path).open("r+b") as file:
        memory = mmap.mmap(file.fileno(), width * height * 4)
    shown = np.frombuffer(memory, np.uint8).reshape(height, width, 4)
    codec = open_codec(width, height)
    confine(width * height)
    answer(sys.stdout.buffer, NOTHING, "")
    while unit := read_unit(sys.stdin.buffer):
        try:
            is_shown = show(codec, unit, shown)
        except (Refused, FFmpegError, ValueError, MemoryError) as error:
            answer(sys.stdout.buffer, REFUSED, str(error))
        else:
            answer(sys.stdout.buffer, PICTURE if is_shown else NOTHING, "")


def open_codec(width: int, height: int) -> VideoCodecContext:
    codec = av.CodecContext.create("h264", "r")
    codec.thread_count = 1
    codec.flags |= Flags.low_delay
    coded_px = (width + CODED_STEP_PX) * (height + 2 * CODED_STEP_PX)
    codec.options = {"max_pixels": str(coded_px)}
    codec.open()
    return codec


def confine(picture_px: int) -> None:
    """Take no more memory than such pictures need; open no file, write none, leave none behind."""
    if sys.platform == "win32":
        return
    size = Path("/proc/self/statm")
    if size.exists():
        used = int(size.read_text().split()[0]) * resource.getpagesize()
        most = used + picture_px * 3 // 2 * REFERENCES + SPARE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))


def show(codec: VideoCodecContext, unit: bytes, shown: NDArray[np.uint8]) -> bool:
    """Decode one unit; whether there is a picture in `shown` now.  Raises Refused, FFmpegError."""
    pictures = codec.decode(av.Packet(unit))
    if not pictures:
        return False
    convert(pictures[-1], shown)
    return True


def convert(picture: VideoFrame, shown: NDArray[np.uint8]) -> None:
    height, width = shown.shape[:2]
    if (picture.width, picture.height) != (width, height):
        raise Refused(f"the picture has {picture.width}x{picture.height} px, not {width}x{height}")
    if picture.format.name not in FORMATS:
        raise Refused(f"pictures in {picture.format.name} are not taken")
    is_usual = picture.colorspace != Colorspace.ITU709 and picture.color_range != ColorRange.JPEG
    if is_usual and pixels.cv2:
        pixels.show_i420(picture.to_ndarray(), shown)
    else:
        shown[:] = by_its_colours(picture)


def by_its_colours(picture: VideoFrame) -> NDArray[np.uint8]:
    """BGRX of a picture whose colours are coded otherwise than OpenCV takes them to be."""
    fast = Interpolation.BILINEAR
    exact = fast | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    plane = picture.reformat(
        format="bgr0",
        src_colorspace=picture.colorspace,
        src_color_range=picture.color_range,
        interpolation=exact if picture.width % FAST_STEP_PX else fast,
    ).planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(picture.height, plane.line_size)
    return lines[:, : picture.width * 4].reshape(picture.height, picture.width, 4)


def read_unit(source: BinaryIO) -> bytes:
    """Empty: the parent has ended."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    return source.read(LENGTH.unpack(head)[0])


def answer(target: BinaryIO, kind: int, text: str) -> None:
    content = text.encode()[:200]
    target.write(ANSWER.pack(kind, len(content)) + content)
    target.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
