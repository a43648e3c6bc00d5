"""Parquet and Arrow: the types of the schema, and the text of each value."""

import datetime as dt
import struct
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from apiapp.imports.errors import UnreadableFile
from apiapp.imports.pipeline.convert import convert_cell
from apiapp.imports.pipeline.opening import opened
from tests.apiapp.imports.formats.made_files import (
    arrow_file,
    arrow_stream,
    parquet_file,
    read,
    records,
    written,
)

MOMENT = dt.datetime.fromisoformat("2020-01-31 23:59:58.120")
BERLIN = dt.timezone(dt.timedelta(hours=1))
# Name: the type in the file, a value of it, the type proposed, the cell.
TYPES: dict[str, tuple[pa.DataType, Any, str, str]] = {
    "int8": (pa.int8(), -7, "integer", "-7"),
    "int64": (pa.int64(), 2**63 - 1, "integer", "9223372036854775807"),
    "uint64": (pa.uint64(), 2**64 - 1, "decimal", "18446744073709551615"),
    "float": (pa.float32(), 0.1, "float", "0.1"),
    "double": (pa.float64(), 1.5, "float", "1.5"),
    "nan": (pa.float64(), float("nan"), "float", ""),
    "decimal": (pa.decimal128(38, 10), Decimal("0.0000000001"), "decimal", "0.0000000001"),
    "bool": (pa.bool_(), True, "boolean", "true"),
    "text": (pa.string(), " 007 ", "text", " 007 "),
    "large text": (pa.large_string(), "ü", "text", "ü"),
    "word": (pa.dictionary(pa.int8(), pa.string()), "often", "text", "often"),
    "day": (pa.date32(), dt.date(2020, 1, 31), "date", "2020-01-31"),
    "moment": (pa.timestamp("us"), MOMENT, "timestamp", "2020-01-31 23:59:58.12"),
    "zoned": (
        pa.timestamp("ns", "Europe/Berlin"),
        MOMENT.replace(tzinfo=BERLIN),
        "timestamp",
        "2020-01-31 22:59:58.12Z",
    ),
    "time": (pa.time64("us"), dt.time(9, 5), "text", "09:05:00.000000"),
    "bytes": (pa.binary(), b"\0\xff", "text", "00ff"),
    "list": (pa.list_(pa.int64()), [1, 2], "json", "[1, 2]"),
    "struct": (pa.struct({"a": pa.string()}), {"a": "ü"}, "json", '{"a": "ü"}'),
    "map": (pa.map_(pa.string(), pa.int64()), [("k", 1)], "json", '[["k", 1]]'),
    "nothing": (pa.null(), None, "text", ""),
}
MADE = {"parquet": parquet_file, "arrow": arrow_file, "stream": arrow_stream}


def table() -> pa.Table:
    columns = {name: pa.array([value, None], type_) for name, (type_, value, _, _) in TYPES.items()}
    return pa.table(columns)


@pytest.mark.parametrize("name", MADE)
def test_types_are_the_schemas_and_cells_the_text_that_these_take(name: str, tmp_path: Path):
    with opened(written(tmp_path, MADE[name](table()))) as found:
        source: Any = found.source()
        proposed = [source.type_of(index, "text") for index in range(len(TYPES))]
        header, rows = records(found)

    assert header == list(TYPES)
    assert proposed == [type_ for _, _, type_, _ in TYPES.values()]
    assert rows == [[cell for *_, cell in TYPES.values()], [""] * len(TYPES)]
    for type_, cell in zip(proposed, rows[0], strict=True):
        convert_cell(type_, cell)  # raises BadCell for what the column would refuse


def test_bytes_that_are_no_text_in_a_column_of_text_are_kept_for_the_check(tmp_path: Path):
    bad = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff"), None, 0
    )

    with opened(written(tmp_path, arrow_file(pa.table({"x": bad})))) as found:
        assert records(found)[1] == [["a\udcff"]]


def test_batches_are_small_however_the_file_groups_its_rows(tmp_path: Path):
    rows = 25_000
    big = pa.table({"n": range(rows), "t": ["x" * 100] * rows})

    with opened(written(tmp_path, parquet_file(big, row_group_size=rows))) as found:
        parts = list(found.source().batches())

    assert [part.first_row for part in parts] == [1, 10_001, 20_001]
    assert parts[-1].rows[-1] == [str(rows - 1), "x" * 100]


@pytest.mark.parametrize("name", MADE)
def test_a_damaged_file_is_refused_with_a_sentence(name: str, tmp_path: Path):
    content = MADE[name]()
    for broken in (content[:-40], content[:200] + bytes(60) + content[260:], content[:64]):
        try:
            with opened(written(tmp_path, broken)) as found:
                records(found)
        except UnreadableFile as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("make", [arrow_file, arrow_stream])
@pytest.mark.parametrize("end", [2**31 - 1, -(2**31), 11])
def test_offsets_that_lead_out_of_the_file_are_damage(
    make: Callable[[pa.Table], bytes], end: int, tmp_path: Path
):
    content = make(pa.table({"a": ["x" * 10, "yy", "zzz"]}))
    offsets = struct.pack("<4i", 0, 10, 12, 15)
    assert content.count(offsets) == 1
    lying = content.replace(offsets, struct.pack("<4i", 0, 10, 12, end))

    with pytest.raises(UnreadableFile, match="the Arrow file is damaged"):
        read(written(tmp_path, lying))


def test_a_long_stream_is_read_from_its_start_to_its_end(tmp_path: Path):
    numbers = [str(number) for number in range(100_000)]
    table = pa.table({"n": numbers})

    with opened(written(tmp_path, arrow_stream(table))) as content:
        assert records(content) == (["n"], [[each] for each in numbers])
