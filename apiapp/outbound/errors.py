"""What can go wrong with a call to somebody else's API.

`kind` is what records, logs and callers go by: refused (nothing was sent), network, business (the
other side says the request is wrong, 4xx), system (the other side is broken, 5xx).
"""

from typing import ClassVar


class OutboundError(Exception):
    """Base of this feature's errors."""


class CallFailed(OutboundError):
    """A call that has no good answer."""

    kind: ClassVar[str]


class TargetRefused(CallFailed):
    """The guard lets nothing be sent there."""

    kind = "refused"


class BadCall(CallFailed):
    """The request cannot be written down as HTTP: nothing was sent."""

    kind = "refused"


class FileGone(BadCall):
    """A file that was to be sent is not there any more, or not to be read."""

    def __init__(self, told: str = "a file of this call has been deleted") -> None:
        super().__init__(told)


class NetworkFault(CallFailed):
    """There is no answer, or none that can be read.

    may_have_arrived: False if the other side cannot have begun to work on the request.
    """

    kind = "network"

    def __init__(self, told: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(told)
        self._may_have_arrived = may_have_arrived

    @property
    def may_have_arrived(self) -> bool:
        return self._may_have_arrived


class CannotConnect(NetworkFault):
    """No name, no route, nobody listens, or TLS is not what it has to be."""

    def __init__(self, told: str) -> None:
        super().__init__(told, may_have_arrived=False)


class CircuitOpen(NetworkFault):
    """This host failed so often that it is left alone for a while."""

    def __init__(self, *, host: str, retry_after_s: float) -> None:
        super().__init__(
            f"{host} failed too often: it is left alone for {retry_after_s:.0f} s more",
            may_have_arrived=False,
        )
        self.retry_after_s = retry_after_s


class TimedOut(NetworkFault):
    """The other side, or all of it together, took too long."""


class BrokenAnswer(NetworkFault):
    """What came is cut off, or is not HTTP."""


class AnswerTooLarge(NetworkFault):
    """The answer is longer than is taken, packed or unpacked."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"the answer has more than the {limit_bytes:,} bytes that are taken")
        self.limit_bytes = limit_bytes


class TooManyRedirects(NetworkFault):
    """It leads from one address to the next."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"it redirects more than {limit} times")
        self.limit = limit


class AnsweredWithError(CallFailed):
    """An answer whose status is an error."""

    def __init__(self, *, status: int) -> None:
        super().__init__(f"the answer's status is {status}")
        self.status = status


class BusinessError(AnsweredWithError):
    """4xx: the other side understood, and will not."""

    kind = "business"


class SystemFault(AnsweredWithError):
    """5xx: the other side cannot."""

    kind = "system"


class UnknownConnection(OutboundError):
    """No such connection, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such connection")


class UnknownCall(OutboundError):
    """No such call, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such call")


class NameTaken(OutboundError):
    """Two connections of one user cannot have the same name."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is a connection called {name!r} already")


class ConnectionGone(OutboundError):
    """The call went by a connection that has been deleted."""

    def __init__(self) -> None:
        super().__init__("the connection of this call has been deleted")


class FilesNotAllowed(OutboundError):
    """A key that may not read uploads cannot have them sent to somebody."""

    def __init__(self, *, scope: str) -> None:
        super().__init__(f"this key lacks the scope {scope!r}, and cannot send files")


class SecretLost(OutboundError):
    """What was sealed cannot be opened with the keys that are there."""

    def __init__(self) -> None:
        super().__init__("the stored secret cannot be read any more: enter it again")


class TooManyCalls(OutboundError):
    """As many calls wait for answers in this process as may at once."""

    headers = {"Retry-After": "1"}

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"{limit} calls are waiting for their answers: try again, or use background"
        )
        self.limit = limit


class UnreadableAnswer(OutboundError):
    """What calls itself JSON or XML, and is not."""


class CallEndedBadly(OutboundError):
    """A call in the background has ended, and not well."""
