"""H.264 in Annex B, as far as this server must understand it: NAL units and the size in an SPS.

Source: ITU-T H.264: 7.3.1 (NAL units), 7.3.2.1.1 (sequence parameter set), 7.4.2.1.1 (cropping).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from streaming.core.errors import BadMessage

START_CODE = b"\x00\x00\x01"
IDR, SPS, PPS = 5, 7, 8
TYPE_BITS = 0x1F
WITH_CHROMA_FORMAT = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 144, 244}
LONGEST_EXPONENT = 31
MOST_CYCLE_FRAMES = 255
CHROMA_STEPS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}  # by chroma_format_idc, across and down
MACROBLOCK_PX = 16


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """Of an SPS: what it says of the pictures that follow; the size is that after cropping."""

    profile: int
    constraints: int
    level: int
    width: int
    height: int

    @property
    def codec_string(self) -> str:
        """As RFC 6381 has it, for WebCodecs and MSE."""
        return f"avc1.{self.profile:02x}{self.constraints:02x}{self.level:02x}"


def nal_places(stream: bytes) -> Iterator[tuple[int, int]]:
    """Where the NAL units begin and end: after a start code, and before the next one or the end.
    Nothing before the first start code is looked at; zeros may follow a unit."""
    at = stream.find(START_CODE)
    while at >= 0:
        begin = at + len(START_CODE)
        at = stream.find(START_CODE, begin)
        yield begin, at if at >= 0 else len(stream)


def nal_units(stream: bytes) -> Iterator[bytes]:
    """The NAL units, without the zeros that may follow them."""
    for begin, end in nal_places(stream):
        yield stream[begin:end].rstrip(b"\x00")


def sequence_parameters(stream: bytes) -> SequenceParameters:
    """Of the first SPS in the stream.  Raises BadMessage."""
    for unit in nal_units(stream):
        if unit and unit[0] & TYPE_BITS == SPS:
            return read_sps(unit)
    raise BadMessage("there is no SPS")


def read_sps(unit: bytes) -> SequenceParameters:
    """Take an SPS apart as far as its size.  Raises BadMessage."""
    bits = _Bits(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile, constraints, level = bits.read(8), bits.read(8), bits.read(8)
    bits.exponent()
    chroma = _read_chroma_format(bits) if profile in WITH_CHROMA_FORMAT else 1
    bits.exponent()
    _pass_picture_order(bits)
    bits.exponent()
    bits.read(1)
    across, down = bits.exponent() + 1, bits.exponent() + 1
    is_in_fields = not bits.read(1)
    if is_in_fields:
        bits.read(1)
        down *= 2
    bits.read(1)
    left = right = top = bottom = 0
    if bits.read(1):
        left, right, top, bottom = (bits.exponent() for _ in range(4))
    step_across, step_down = CHROMA_STEPS[chroma]
    width = across * MACROBLOCK_PX - (left + right) * step_across
    height = down * MACROBLOCK_PX - (top + bottom) * step_down * (2 if is_in_fields else 1)
    if width <= 0 or height <= 0:
        raise BadMessage("the SPS crops the whole picture away")
    return SequenceParameters(profile, constraints, level, width, height)


def _read_chroma_format(bits: "_Bits") -> int:
    chroma = bits.exponent()
    if chroma not in CHROMA_STEPS:
        raise BadMessage(f"the SPS has the chroma format {chroma}")
    if chroma == 3 and bits.read(1):
        chroma = 0  # planes coded apart: cropped as one without colours
    bits.exponent()
    bits.exponent()
    bits.read(1)
    if bits.read(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.read(1):
                _pass_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _pass_scaling_list(bits: "_Bits", size: int) -> None:
    last = 8
    for _ in range(size):
        last = (last + bits.signed_exponent()) % 256
        if last == 0:
            return


def _pass_picture_order(bits: "_Bits") -> None:
    order = bits.exponent()
    if order == 0:
        bits.exponent()
    if order != 1:
        return
    bits.read(1)
    bits.signed_exponent()
    bits.signed_exponent()
    frames = bits.exponent()
    if frames > MOST_CYCLE_FRAMES:
        raise BadMessage(f"the SPS has {frames} frames in a cycle")
    for _ in range(frames):
        bits.signed_exponent()


class _Bits:
    """Bits of an SPS, first to last.  All raise BadMessage where it ends too early."""

    def __init__(self, data: bytes) -> None:
        data = data[:1024]  # no SPS is longer
        self._value = int.from_bytes(data)
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        if count > self._left:
            raise BadMessage("the SPS ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def exponent(self) -> int:
        """An unsigned Exp-Golomb number (9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > LONGEST_EXPONENT:
                raise BadMessage("the SPS has a number of more than 32 bits")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed_exponent(self) -> int:
        number = self.exponent()
        return (number + 1) // 2 if number % 2 else -(number // 2)
