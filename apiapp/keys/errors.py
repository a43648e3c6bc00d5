"""What can be wrong with a caller."""

from collections.abc import Mapping


class KeysError(Exception):
    """Base of this feature's errors."""


class UnknownScope(KeysError):
    """A scope that does not exist was asked for."""

    def __init__(self, *, scopes: list[str], known: tuple[str, ...]) -> None:
        super().__init__(f"unknown scope {', '.join(scopes)}; known: {', '.join(known)}")
        self.scopes = scopes


class UnknownUser(KeysError):
    """No user has this name."""

    def __init__(self, username: str) -> None:
        super().__init__(f"there is no user {username!r}")
        self.username = username


class UnknownKey(KeysError):
    """No key has this prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"there is no key {prefix!r}")
        self.prefix = prefix


class BadCredentials(KeysError):
    """The key, or the name and password, open nothing; which part is wrong is not said."""

    def __init__(self) -> None:
        super().__init__("the key or the name and password are not valid here")


class LinkNotValid(KeysError):
    """A login link was used before, has expired, or never existed."""

    def __init__(self) -> None:
        super().__init__("this login link was used already or has expired")


class TooManyRequests(KeysError):
    """A quota is used up; `headers` say which, and until when."""

    def __init__(self, *, retry_after_s: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"too many requests: the next one is taken in {retry_after_s} s")
        self.retry_after_s = retry_after_s
        self._headers = {**headers, "Retry-After": str(retry_after_s)}

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers


class TooManyLogins(TooManyRequests):
    """Too many wrong passwords for this name from this address, or from this address at all."""

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s, headers={})
        self.args = (
            f"too many wrong passwords came from your address: the next one is looked at in "
            f"{retry_after_s} s",
        )
