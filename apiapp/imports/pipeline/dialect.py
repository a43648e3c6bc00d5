"""How a file is written: what it is packed in, and how its text reads."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from apiapp.imports.errors import BadDialect

DELIMITERS = ",;\t|"  # the usual ones
QUOTE = '"'
THORN = "þ"  # the quote in files of Concordance, beside U+0014
BACKSLASH = "\\"
DELIMITER_LIMIT_CHARS = 8
COLUMNS_LIMIT = 10_000
LINES_LIMIT = 1 << 40
HEADER_ROWS_LIMIT = 20
# By the names that Python's codecs have.
ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "cp874",
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "iso8859-9",
    "iso8859-15",
    "koi8-r",
    "koi8-u",
    "cp437",
    "cp850",
    "cp852",
    "cp866",
    "mac-roman",
    "gb18030",
    "big5hkscs",
    "cp932",
    "euc-jp",
    "iso2022-jp",
    "cp949",
)
DATE_ORDERS = ("", "ymd", "dmy", "mdy")
TEXT = "text"
FORMATS = (TEXT, "json", "jsonl", "xlsx", "xls", "xlsb", "ods", "parquet", "arrow")
COMPRESSIONS = ("none", "gzip", "bzip2", "xz", "zstd")
NAME_LIMIT_CHARS = 1000  # of a member or a sheet


@dataclass(frozen=True, slots=True)
class Dialect:
    """RFC 4180, but for what is said here.

    delimiter: what is between cells, one or more characters; "" where a line is one cell.
    merge_delimiters: several in a row count as one, those at a line's ends for nothing.
    widths: the columns at which cells begin, from 0, where the file has fixed widths; else ().
    quote: "" where quotes are text.  escape: "" where a quote within a quoted cell is doubled, or
    a backslash, which may also stand before a delimiter, a line end and itself.
    line_end: "" where LF, CRLF and CR all end a line; "\\n" where a lone CR is text.
    skip_spaces: those around a cell's quotes are no part of it.
    comment: what a line begins with that is to be passed over; "" where there are none.
    skip_lines: before the header.  end_line: the last line of the table, 0 for the file's end.
    footer_rows: records at the end that are no data.  table: which of several tables, from 1.
    header_rows: how many records name the columns, where has_header.
    decimal_mark, date_order: of every column; "" where each column's own cells decide.
    """

    encoding: str = "utf-8"
    has_bom: bool = False
    line_end: str = ""
    delimiter: str = ","
    merge_delimiters: bool = False
    widths: tuple[int, ...] = ()
    quote: str = QUOTE
    escape: str = ""
    skip_spaces: bool = False
    comment: str = ""
    table: int = 1
    skip_lines: int = 0
    end_line: int = 0
    footer_rows: int = 0
    has_header: bool = True
    header_rows: int = 1
    decimal_mark: str = ""
    date_order: str = ""
    format: str = TEXT
    compression: str = "none"
    member: str = ""  # of a zip archive; empty: it is none
    sheet: str = ""  # of a workbook; in JSON the names that lead to the list of rows, dotted
    flatten: bool = False  # JSON: an object within a row becomes columns `a.b`

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, as JSON has it."""
        return asdict(self) | {"widths": list(self.widths)}

    def changed(self, asked: Mapping[str, Any]) -> "Dialect":
        """This dialect with what a person asks for.  Raises BadDialect."""
        known = {field.name for field in fields(self)}
        for name, value in asked.items():
            if name not in known:
                raise BadDialect(
                    field=name, reason=f"is unknown; known: {', '.join(sorted(known))}"
                )
            check(name, value)
        widths = {"widths": tuple(asked["widths"])} if "widths" in asked else {}
        changed = replace(self, **{**asked, **widths})
        if changed.quote and changed.quote == changed.delimiter:
            raise BadDialect(field="quote", reason="must differ from the delimiter")
        return changed


Rule = Callable[[Any], bool]


def one_of(*allowed: Any) -> tuple[Rule, str]:
    shown = ", ".join(repr(one) for one in allowed)
    return (
        lambda value: any(value == one and type(value) is type(one) for one in allowed),
        f"must be one of {shown}",
    )


def whole(least: int, most: int) -> tuple[Rule, str]:
    return (
        lambda value: type(value) is int and least <= value <= most,
        f"must be a whole number from {least} to {most}",
    )


def is_delimiter(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= DELIMITER_LIMIT_CHARS
        and not any(letter in value for letter in '\r\n\0"')
        and is_storable(value)
    )


def is_mark(value: Any) -> bool:
    """One character that can be a quote, or none."""
    return (
        isinstance(value, str)
        and len(value) <= 1
        and (not value.isalnum() or value == THORN)
        and value not in ("\r", "\n", "\0", " ")
        and is_storable(value)
    )


def is_comment(value: Any) -> bool:
    is_text = isinstance(value, str) and len(value) <= DELIMITER_LIMIT_CHARS
    return is_text and value.isprintable() and is_storable(value)


def is_storable(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_name(value: Any) -> bool:
    is_text = isinstance(value, str) and len(value) <= NAME_LIMIT_CHARS
    return is_text and "\0" not in value and is_storable(value)


def are_widths(value: Any) -> bool:
    """Rising from 0; none: the file has a delimiter."""
    if not isinstance(value, list | tuple) or len(value) > COLUMNS_LIMIT:
        return False
    if not all(type(start) is int and 0 <= start < LINES_LIMIT for start in value):
        return False
    return not value or (
        value[0] == 0 and all(a < b for a, b in zip(value, value[1:], strict=False))
    )


RULES: dict[str, tuple[Rule, str]] = {
    "encoding": one_of(*ENCODINGS),
    "has_bom": one_of(True, False),
    "line_end": one_of("", "\n"),
    "delimiter": (is_delimiter, f"must be text of at most {DELIMITER_LIMIT_CHARS} characters"),
    "merge_delimiters": one_of(True, False),
    "widths": (are_widths, "must be the columns at which cells begin, rising from 0"),
    "quote": (is_mark, "must be one mark or empty"),
    "escape": one_of("", BACKSLASH),
    "skip_spaces": one_of(True, False),
    "comment": (is_comment, f"must be text of at most {DELIMITER_LIMIT_CHARS} characters"),
    "table": whole(1, LINES_LIMIT),
    "skip_lines": whole(0, LINES_LIMIT),
    "end_line": whole(0, LINES_LIMIT),
    "footer_rows": whole(0, COLUMNS_LIMIT),
    "has_header": one_of(True, False),
    "header_rows": whole(1, HEADER_ROWS_LIMIT),
    "decimal_mark": one_of("", ".", ","),
    "date_order": one_of(*DATE_ORDERS),
    "format": one_of(*FORMATS),
    "compression": one_of(*COMPRESSIONS),
    "member": (is_name, f"must be text of {NAME_LIMIT_CHARS} characters"),
    "sheet": (is_name, f"must be text of {NAME_LIMIT_CHARS} characters"),
    "flatten": one_of(True, False),
}


def check(name: str, value: Any) -> None:
    """Raises BadDialect unless the field may have the value."""
    is_allowed, reason = RULES[name]
    if not is_allowed(value):
        raise BadDialect(field=name, reason=reason)


def from_dict(kept: Mapping[str, Any]) -> Dialect:
    """The dialect that `to_dict` gave.  Raises BadDialect."""
    return Dialect().changed(kept)
