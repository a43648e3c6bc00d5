"""What can be wrong with a screen, and with those who want to see it."""

from collections.abc import Collection
from typing import ClassVar


class ScreensError(Exception):
    """Base of this feature's errors.

    reason: a stable word for programs; the text is a sentence for people.
    """

    reason: ClassVar[str] = "not-allowed"


class UnknownScreen(ScreensError):
    """There is no screen of this name, or it is not this caller's to know of."""

    reason = "not-found"

    def __init__(self) -> None:
        super().__init__("there is no such screen, or it is not yours")


class BadScreenName(ScreensError):
    """A name that no address can have."""

    reason = "bad-name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:80]!r} cannot be the name of a screen: 1 to 63 of a-z, 0-9 and -, the first "
            f"no -, and not a word that the addresses need themselves"
        )


class NameTaken(ScreensError):
    """Another screen has this name."""

    reason = "name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a screen named {name!r} already")
        self.name = name


class SourceNotAllowed(ScreensError):
    """What this machine shows is for staff to offer; others publish what is theirs."""

    def __init__(self) -> None:
        super().__init__("only staff may offer what this server sees; others publish a screen")


class NotYours(ScreensError):
    """A screen that the caller may see and not change."""

    def __init__(self) -> None:
        super().__init__("this screen is another's: you may watch it, not change it")


class NotForPublishers(ScreensError):
    """The screen shows what this server sees."""

    reason = "not-for-publishers"

    def __init__(self) -> None:
        super().__init__("this screen shows what the server sees: publish to one of another name")


class MainStays(ScreensError):
    """The screen `main` is always there."""

    def __init__(self) -> None:
        super().__init__("the screen named main stays; to have nobody watch it, do not share it")


class NobodyCalls(ScreensError):
    """It is not known who wants to look, and not everybody may."""

    reason = "not-authenticated"

    def __init__(self) -> None:
        super().__init__("sign in, or open a link that you were sent")


class ScopeMissing(ScreensError):
    """An API key that is for other things."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key lacks the scope {scope!r}")


class CallerGone(ScreensError):
    """Who was let in may not be in any more: the user was disabled, or the key revoked."""

    def __init__(self) -> None:
        super().__init__("you may not see this screen any more")


class NotShared(ScreensError):
    """Sharing is switched off; the link itself is good."""

    reason = "not-shared"

    def __init__(self) -> None:
        super().__init__("this screen is not shared at the moment; ask who sent you the link")


class UnknownLink(ScreensError):
    """The screen has no such link."""

    reason = "not-found"

    def __init__(self) -> None:
        super().__init__("this screen has no such link")


class LinkNotValid(ScreensError):
    """A link that never was, has expired, or was revoked; which of them is not said."""

    reason = "link-not-valid"

    def __init__(self) -> None:
        super().__init__("this link is not valid any more; ask who sent it for a new one")


class NoSuchLink(LinkNotValid):
    """No link has this token: the address is mistyped, or guessed.  Told as any other."""


class PinWanted(ScreensError):
    """The link has a PIN, and none was given."""

    reason = "pin-wanted"

    def __init__(self) -> None:
        super().__init__("this link has a PIN: open it in a browser, or send the PIN as user name")


class WrongPin(ScreensError):
    """Not the PIN of the link."""

    reason = "wrong-pin"

    def __init__(self, *, attempts_left: int) -> None:
        super().__init__(f"this is not the PIN; attempts left: {attempts_left}")
        self.attempts_left = attempts_left


class TooMany(ScreensError):
    """Base of what is allowed again after a while."""

    reason = "too-many"

    def __init__(self, sentence: str, *, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}

    @property
    def minutes(self) -> int:
        """As people are told."""
        return -(-self.retry_after_s // 60)


class TooManyPins(TooMany):
    """Too many wrong PINs, from this address or for this link at all."""

    reason = "too-many-pins"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(
            f"too many wrong PINs: the next one is looked at in {retry_after_s} s",
            retry_after_s=retry_after_s,
        )


class TooManyGuesses(TooMany):
    """Too many links that are none, from one address."""

    reason = "too-many-guesses"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(
            f"too many links that are none came from your address: the next one is looked at in "
            f"{retry_after_s} s",
            retry_after_s=retry_after_s,
        )


class TooManyViewers(TooMany):
    """As many watch as the screen, or the link, is for."""

    reason = "too-many-viewers"
    RETRY_AFTER_S = 10

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"as many watch as may, {limit}; try again when somebody has left",
            retry_after_s=self.RETRY_AFTER_S,
        )
        self.limit = limit


class ScreenStopped(ScreensError):
    """Somebody who may do so ended it for all who watched or published."""

    reason = "stopped"

    def __init__(self) -> None:
        super().__init__("the screen was stopped")


class ScreenDeleted(ScreensError):
    """The screen is not there any more."""

    reason = "deleted"

    def __init__(self) -> None:
        super().__init__("the screen was deleted")


class SourceChanged(ScreensError):
    """The screen shows something else from now on; who comes again sees that."""

    reason = "source-changed"

    def __init__(self) -> None:
        super().__init__("the screen shows something else now")


class PublisherReplaced(ScreensError):
    """A newer publisher has taken the screen over: one publishes at a time."""

    reason = "replaced"

    def __init__(self) -> None:
        super().__init__("another publisher has taken this screen over")


class NoPicture(ScreensError):
    """There is none now, and there may be later.

    reason: see State; the text says why and what to do.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason  # type: ignore[misc]


class BadQuery(ScreensError):
    """The address asks for what there is not; the text says what there is."""

    reason = "bad-query"


class MethodNotAllowed(ScreensError):
    """Pictures are only to be had."""

    reason = "method-not-allowed"

    def __init__(self, methods: Collection[str]) -> None:
        super().__init__(f"only {' and '.join(methods)} can be used here")
        self._methods = methods

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self._methods)}
