"""Whether a publisher's H.264 is what it says, as far as can be told without decoding: cheap."""

from dataclasses import dataclass

from streaming.core.annexb import (
    IDR,
    PPS,
    SPS,
    TYPE_BITS,
    SequenceParameters,
    nal_places,
    read_sps,
)
from streaming.core.errors import BadMessage, FrameTooLarge

STARTS = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
SLICE, SEI, DELIMITER, FILLER = 1, 6, 9, 12
TAKEN = {SLICE, IDR, SEI, SPS, PPS, DELIMITER, FILLER}
MOST_UNITS = 256  # of one picture: slices, and what goes with them
LONGEST_SPS_BYTES = 256
PROFILES = {66, 77, 100}  # baseline, main, high: 8 bits, colours at half resolution


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """What an access unit holds.  parameters: of its SPS; None where it has none."""

    is_key: bool
    parameters: SequenceParameters | None


def inspect(
    payload: memoryview, *, is_key: bool, size: tuple[int, int], most_bytes: int
) -> AccessUnit:
    """Look at one access unit in Annex B.  is_key: as its message has it; size: as announced.

    Raises BadMessage, FrameTooLarge.
    """
    if len(payload) > most_bytes:
        raise FrameTooLarge(f"the picture has {len(payload)} bytes; {most_bytes} are taken")
    stream = bytes(payload)
    if not stream.startswith(STARTS):
        raise BadMessage("an access unit begins with a start code (Annex B)")
    types, parameters = _units(stream, size)
    if is_key != (IDR in types):
        raise BadMessage("the key frame flag does not go with the picture")
    if is_key and not {SPS, PPS} <= types:
        raise BadMessage("a key frame needs its SPS and PPS before it")
    if not types & {SLICE, IDR}:
        raise BadMessage("the access unit has no picture")
    return AccessUnit(is_key, parameters)


def _units(stream: bytes, size: tuple[int, int]) -> tuple[set[int], SequenceParameters | None]:
    types: set[int] = set()
    parameters = None
    for count, (begin, end) in enumerate(nal_places(stream)):
        kind = stream[begin] & TYPE_BITS if begin < end else 0
        if kind not in TAKEN or stream[begin] & 0x80:
            raise BadMessage(f"NAL units of type {kind} are not taken")
        if count >= MOST_UNITS:
            raise BadMessage(f"an access unit has {MOST_UNITS} NAL units or fewer")
        if kind == SPS:
            parameters = _checked(stream[begin:end], size)
        types.add(kind)
    return types, parameters


def _checked(unit: bytes, size: tuple[int, int]) -> SequenceParameters:
    if len(unit) > LONGEST_SPS_BYTES:
        raise BadMessage(f"an SPS has {LONGEST_SPS_BYTES} bytes or fewer")
    parameters = read_sps(unit)
    if parameters.profile not in PROFILES:
        raise BadMessage("H.264 must be of the profile baseline, main or high")
    if (parameters.width, parameters.height) != size:
        raise BadMessage(
            f"the SPS has {parameters.width}x{parameters.height} px, and "
            "{}x{} were announced".format(*size)
        )
    return parameters
