"""What can be wrong with a request, whatever it asks for."""


class RequestError(Exception):
    """Base of these errors."""


class BodyTooLarge(RequestError):
    """The body is longer than is read into memory here."""

    def __init__(self, *, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"the body has {size_bytes:,} bytes, {limit_bytes:,} at most: upload a file instead"
        )
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class EncodedBody(RequestError):
    """A body that is to be unpacked first: a small one could become any size."""

    headers = {"Accept-Encoding": "identity"}  # RFC 9110, section 12.5.3

    def __init__(self, *, encoding: str) -> None:
        super().__init__(f"the body is packed as {encoding[:40]!r}: send it as it is")


def require_plain(encoding: str) -> None:
    """Raises EncodedBody for a Content-Encoding."""
    if encoding.strip().lower() not in ("", "identity"):
        raise EncodedBody(encoding=encoding)


class BodyTooDeep(RequestError):
    """Lists and objects lie in one another too often."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"lists and objects lie more than {limit} deep in one another")
        self.limit = limit


class TooManyFields(RequestError):
    """More fields than any form here has."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"the body has more than {limit} fields")
        self.limit = limit


class PreconditionFailed(RequestError):
    """What was to be changed is not what the caller has seen (RFC 9110, section 13.2.1)."""

    def __init__(self, *, etag: str = "") -> None:
        super().__init__("this has changed since you read it: read it again, then change it")
        if etag:
            self.etag = etag


class BadCondition(RequestError):
    """A condition that cannot be read."""

    def __init__(self, *, header: str) -> None:
        super().__init__(f"the header {header} is not a list of entity tags")
        self.header = header


class BadParameter(RequestError):
    """A parameter of the query that cannot be meant so."""

    def __init__(self, *, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
