"""Tables of Parquet and Arrow, file or stream, with the types of their schema.

A cell becomes the text that its type has here: decimals exactly, moments with a zone in UTC with
`Z`, lists, structs and maps as JSON, bytes as hexadecimal digits.  NaN is an empty cell, which is
how pandas writes one.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from apiapp.imports.errors import CellTooLong, UnreadableFile
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.formats.tables import BATCH_CELLS, BATCH_ROWS, CELL_LIMIT_CHARS, Table

BATCH_BYTES = 4 << 20
BUFFER_BYTES = 1 << 20
FILE_MAGIC = b"ARROW1"

Cells = list[str]


def read_parquet(file: BinaryIO, _asked: Mapping[str, Any], _limits: Limits) -> Table:
    """Raises UnreadableFile."""
    try:
        opened = pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER_BYTES)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged("Parquet", error) from error
    count = opened.metadata.num_rows
    groups = [opened.metadata.row_group(index) for index in range(opened.num_row_groups)]
    row_bytes = sum(group.total_byte_size for group in groups) // (count or 1) + 1
    parts = opened.iter_batches(
        batch_size=rows_at_once(len(opened.schema_arrow.names), row_bytes), use_threads=False
    )
    return table_of(opened.schema_arrow, parts, total_rows=count, format_="Parquet")


def read_arrow(file: BinaryIO, _asked: Mapping[str, Any], _limits: Limits) -> Table:
    """Raises UnreadableFile."""
    is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
    file.seek(0)
    try:
        if not is_file:
            stream = pa.ipc.open_stream(file)
            return table_of(stream.schema, map(sound, stream), total_rows=0, format_="Arrow")
        opened = pa.ipc.open_file(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged("Arrow", error) from error
    parts = (sound(opened.get_batch(index)) for index in range(opened.num_record_batches))
    return table_of(opened.schema, parts, total_rows=0, format_="Arrow")


def sound(part: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, whose offsets lead nowhere but into it.  Raises pa.ArrowInvalid.

    Text is checked as bytes: what is no UTF-8 is for string_cells.
    """
    for column in part.columns:
        as_bytes(column).validate(full=True)
    return part


