"""What can go wrong while a file is sent to a server (client.py)."""

from apiapp.uploads.errors import UploadError


class SendError(UploadError):
    """A file could not be sent to a server; the message says why and what to do."""


class ServerUnreachable(SendError):
    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f"nothing answers at {url} ({reason})")


class NotASluiceServer(SendError):
    def __init__(self, *, url: str, status: int) -> None:
        super().__init__(f"what answers at {url} is no Sluice server (status {status})")


class KeyRefused(SendError):
    def __init__(self, *, url: str) -> None:
        super().__init__(f"{url} does not accept this key; it may be mistyped, expired or revoked")


class RequestRefused(SendError):
    """The server answered with a problem."""

    def __init__(self, *, status: int, type: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.type = type


class SourceChanged(SendError):
    def __init__(self, *, name: str) -> None:
        super().__init__(f"{name} changed while it was being sent; send it again")


class VerificationEnded(SendError):
    """The server could not verify the file."""


class SendingStopped(SendError):
    def __init__(self) -> None:
        super().__init__("stopped")
