"""Parquet: typed columns, sent row group by row group."""

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
from pyarrow import parquet

from apiapp.imports.exports.forms import Batch, Field, Widths, Writer, written_batch
from apiapp.imports.exports.sink import Sink

GROUP_ROWS = 65_536
GROUP_BYTES = 16 * 1024 * 1024
DECIMAL_DIGITS = 76  # of Arrow's longest decimal

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "uuid": pa.string(),
    "json": pa.string(),
}
WRITERS: dict[str, Writer] = {"uuid": str}


class ParquetForm:
    """A column of decimals has as many digits as its longest value needs.

    One that needs more than DECIMAL_DIGITS is of strings: no digit is lost.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._sink = Sink()
        self._group: list[pa.RecordBatch] = []

    def begin(self, widths: Widths) -> bytes:
        self._schema = pa.schema(
            [
                pa.field(field.name, type_of(field, widths), metadata={"label": field.label})
                for field in self._fields
            ]
        )
        self._writers = [
            writer_of(field, type_)
            for field, type_ in zip(self._fields, self._schema.types, strict=True)
        ]
        self._writer = parquet.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd"
        )
        return self._sink.taken()

    def add(self, batch: Batch) -> bytes:
        arrays = [
            pa.array(column, type=type_)
            for column, type_ in zip(
                written_batch(batch, self._writers), self._schema.types, strict=True
            )
        ]
        self._group.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        if not self._is_full():
            return b""
        self._write_group()
        return self._sink.taken()

    def end(self) -> bytes:
        self._write_group()
        self._writer.close()
        return self._sink.taken()

    def _is_full(self) -> bool:
        rows = sum(batch.num_rows for batch in self._group)
        return rows >= GROUP_ROWS or sum(batch.nbytes for batch in self._group) >= GROUP_BYTES

    def _write_group(self) -> None:
        if self._group:
            table = pa.Table.from_batches(self._group)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._group = []


def type_of(field: Field, widths: Widths) -> pa.DataType:
    if field.type != "decimal":
        return TYPES[field.type]
    before, behind = widths[field.name]
    digits = max(before + behind, 1)
    if digits > DECIMAL_DIGITS:
        return pa.string()
    return pa.decimal128(digits, behind) if digits <= 38 else pa.decimal256(digits, behind)


def writer_of(field: Field, type_: pa.DataType) -> Writer | None:
    if field.type == "decimal":
        return in_digits if pa.types.is_string(type_) else None
    return WRITERS.get(field.type)


def in_digits(number: Decimal) -> str:
    return f"{number:f}"
