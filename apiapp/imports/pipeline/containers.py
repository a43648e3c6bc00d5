"""What a file is packed in: gzip, bzip2, xz, zstd or a member of a zip archive.

What is unpacked goes to a temporary file without a name, which no crash leaves behind; members are
never written under their names.  Nothing here believes what a file says about its size: what comes
out is counted, and stopped where it is too much for the limits.
"""

import bz2
import gzip
import lzma
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from apiapp.imports.errors import BadPacking, NoRoomToUnpack, Unpackable, UnpackedTooLarge

BLOCK_BYTES = 1 << 20
MAGIC_BYTES = 4096
# Below it no ratio is too high: a small table of one repeated row packs a thousand to one.
RATIO_FROM_BYTES = 256 << 20
DISK_LOOK_BYTES = 64 << 20  # so often it is looked how much room the disk has
DICTIONARY_LIMIT_BYTES = 128 << 20  # what xz and zstd may keep in memory; `xz -9` takes 65 MiB
ZSTD_PIECE_BYTES = 1024  # unpacks to 32 MiB at the most
ENTRIES_LIMIT = 10_000
DIRECTORY_LIMIT_BYTES = 8 << 20  # of a zip archive: zipfile keeps it all in memory

COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
ENCRYPTED = 0x1
# LZMA in a zip archive names the size of its dictionary, and nothing limits that.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
LOCATOR_64 = struct.Struct("<4sLQL")
END_OF_DIRECTORY_64 = struct.Struct("<4sQ2H2L4Q")
COMMENT_LIMIT_BYTES = 1 << 16

PACKING_ERRORS = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    zipfile.BadZipFile,
)

OnUnpacked = Callable[[int, int], None]


def nobody_asks(packed_read_bytes: int, packed_bytes: int) -> None:
    """Nobody wants to know how far the unpacking is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hostile file may cost.

    ratio: of what comes out to what is there, beyond RATIO_FROM_BYTES.  free_disk_bytes: always
    left free.  memory_bytes: of the process that reads a workbook, Parquet or Arrow.
    folder: where temporary files go; None: where the system has them.
    lanes_from_bytes: from which size on a text is worth a process of its own; None: none is.
    """

    unpacked_bytes: int = 64 << 30
    ratio: int = 250
    free_disk_bytes: int = 512 << 20
    memory_bytes: int = 2 << 30
    folder: Path | None = None
    lanes_from_bytes: int | None = None


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """About `size` bytes; none at the end."""


def compression_of(head: bytes) -> str:
    """The name of what packs a file that begins so; "none"."""
    return next((name for magic, name in COMPRESSIONS.items() if head.startswith(magic)), "none")


def is_zip(head: bytes) -> bool:
    return head.startswith(ZIP_MAGIC)


def head_of(file: BinaryIO, size_bytes: int = MAGIC_BYTES) -> bytes:
    """The first bytes; the file is at its start afterwards."""
    file.seek(0)
    head = file.read(size_bytes)
    file.seek(0)
    return head


# --- unpacking -------------------------------------------------------------------------------------
class XzStream:
    """Like lzma.LZMAFile, with a limit on the memory of its dictionary."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = lzma.LZMADecompressor(memlimit=DICTIONARY_LIMIT_BYTES)

    def read(self, size: int, /) -> bytes:
        while True:
            if self._stream.eof and not self._begin_next():
                return b""
            packed = self._file.read(BLOCK_BYTES) if self._stream.needs_input else b""
            if not packed and self._stream.needs_input:
                raise EOFError("it ends in the middle")
            if data := self._stream.decompress(packed, size):
                return data

    def _begin_next(self) -> bool:
        """Several streams in one file are one content; zeros pad them."""
        rest = self._stream.unused_data.lstrip(b"\0")
        while not rest:
            if not (rest := self._file.read(BLOCK_BYTES)):
                return False
            rest = rest.lstrip(b"\0")
        self._stream = lzma.LZMADecompressor(memlimit=DICTIONARY_LIMIT_BYTES)
        self._file.seek(-len(rest), 1)
        return True


class ZstdStream:
    """Notices a frame that is cut off, which zstandard's own reader takes for the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._packer = zstandard.ZstdDecompressor(max_window_size=DICTIONARY_LIMIT_BYTES)
        self._frame = self._packer.decompressobj()
        self._packed = b""
        self._is_between = True

    def read(self, _size: int, /) -> bytes:
        """Whatever a few bytes unpack to: 4 of them may be a block of 128 KiB."""
        while True:
            packed = self._packed or self._file.read(ZSTD_PIECE_BYTES)
            if not packed:
                if self._is_between:
                    return b""
                raise EOFError("it ends in the middle")
            data = self._frame.decompress(packed)
            self._packed = self._frame.unused_data if self._frame.eof else b""
            self._is_between = self._frame.eof
            if self._frame.eof:
                self._frame = self._packer.decompressobj()
            if data:
                return data


STREAMS: dict[str, Callable[[BinaryIO], Readable]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    "bzip2": lambda file: bz2.BZ2File(file),
    "xz": XzStream,
    "zstd": ZstdStream,
}


