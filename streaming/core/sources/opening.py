"""From the text that names a source (the setting SCREEN_SOURCE, a screen's `source`) to it."""

from collections.abc import Callable
from pathlib import Path

from streaming.core.errors import BadSource, SourceUnavailable
from streaming.core.frame import Frame
from streaming.core.sources.areas import parse_area
from streaming.core.sources.base import FrameSource
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.local import open_local
from streaming.core.sources.pattern import open_pattern, parse_size
from streaming.core.sources.video import open_camera, open_video, parse_number

LONGEST = 4096
# kind -> how what follows its colon is read, and how it is opened
SOURCES: dict[str, tuple[Callable[[str], object], Callable[[str, Desktop], FrameSource]]] = {
    "local": (parse_area, open_local),
    "pattern": (parse_size, lambda options, desktop: open_pattern(options)),
    "camera": (parse_number, lambda options, desktop: open_camera(options)),
}


def check_source(text: str) -> None:
    """Raises BadSource when `text` can name no source, whatever is connected to this machine.

    Anything that is not one of SOURCES is the path of a video file on this machine, so only
    settings and staff may choose the text.
    """
    kind, options = split(text)
    if kind in SOURCES:
        parse, _ = SOURCES[kind]
        parse(options)
    elif kind == "publisher":
        raise BadSource("A publisher sends its pictures itself; there is nothing to open here.")
    elif "\0" in text or len(text) > LONGEST:
        raise BadSource("That is not the path of a file.")


def open_source(text: str, desktop: Desktop) -> FrameSource:
    """Open what `text` names; empty: whatever this machine has, see open_default.

    Raises BadSource, SourceUnavailable.
    """
    if not text.strip():
        return open_default(desktop)
    check_source(text)
    kind, options = split(text)
    if kind not in SOURCES:
        return open_video(Path(text.strip()).expanduser())
    _, opened = SOURCES[kind]
    return opened(options, desktop)


def open_default(desktop: Desktop) -> FrameSource:
    """The primary monitor, or where it cannot be had a StandIn."""
    try:
        return open_local("", desktop)
    except SourceUnavailable as error:
        return StandIn(open_pattern(""), instead_of=error)


class StandIn:
    """A source that is shown because the wanted one is not there; instead_of: why not."""

    def __init__(self, source: FrameSource, *, instead_of: SourceUnavailable) -> None:
        self._source = source
        self.instead_of = instead_of

    def grab(self) -> Frame:
        return self._source.grab()

    def close(self) -> None:
        self._source.close()


def split(text: str) -> tuple[str, str]:
    """What stands before the first colon, and what follows it."""
    kind, _, options = text.strip().partition(":")
    return kind, options
