"""What can go wrong with an import."""

from collections.abc import Sequence


class ImportFailed(Exception):
    """Base of this feature's errors."""


class UnreadableFile(ImportFailed):
    """The file as a whole cannot become a table; nothing of it was kept."""


class EmptyFile(UnreadableFile):
    """The file has no byte, or nothing but blank lines."""

    def __init__(self) -> None:
        super().__init__("the file is empty")


class NoRows(UnreadableFile):
    """There is a header, and nothing below it: no type could be told, nothing would be loaded."""

    def __init__(self) -> None:
        super().__init__("the file has a header but no rows")


class NotText(UnreadableFile):
    """The file is of another kind, whatever its name says."""

    def __init__(self, *, found: str) -> None:
        super().__init__(f"this is not a text file: {found}")
        self.found = found


class NotUtf8(UnreadableFile):
    """The file is text in another encoding."""

    def __init__(self, *, at_byte: int, found: str) -> None:
        super().__init__(
            f"the file is not UTF-8: {found} at byte {at_byte}; save it as UTF-8 and try again"
        )
        self.at_byte = at_byte
        self.found = found


class RecordTooLong(UnreadableFile):
    """A line or a row is longer than any row should be, so the file is not what it seems."""

    def __init__(self, *, row_number: int, limit_bytes: int) -> None:
        where = f"row {row_number}" if row_number else "the first line"
        super().__init__(
            f"{where} is longer than {limit_bytes:,} bytes: the line ends may be missing, "
            "or a quote is opened and never closed"
        )
        self.row_number = row_number
        self.limit_bytes = limit_bytes


class CellTooLong(UnreadableFile):
    """One cell is longer than any cell may be."""

    def __init__(self, *, row_number: int, limit_chars: int) -> None:
        super().__init__(
            f"a cell of row {row_number} is longer than {limit_chars:,} characters: "
            "a quote may be opened there and never closed"
        )
        self.row_number = row_number
        self.limit_chars = limit_chars


class QuoteNeverClosed(UnreadableFile):
    """The file ended inside a quoted cell: everything after the quote would be one cell."""

    def __init__(self, *, row_number: int) -> None:
        super().__init__(f"a quote opened in row {row_number} is never closed")
        self.row_number = row_number


class TooManyColumns(UnreadableFile):
    """The database cannot hold a table as wide."""

    def __init__(self, *, columns: int, limit: int) -> None:
        super().__init__(f"the file has {columns:,} columns; a table can have {limit:,} here")
        self.columns = columns
        self.limit = limit


class RowsTooWide(ImportFailed):
    """A row does not fit into the database's largest row."""

    def __init__(self) -> None:
        super().__init__("a row has too much in too many columns for the database to hold it")


class DatabaseFull(ImportFailed):
    """The disk of the database has no room for the table."""

    def __init__(self) -> None:
        super().__init__("the disk of the database is full: nothing of the file was kept")


class BadDialect(ImportFailed):
    """The dialect asked for does not exist."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"dialect: {field} {reason}")
        self.field = field


class BadColumns(ImportFailed):
    """The columns asked for cannot be those of this file and this dataset."""

    def __init__(self, reason: str, *, columns: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.columns = list(columns)


class BadRows(ImportFailed):
    """Rows sent inline are not a list of flat objects."""


class BadName(ImportFailed):
    """A dataset cannot be called that."""

    def __init__(self, *, name: str) -> None:
        super().__init__("the dataset's name needs a letter or a digit")
        self.name = name


class UnknownDataset(ImportFailed):
    """No such dataset, or it is another user's."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is no dataset {name!r}")
        self.name = name


class DatasetExists(ImportFailed):
    """A dataset of this name is there already."""

    def __init__(self, *, slug: str) -> None:
        super().__init__(f"the dataset {slug!r} exists: append to it, or choose another name")
        self.slug = slug


class DatasetBusy(ImportFailed):
    """Another import that has not ended stands in the way."""

    def __init__(self, *, slug: str, job_id: int) -> None:
        super().__init__(f"job {job_id} is importing into {slug!r}: wait for its end or cancel it")
        self.slug = slug
        self.job_id = job_id


class NotYourself(ImportFailed):
    """Only staff may import in the name of another user."""

    def __init__(self) -> None:
        super().__init__("user_id must be your own: only staff import for others")


class UnknownImport(ImportFailed):
    """No such import, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such import")


class NotUndoable(ImportFailed):
    """Only an import whose rows are in the table can be undone, and once."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"only a finished import can be undone; this one is {state}")
        self.state = state


class FileGone(ImportFailed):
    """The file was deleted before it was read."""

    def __init__(self) -> None:
        super().__init__("the file is not there any more: upload it again")


class RowError(Exception):
    """Base of what can go wrong with the rows of a dataset."""


class UnknownRow(RowError):
    """The dataset has no row of this number."""

    def __init__(self, *, row_id: int) -> None:
        super().__init__(f"there is no row {row_id}")
        self.row_id = row_id


class RowConflict(RowError):
    """Another row has a value that must be unique."""

    def __init__(self) -> None:
        super().__init__("another row has this value already, and the column allows it only once")


class BadRowQuery(RowError):
    """A filter, an order or another parameter of a list of rows cannot be understood."""

    def __init__(self, *, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter


class UnknownColumn(BadRowQuery):
    """A column that the dataset does not have."""

    def __init__(self, *, parameter: str, column: str, known: list[str]) -> None:
        reason = f"there is no column {column!r}; the columns are {', '.join(known)}"
        super().__init__(parameter=parameter, reason=reason)
        self.column = column
        self.known = known


class BadFilterValue(BadRowQuery):
    """A filter's value that is not of the column's type."""

    def __init__(self, *, column: str, type_: str, value: str, reason: str) -> None:
        super().__init__(parameter=column, reason=f"{value!r} is not {reason}")
        self.column = column
        self.column_type = type_
        self.value = value
