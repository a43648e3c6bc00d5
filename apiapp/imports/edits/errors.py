"""What can go wrong with taking back a change of rows."""

from apiapp.imports.errors import RowError


class UnknownEvent(RowError):
    """The dataset has no event of this number."""

    def __init__(self, *, event_id: int) -> None:
        super().__init__(f"there is no event {event_id}")


class EditNotUndoable(RowError):
    """The event is no change of rows by hand, or too large a one to be kept."""
