"""Which encoding a file is in: by its mark, its zeros, its validity, and what its letters are."""

import codecs
from collections.abc import Sequence

from apiapp.imports.errors import NotText
from apiapp.imports.pipeline.lines import decoded
from apiapp.imports.pipeline.sniffing.decision import Decisions
from apiapp.imports.pipeline.sniffing.multibyte import sniff_multibyte
from apiapp.imports.pipeline.sniffing.singlebyte import sniff_singlebyte

LEGACY_BYTES = 64 << 10  # of the lines with other bytes than ASCII
# Of the lines with other bytes than ASCII: above it the file is in another encoding.  Text of other
# encodings hardly ever reads as UTF-8, so that half of the lines do is no accident.
BAD_LINES_RATIO = 0.5
ZEROS_RATIO = 0.15  # of all bytes, in text of two bytes a letter that is mostly ASCII
CONTROLS_RATIO = 0.1
FEW_CONTROLS = 3  # are no proof in a small file
KINDS_OF_CONTROLS, KINDS_RATIO = 8, 0.02  # a damaged text has many of few kinds, or few
CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1a\x1b\x1c\x1d\x1e\x1f\x01\x02\x03"))

GB_MARK = b"\x84\x31\x95\x33"  # U+FEFF in GB 18030
MARKS = {  # UTF-32 before UTF-16, whose mark begins its own
    codecs.BOM_UTF8: "utf-8",
    GB_MARK: "gb18030",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
SHOWN = {
    "utf-8": "UTF-8",
    "gb18030": "GB 18030",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16, the high byte first,",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32, the high byte first,",
}


def sniff_encoding(places: Sequence[bytes], found: Decisions) -> None:
    """Decide `encoding` and `has_bom` from the head and other places.  Raises NotText."""
    head = places[0]
    found.values["has_bom"] = False
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            found.values["has_bom"] = True
            reason = f"the file begins with the mark of {SHOWN[encoding].split(',')[0]}"
            found.decide("encoding", encoding, reason, 1.0)
            return
    if wide := wide_encoding(head):
        reason = "the bytes between the letters are 0"
        found.decide("encoding", wide, f"{reason}, as in {SHOWN[wide].split(',')[0]}", 0.95)
        return
    refuse_binary(head)
    decide_narrow(places, found)


def wide_encoding(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, by where its zeros are; "" for none."""
    zeros = head.count(0)
    if len(head) < 4 or zeros < ZEROS_RATIO * len(head):
        return ""
    by_place = [head[place::4].count(0) * 4 / len(head) for place in range(4)]
    for encoding, places in (
        ("utf-32-le", (2, 3)),
        ("utf-32-be", (0, 1)),
        ("utf-16-le", (1, 3)),
        ("utf-16-be", (0, 2)),
    ):
        others = [by_place[place] for place in range(4) if place not in places]
        size = 4 if "32" in encoding else 2
        is_there = all(by_place[place] > 0.3 for place in places)
        if is_there and (size == 4 or max(others) < 0.02) and is_valid(head, encoding, size):
            return encoding
    return ""


def is_valid(head: bytes, encoding: str, size: int) -> bool:
    try:
        text = head[: len(head) // size * size].decode(encoding)
    except UnicodeDecodeError as error:
        return error.start > len(head) - 2 * size
    return "\0" not in text[:1000]


def refuse_binary(head: bytes) -> None:
    """Raises NotText where too much of `head` is neither text nor the odd damaged byte."""
    head = head.rstrip(b"\0")  # padding that a crash left
    controls = len(head) - len(head.translate(None, CONTROLS))
    first_line = head.lstrip().split(b"\n", 1)[0]
    is_mixed = len(set(head) & set(CONTROLS)) > KINDS_OF_CONTROLS
    most = (KINDS_RATIO if is_mixed else CONTROLS_RATIO) * len(head)
    if controls > max(most, FEW_CONTROLS) or (b"\0" in first_line and controls > 3):
        at_byte = next(at for at, byte in enumerate(head) if byte in CONTROLS)
        raise NotText(found=f"byte {at_byte} is {head[at_byte]}")


def decide_narrow(places: Sequence[bytes], found: Decisions) -> None:
    lines = [line for place in places for line in whole_lines(place) if not line.isascii()]
    if not lines:
        is_jis = any(b"\x1b$" in place for place in places)
        if is_jis:
            found.decide("encoding", "iso2022-jp", "ISO-2022-JP's escapes are in it", 0.95)
        else:
            found.decide("encoding", "utf-8", "the file is ASCII where it was looked at", 0.9)
        return
    bad = [line for line in lines if not is_utf8(line)]
    if not bad:
        found.decide("encoding", "utf-8", "the file reads as UTF-8 where it was looked at", 0.99)
        return
    if len(bad) <= BAD_LINES_RATIO * len(lines):
        reason = f"{len(bad)} of {len(lines)} lines beyond ASCII are not UTF-8, the others are"
        found.decide("encoding", "utf-8", reason, 0.8)
        return
    decide_legacy(b"".join(line + b"\n" for line in bad)[:LEGACY_BYTES], found)


def whole_lines(place: bytes) -> list[bytes]:
    """The lines of a place but the last, which may be cut within a letter; all of a small one."""
    lines = place.splitlines()
    return (
        lines[:-1]
        if len(lines) > 1 and not place.endswith((b"\n", b"\r")) and not is_utf8(lines[-1])
        else lines
    )


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def decide_legacy(sample: bytes, found: Decisions) -> None:
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    wide = sniff_multibyte(sample)
    narrow, fit = sniff_singlebyte(sample)
    if wide and (wide[1] > 0.9 or wide[1] > fit):
        narrow, fit = wide
    reason = f"the file is not UTF-8, and its letters make sense as {narrow}"
    found.decide("encoding", narrow, reason, 0.9 * fit)


def as_text(place: bytes, encoding: str) -> str:
    """A place cut out of a file, decoded, without the mark."""
    size = {"utf-16": 2, "utf-32": 4}.get(encoding[:6], 1)
    return decoded(place[: len(place) // size * size], encoding).removeprefix("\ufeff")
