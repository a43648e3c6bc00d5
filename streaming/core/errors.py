"""What can go wrong with pictures; the text of each says what to do about it."""


class ScreenError(Exception):
    """The base of them all."""


class SourceUnavailable(ScreenError):
    """There is nothing to capture here: no display, Wayland, no permission, no such file.

    reason: a stable word for programs (`no-display`, `wayland`, `no-permission`, `no-such-file`,
    `unreadable-video`, `no-camera`, `no-opencv`, `no-such-monitor`); the text is a sentence for people.
    """

    def __init__(self, sentence: str, *, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class SourceLost(ScreenError):
    """There will be no more pictures: the display went away, the publisher left."""


class EncoderUnavailable(ScreenError):
    """This machine lacks the library that encodes a codec; the text says which."""


class DecoderLost(ScreenError):
    """The process that decodes a publisher's pictures has ended too often, or cannot start."""


class BadMessage(ScreenError):
    """Bytes that are not in the wire format; the text says what is wrong with them."""


class FrameTooLarge(BadMessage):
    """A publisher's picture is larger, in bytes or in pixels, than is taken."""


class BadSource(ScreenError):
    """The text that names a source cannot be understood; the error's text says what can."""
