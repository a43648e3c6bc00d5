"""What can go wrong with the rows behind `/api/v1/`."""

from collections.abc import Iterable


class ExamplesError(Exception):
    """Base of this feature's errors."""


class UnknownRow(ExamplesError):
    """No such row, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is nothing here, or it is not yours")


class NotYours(ExamplesError):
    """A row that everybody may see, and staff alone may change."""

    def __init__(self) -> None:
        super().__init__("this has no owner: everybody may read it, and staff alone may change it")


class IdTaken(ExamplesError):
    """Something has this id already, perhaps another user's."""

    def __init__(self) -> None:
        super().__init__("something has this id already: choose another")
        self.errors = {"id": ["this is taken already"]}


class UnknownParameter(ExamplesError):
    """A parameter of a list that does not exist: a filter with a typing error would show all."""

    def __init__(self, *, parameter: str, known: Iterable[str]) -> None:
        self.parameter = parameter
        self.known = sorted(known)
        super().__init__(f"there is no parameter {parameter!r}; known: {', '.join(self.known)}")
