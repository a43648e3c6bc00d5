"""What can go wrong with an upload."""


class UploadError(Exception):
    """Base of this feature's errors."""


class UnknownUpload(UploadError):
    """No such upload, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such upload")