class Unpacking:
    """What comes out of a packed stream, in a temporary file that grows as far as it is asked to.

    file: at its start after each `unpack`.  Closing it is the caller's.
    """

    def __init__(
        self,
        stream: Readable,
        *,
        packed: BinaryIO,
        packed_bytes: int,
        limits: Limits,
        on_unpacked: OnUnpacked = nobody_asks,
    ) -> None:
        """packed: the file that `stream` reads, `packed_bytes` of which are the stream's."""
        folder = limits.folder if limits.folder and limits.folder.is_dir() else None
        self.file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 # whoever asked closes it
        self.size_bytes = 0
        self.is_whole = False
        self._folder = folder or Path(tempfile.gettempdir())
        self._stream, self._packed, self._packed_bytes = stream, packed, packed_bytes
        self._limits, self._on_unpacked = limits, on_unpacked

    def unpack(self, up_to_bytes: int | None = None) -> None:
        """Go on until there is nothing more, or as many bytes.

        Raises BadPacking, UnpackedTooLarge and NoRoomToUnpack.
        """
        self.file.seek(0, 2)
        while not self.is_whole and (up_to_bytes is None or self.size_bytes < up_to_bytes):
            block = self._next_block()
            self.is_whole = not block
            self.size_bytes += len(block)
            self._stop_what_is_too_much(len(block))
            self.file.write(block)
        self.file.seek(0)

    def _next_block(self) -> bytes:
        try:
            return self._stream.read(BLOCK_BYTES)
        except MemoryError as error:
            raise BadPacking("its dictionary is too large") from error
        except PACKING_ERRORS as error:
            raise BadPacking(str(error) or type(error).__name__) from error

    def _stop_what_is_too_much(self, block_bytes: int) -> None:
        limits, size = self._limits, self.size_bytes
        if size > limits.unpacked_bytes:
            raise UnpackedTooLarge(limit_bytes=limits.unpacked_bytes)
        if size > RATIO_FROM_BYTES and size > limits.ratio * self._packed_bytes:
            raise UnpackedTooLarge(limit_bytes=limits.ratio * self._packed_bytes)
        is_time_to_look = size // DISK_LOOK_BYTES != (size - block_bytes) // DISK_LOOK_BYTES
        if is_time_to_look and shutil.disk_usage(self._folder).free < limits.free_disk_bytes:
            raise NoRoomToUnpack
        self._on_unpacked(min(self._packed.tell(), self._packed_bytes), self._packed_bytes)


# --- zip archives ----------------------------------------------------------------------------------
@contextmanager
def archive(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """An open zip archive with a bounded directory.  Raises BadPacking and Unpackable."""
    refuse_large_directory(file)
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadPacking(str(error)) from error
    with opened:
        yield opened


def refuse_large_directory(file: BinaryIO) -> None:
    """Raises BadPacking and Unpackable.  Source: APPNOTE.TXT 6.3, 4.3.14 to 4.3.16."""
    size_bytes = file.seek(0, 2)
    file.seek(max(0, size_bytes - END_OF_DIRECTORY.size - COMMENT_LIMIT_BYTES))
    tail_from = file.tell()
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END_OF_DIRECTORY.size:
        raise BadPacking("the zip archive has no directory at its end")
    *_, entries, directory_bytes, _, _ = END_OF_DIRECTORY.unpack_from(tail, at)
    if (entries, directory_bytes) >= (0xFFFF, 0) or directory_bytes == 0xFFFFFFFF:
        entries, directory_bytes = large_directory(file, tail_from + at)
    if entries > ENTRIES_LIMIT or directory_bytes > DIRECTORY_LIMIT_BYTES:
        raise Unpackable(f"the zip archive has more than {ENTRIES_LIMIT:,} entries")
    file.seek(0)


def large_directory(file: BinaryIO, end_at: int) -> tuple[int, int]:
    """Entries and bytes of a directory whose size is said in 64 bits.  Raises BadPacking."""
    try:
        file.seek(end_at - LOCATOR_64.size)
        _, _, record_at, _ = LOCATOR_64.unpack(file.read(LOCATOR_64.size))
        file.seek(record_at)
        record = END_OF_DIRECTORY_64.unpack(file.read(END_OF_DIRECTORY_64.size))
    except (struct.error, OSError, ValueError, OverflowError) as error:
        raise BadPacking("the directory of the zip archive cannot be found") from error
    return record[7], record[8]


def members_of(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in it, without what archivers and systems add for themselves."""
    return [info for info in opened.infolist() if is_for_people(info)]


def is_for_people(info: zipfile.ZipInfo) -> bool:
    name = info.filename.replace("\\", "/")
    last = name.rpartition("/")[2]
    return bool(
        last
        and info.file_size
        and not last.startswith(".")
        and last.lower() not in ("thumbs.db", "desktop.ini")
        and not name.startswith("__MACOSX/")
    )


@contextmanager
def member_stream(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Readable]:
    """Raises Unpackable for an encrypted member or one packed in a way that is not read."""
    if info.flag_bits & ENCRYPTED:
        raise Unpackable(f"{shown(info.filename)} is encrypted: unpack it with its password first")
    if info.compress_type not in METHODS:
        raise Unpackable(
            f"{shown(info.filename)} is packed by method {info.compress_type} of zip:"
            " pack it again in the usual way"
        )
    try:
        stream = opened.open(info)
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError) as error:
        raise BadPacking(str(error)) from error
    with stream:
        yield stream


def shown(name: str) -> str:
    """A member's name in a sentence: it may be anything."""
    return repr(name if len(name) <= 100 else f"{name[:99]}…")
