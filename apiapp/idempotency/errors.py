"""Why a request with an Idempotency-Key is not answered."""


class IdempotencyError(Exception):
    """Base of this feature's errors."""


class BadKey(IdempotencyError):
    """The header is empty, too long, or holds what no key may."""

    def __init__(self) -> None:
        super().__init__("an Idempotency-Key is 1 to 255 visible ASCII characters, a UUID say")


class KeyReused(IdempotencyError):
    """The key came with another request before."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request: make a new key")


class StillInProgress(IdempotencyError):
    """The first request with this key has not been answered yet, or its server died over it."""

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("the first request with this Idempotency-Key is being worked on")
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}