def as_bytes(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    if pa.types.is_large_string(column.type):
        return column.view(pa.large_binary())
    return column


def damaged(format_: str, error: Exception) -> UnreadableFile:
    if isinstance(error, MemoryError):  # Arrow's is both
        raise error
    return UnreadableFile(f"the {format_} file is damaged: {str(error).splitlines()[0][:200]}")


def table_of(
    schema: pa.Schema, parts: Iterator[pa.RecordBatch], *, total_rows: int, format_: str
) -> Table:
    return Table(
        header=list(schema.names),
        types=[type_of(field.type) for field in schema],
        batches=batches(schema, parts, total_rows=total_rows, format_=format_),
        reasons={"types": f"the schema of the {format_} file says the types"},
    )


def rows_at_once(width: int, row_bytes: int) -> int:
    return max(1, min(BATCH_ROWS, BATCH_CELLS // (width or 1), BATCH_BYTES // row_bytes))


def batches(
    schema: pa.Schema, parts: Iterator[pa.RecordBatch], *, total_rows: int, format_: str
) -> Iterator[tuple[float, list[Cells]]]:
    """total_rows: 0 where only the end tells them."""
    done = 0
    try:
        for part in parts:
            row_bytes = part.nbytes // (part.num_rows or 1) + 1
            at_once = rows_at_once(len(schema.names), row_bytes)
            for at in range(0, part.num_rows, at_once):
                rows = rows_of(part.slice(at, at_once))
                check_lengths(rows, done)
                done += len(rows)
                yield min(1.0, done / total_rows) if total_rows else 0.0, rows
    except (pa.ArrowException, OSError) as error:
        raise damaged(format_, error) from error


def check_lengths(rows: Sequence[Cells], rows_before: int) -> None:
    for index, row in enumerate(rows, start=1):
        if max(map(len, row), default=0) > CELL_LIMIT_CHARS:
            raise CellTooLong(row_number=rows_before + index, limit_chars=CELL_LIMIT_CHARS)


def rows_of(part: pa.RecordBatch) -> list[Cells]:
    if not part.num_columns:
        return [[] for _ in range(part.num_rows)]
    return [list(row) for row in zip(*map(cells_of, part.columns), strict=True)]


# --- types -----------------------------------------------------------------------------------------
def plain(type_: pa.DataType) -> pa.DataType:
    """The type of the values behind dictionaries, run lengths and extensions."""
    if isinstance(type_, pa.BaseExtensionType):
        return plain(type_.storage_type)
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return plain(type_.value_type)
    return type_


def is_nested(type_: pa.DataType) -> bool:
    return pa.types.is_nested(type_)


def is_binary(type_: pa.DataType) -> bool:
    return (
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_fixed_size_binary(type_)
        or pa.types.is_binary_view(type_)
    )


def is_string(type_: pa.DataType) -> bool:
    return (
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_string_view(type_)
    )


TYPES: list[tuple[Callable[[pa.DataType], bool], str]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_uint64, "decimal"),  # half of them are beyond 64 bits with a sign
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "float"),
    (pa.types.is_decimal, "decimal"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (is_nested, "json"),
]


def type_of(type_: pa.DataType) -> str:
    """Ours for a type of the schema; text for whatever has none."""
    return next((name for fits, name in TYPES if fits(plain(type_))), "text")


# --- cells -----------------------------------------------------------------------------------------
def cells_of(column: pa.Array) -> Cells:
    type_ = plain(column.type)
    if column.type != type_:
        column = decoded(column, type_)
    make = next((make for fits, make in FORMS if fits(type_)), cast_cells)
    return make(column)


def decoded(column: pa.Array, type_: pa.DataType) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        return decoded(column.storage, type_)
    if pa.types.is_dictionary(column.type):
        return decoded(column.dictionary_decode(), type_)
    if pa.types.is_run_end_encoded(column.type):
        return pa.array(column.to_pylist(), type_)
    return column


def cast_cells(column: pa.Array) -> Cells:
    """The text that Arrow itself makes of the values: of integers, floats, dates, times."""
    return column.cast(pa.string()).fill_null("").to_pylist()


def string_cells(column: pa.Array) -> Cells:
    """Nothing says that the bytes are UTF-8; those that are none come as lone surrogates."""
    try:
        return [each or "" for each in column.to_pylist()]
    except UnicodeDecodeError:
        raw = column.cast(pa.large_binary()).to_pylist()
        return [(each or b"").decode("utf-8", "surrogateescape") for each in raw]


def float_cells(column: pa.Array) -> Cells:
    numbers = column.cast(pa.float32()) if pa.types.is_float16(column.type) else column
    return ["" if each == "nan" else each for each in cast_cells(numbers)]


def decimal_cells(column: pa.Array) -> Cells:
    return ["" if each is None else format(each, "f") for each in column.to_pylist()]


def moment_cells(column: pa.Array) -> Cells:
    in_utc = column.cast(pa.timestamp(column.type.unit))
    end = "Z" if column.type.tz else ""
    return [each and without_zeros(each) + end for each in cast_cells(in_utc)]


def without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def hex_cells(column: pa.Array) -> Cells:
    return ["" if each is None else each.hex() for each in column.to_pylist()]


def json_cells(column: pa.Array) -> Cells:
    return ["" if each is None else as_json(each) for each in column.to_pylist()]


def as_json(value: Any) -> str:
    return json.dumps(value, default=plain_value, ensure_ascii=False)


def plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    raise UnreadableFile(f"a nested {type(value).__name__} has no form in JSON")


FORMS: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], Cells]]] = [
    (is_string, string_cells),
    (is_binary, hex_cells),
    (is_nested, json_cells),
    (pa.types.is_floating, float_cells),
    (pa.types.is_decimal, decimal_cells),
    (pa.types.is_timestamp, moment_cells),
    (pa.types.is_date64, lambda column: cast_cells(column.cast(pa.date32()))),
]
