"""What packs a file, taken off: at most one compression and one zip archive, in any order."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile, ZipInfo

from apiapp.imports.errors import BadDialect, EmptyFile, NoTable, Unpackable
from apiapp.imports.pipeline import containers, kinds
from apiapp.imports.pipeline.containers import Limits, OnUnpacked, Unpacking
from apiapp.imports.pipeline.dialect import TEXT
from apiapp.imports.pipeline.formats.json_reader import KEYS_FROM_BYTES
from apiapp.imports.pipeline.formats.json_scanner import RECORD_LIMIT_CHARS

# A preview unpacks no more of what can be read from its start: all that the keys of JSON are
# collected from, and two rows.
PREVIEW_BYTES = KEYS_FROM_BYTES + 2 * RECORD_LIMIT_CHARS
TEXTS = (TEXT, "json", "jsonl")
MEMBERS_LOOKED_INTO = 50
TOLD_MEMBERS = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What an opening is for.  is_preview: the beginning is enough where it can be."""

    asked: Mapping[str, Any]
    limits: Limits
    is_preview: bool
    on_unpacked: OnUnpacked


class Layers:
    """A file, and what is inside it: at most one compression and one zip archive, in any order."""

    def __init__(self, path: Path, wish: Wish, stack: ExitStack) -> None:
        self.file: BinaryIO = stack.enter_context(path.open("rb", buffering=0))
        self.size_bytes = path.stat().st_size
        self.is_whole = True
        self.found: dict[str, Any] = {"compression": "none", "member": ""}
        self.reasons: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self._wish, self._stack = wish, stack
        self._unpacking: Unpacking | None = None

    def unpack(self) -> str:
        """Go in as far as there is something inside; the format of that."""
        while True:
            compression = containers.compression_of(containers.head_of(self.file))
            if compression != "none":
                self._enter_compression(compression)
                continue
            format_ = self._format()
            if format_ != "zip":
                return format_
            self._enter_archive()

    def _format(self) -> str:
        if not self.is_whole and containers.is_zip(containers.head_of(self.file)):
            self._complete()
        format_ = kinds.format_of(self.file, is_whole=self.is_whole)
        is_cut_json = format_ == "json" and not self.is_whole and not begins_with_list(self.file)
        if format_ not in TEXTS or is_cut_json:
            self._complete()
        return format_

    def _enter_compression(self, name: str) -> None:
        if self.found["compression"] != "none":
            raise Unpackable("the file is compressed several times: unpack it and try again")
        self._complete()
        self.found["compression"] = name
        self.reasons["compression"] = f"it is compressed with {name}"
        self._begin(containers.STREAMS[name](self.file), packed=self.file, size=self.size_bytes)

    def _enter_archive(self) -> None:
        if self.found["member"]:
            raise Unpackable("the file is an archive in an archive: unpack it and try again")
        self._complete()
        archive = self._stack.enter_context(containers.archive(self.file))
        names, chosen, reason = choose_member(archive, self._wish.asked.get("member", ""))
        self.found["member"] = chosen.filename
        self.reasons["member"] = reason
        if len(names) > 1:
            self.choices["member"] = names
        stream = self._stack.enter_context(containers.member_stream(archive, chosen))
        self._begin(stream, packed=self.file, size=chosen.compress_size)

    def _begin(self, stream: containers.Readable, *, packed: BinaryIO, size: int) -> None:
        self._unpacking = Unpacking(
            stream,
            packed=packed,
            packed_bytes=size,
            limits=self._wish.limits,
            on_unpacked=self._wish.on_unpacked,
        )
        self.file = self._stack.enter_context(self._unpacking.file)
        self._unpacking.unpack(PREVIEW_BYTES if self._wish.is_preview else None)
        self._measure()

    def _complete(self) -> None:
        """What has to be there whole, unpack whole."""
        if self._unpacking:
            self._unpacking.unpack()
            self._measure()

    def _measure(self) -> None:
        assert self._unpacking
        self.size_bytes, self.is_whole = self._unpacking.size_bytes, self._unpacking.is_whole


def begins_with_list(file: BinaryIO) -> bool:
    return containers.head_of(file).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1] == "["


def choose_member(archive: ZipFile, wanted: str) -> tuple[list[str], ZipInfo, str]:
    """Names of the members, the one that is asked for or the first that can be read, and why."""
    members = containers.members_of(archive)
    names = [info.filename for info in members]
    if not members:
        raise EmptyFile
    if wanted:
        if wanted not in names:
            known = ", ".join(names[:TOLD_MEMBERS])
            raise BadDialect(field="member", reason=f"{wanted!r} is not there; known: {known}")
        chosen = members[names.index(wanted)]
    else:
        looked_into = members[:MEMBERS_LOOKED_INTO]
        chosen = next((info for info in looked_into if may_be_read(archive, info)), members[0])
    others = [name for name in names if name != chosen.filename]
    if not others:
        return names, chosen, "the zip archive has one file"
    more = ", ..." if len(others) > TOLD_MEMBERS else ""
    told = ", ".join(map(containers.shown, others[:TOLD_MEMBERS]))
    return names, chosen, f"the zip archive has other files too: {told}{more}"


def may_be_read(archive: ZipFile, info: ZipInfo) -> bool:
    """Whether it begins like something that is read here."""
    try:
        with containers.member_stream(archive, info) as stream:
            kinds.refuse_other_kinds(stream.read(containers.MAGIC_BYTES))
    except (Unpackable, NoTable, *containers.PACKING_ERRORS):
        return False
    return True
