"""What can go wrong with an import."""

from collections.abc import Mapping, Sequence
from typing import Any


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
    """One cell is longer than any cell may be.  row_number: 0 for the header."""

    def __init__(self, *, row_number: int, limit_chars: int) -> None:
        where = f"row {row_number}" if row_number else "the header"
        super().__init__(
            f"a cell of {where} is longer than {limit_chars:,} characters: "
            "a quote may be opened there and never closed"
        )
        self.row_number = row_number
        self.limit_chars = limit_chars


class NoTable(UnreadableFile):
    """The file is of a kind that holds no table, or none that is read here."""

    def __init__(self, *, found: str) -> None:
        super().__init__(f"this file cannot be read as a table: {found}")
        self.found = found


class Unpackable(UnreadableFile):
    """The file is packed in a way that is not unpacked here."""


class BadPacking(UnreadableFile):
    """What packs the file is damaged."""

    def __init__(self, found: str) -> None:
        super().__init__(f"the file cannot be unpacked: {found}")
        self.found = found


class UnpackedTooLarge(UnreadableFile):
    """More comes out of the file than is taken."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(
            f"the file unpacks to more than {limit_bytes:,} bytes: unpack it and import its parts"
        )
        self.limit_bytes = limit_bytes


class NoRoomToUnpack(UnreadableFile):
    """The disk would be full."""

    def __init__(self) -> None:
        super().__init__("the server's disk has no room to unpack the file")


class BadJson(UnreadableFile):
    """The file begins as JSON and is none."""

    def __init__(self, *, row_number: int, reason: str) -> None:
        where = f"row {row_number}" if row_number else "the beginning"
        super().__init__(f"{where} is not JSON: {reason}")
        self.row_number = row_number


class TooMuchMemory(UnreadableFile):
    """A workbook or a row group needs more memory than it gets."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(
            f"reading this file takes more than {limit_bytes >> 20:,} MiB of memory:"
            " save the table as CSV and import that"
        )
        self.limit_bytes = limit_bytes


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
        self.reason = reason


class BadColumns(ImportFailed):
    """The columns asked for cannot be those of this file and this dataset."""

    def __init__(self, reason: str, *, columns: Sequence[str] = (), condition: str = "") -> None:
        """condition: the one of the column that is wrong, if it is that."""
        super().__init__(reason)
        self.columns = list(columns)
        if condition:
            self.condition = condition


class BadKey(ImportFailed):
    """The columns asked for cannot be the key of this dataset."""


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


class NotPermitted(ImportFailed):
    """The caller sees the dataset, and may not do this with it."""

    def __init__(self, *, slug: str, needed: str) -> None:
        super().__init__(f"of {slug!r} that is for its {needed}s")
        self.slug = slug
        self.needed = needed


class UnknownGrant(ImportFailed):
    """The dataset has no such permission, or it is not for the caller to see."""

    def __init__(self) -> None:
        super().__init__("there is no such permission")


class BadGrantee(ImportFailed):
    """A dataset cannot be shared with, or given to, whom it was asked for."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(reason)
        self.errors = {field: [reason]}


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


class TableInUse(Exception):
    """Others read or write the table all the while, and a change of it has to wait for them."""

    def __init__(self) -> None:
        super().__init__("the table is in use: nothing was changed; try again")


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


class UndoBlocked(ImportFailed):
    """What came after the import would be lost, or could not be taken back any more."""

    def __init__(self, reason: str, *, import_id: int | None = None) -> None:
        super().__init__(reason)
        self.import_id = import_id


class HistoryGone(ImportFailed):
    """The rows that the import changed or removed are kept no longer."""

    def __init__(self) -> None:
        super().__init__("the rows of before this import are not kept any more: it stays")


class NotContinuable(ImportFailed):
    """Only an import whose rows are in a table can be gone on with."""

    def __init__(self, *, state: str) -> None:
        super().__init__(f"only a finished import can be continued; this one is {state}")
        self.state = state


class SameFile(ImportFailed):
    """The dataset has this file already."""

    def __init__(self, *, import_id: int, imported_at: str, slug: str) -> None:
        super().__init__(
            f"the same file went into {slug!r} with import {import_id}: "
            "say `again` to import it once more"
        )
        self.import_id = import_id
        self.imported_at = imported_at


class FileGone(ImportFailed):
    """The file was deleted before it was read."""

    def __init__(self) -> None:
        super().__init__("the file is not there any more: upload it again")


ERROR_ROWS_TOLD = 1000


class RowError(Exception):
    """Base of what can go wrong with the rows of a dataset."""


class UnknownDatasetColumn(RowError):
    """The dataset has no column of this name."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"there is no column {name!r}")
        self.name = name


class UnknownRow(RowError):
    """The dataset has no row of this number."""

    def __init__(self, *, row_id: int) -> None:
        super().__init__(f"there is no row {row_id}")
        self.row_id = row_id


class RowRefused(RowError):
    """A value breaks a condition of its column."""

    def __init__(self, *, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("Some columns are not right; see errors.")
        self.errors = dict(errors)


class RowsRefused(RowError):
    """Of many rows some are not right, so none was written.

    errors: row, the first being 1, to column to reasons; of the first ERROR_ROWS_TOLD rows.
    """

    def __init__(self, *, errors: Mapping[int, Mapping[str, Sequence[Any]]]) -> None:
        super().__init__("Some rows are not right, so none was written; see errors.")
        told = sorted(errors)[:ERROR_ROWS_TOLD]
        self.errors = {str(number): dict(errors[number]) for number in told}
        self.rows_refused = len(errors)


class TooManyRows(RowError):
    """More rows at once than one request may write."""

    def __init__(self, *, limit: int, instead: str) -> None:
        super().__init__(f"at most {limit:,} rows at once: {instead}")
        self.limit = limit


class RowConflict(RowError):
    """Another row has a value that must be unique."""

    def __init__(self) -> None:
        super().__init__("another row has this value already, and the column allows it only once")


class StatisticsTooSlow(RowError):
    """Not even a sample of the rows was looked at in time."""

    def __init__(self) -> None:
        super().__init__("the database took too long to look at this column: try again, or filter")


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
