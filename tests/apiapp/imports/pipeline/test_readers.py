import csv
import io
import itertools
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.errors import CellTooLong, QuoteNeverClosed, RecordTooLong
from apiapp.imports.pipeline import readers
from apiapp.imports.pipeline.dialect import DELIMITERS, Dialect
from apiapp.imports.pipeline.readers import DelimitedReader, cut_at_line_end

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=20)
)


def written(table: list[list[str]], delimiter: str, line_end: str) -> bytes:
    # The writer minds only the line end it is given: it leaves others in cells unquoted.
    quoting = csv.QUOTE_MINIMAL if line_end == "\r\n" else csv.QUOTE_ALL
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows(table)
    return file.getvalue().encode()


def read(content: bytes, **dialect: object) -> list[list[str]]:
    reader = DelimitedReader(io.BytesIO(content), Dialect(**{"has_header": False, **dialect}))
    return [row for records in reader.batches() for row in records.rows]


class Endless(io.RawIOBase):
    """A file of any size that is nowhere."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        piece = next(self._pieces, b"")
        assert len(piece) <= size
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        return self._position


@given(
    table=TABLES,
    delimiter=st.sampled_from(DELIMITERS),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    has_bom=st.booleans(),
    block_bytes=st.integers(1, 50),
)
def test_any_written_table_is_read_as_it_was_wherever_its_blocks_end(
    table: list[list[str]], delimiter: str, line_end: str, has_bom: bool, block_bytes: int
) -> None:
    content = written(table, delimiter, line_end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "BLOCK_BYTES", max(block_bytes, len(readers.BOM)))

        rows = read(readers.BOM * has_bom + content, delimiter=delimiter)

    assert rows == table


@given(st.binary(max_size=60))
def test_no_line_end_is_lost_or_made_by_cutting_at_one(data: bytes) -> None:
    whole, rest = cut_at_line_end(data)

    assert whole + rest == data
    assert not whole or whole.endswith((b"\n", b"\r"))
    assert not (whole.endswith(b"\r") and rest.startswith(b"\n"))
    assert b"\n" not in rest


def test_rows_are_numbered_from_one_below_the_header_and_blank_lines_do_not_count() -> None:
    reader = DelimitedReader(io.BytesIO(b"\n\na,b\n\n1,2\n\r\n3,4\n\n"), Dialect())

    header = reader.header()
    batches = list(reader.batches())

    assert header == ["a", "b"]
    assert [(each.first_row, each.rows) for each in batches] == [(1, [["1", "2"], ["3", "4"]])]


def test_batches_follow_one_another_without_a_gap() -> None:
    content = b"".join(b"%d,x\n" % number for number in range(25_000))

    batches = list(DelimitedReader(io.BytesIO(content), Dialect(has_header=False)).batches())

    assert len(batches) > 2
    assert batches[0].first_row == 1
    for one, following in itertools.pairwise(batches):
        assert following.first_row == one.first_row + len(one.rows)
    assert batches[-1].rows[-1] == ["24999", "x"]


def test_a_file_of_blank_lines_has_no_header_and_no_rows() -> None:
    reader = DelimitedReader(io.BytesIO(b"\n\n\n"), Dialect())

    assert reader.header() == []
    assert list(reader.batches()) == []


def test_a_last_line_without_its_end_counts() -> None:
    assert read(b"1,2\n3,4") == [["1", "2"], ["3", "4"]]


def test_invalid_bytes_are_kept_as_what_no_text_has() -> None:
    assert read(b"1,caf\xe9\n2,ok\n") == [["1", "caf\udce9"], ["2", "ok"]]


def test_a_quote_that_is_never_closed_is_told_with_its_row() -> None:
    with pytest.raises(QuoteNeverClosed) as told:
        read(b'1,a\n2,b\n3,"c\n4,d\n5,e\n')

    assert told.value.row_number == 3


def test_a_cell_beyond_the_limit_is_told_with_its_row() -> None:
    content = b'1,a\n2,"' + b"x\n" * readers.CELL_LIMIT_CHARS

    with pytest.raises(CellTooLong) as told:
        read(content)

    assert told.value.row_number == 2


def test_a_cell_at_the_limit_is_read() -> None:
    ((cell,),) = read(b"x" * (readers.CELL_LIMIT_CHARS - 1) + b"\n")

    assert len(cell) == readers.CELL_LIMIT_CHARS - 1


@pytest.mark.parametrize(
    "endless",
    [b"word " * 1000, b'"a\n",' * 1000],
    ids=["a line that never ends", "cells with line ends that never end"],
)
def test_an_endless_record_is_told_in_little_memory(endless: bytes) -> None:
    file = Endless(itertools.chain([b"1,a\n"], itertools.repeat(endless * 100)))
    reader = DelimitedReader(file, Dialect(has_header=False))  # type: ignore[arg-type]

    tracemalloc.start()
    with pytest.raises(RecordTooLong) as told:
        list(reader.batches())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert told.value.row_number == 2
    assert peak_bytes < 25 * readers.RECORD_LIMIT_BYTES


def test_an_endless_first_line_is_told_as_such() -> None:
    file = Endless(itertools.repeat(b"word " * 100_000))

    with pytest.raises(RecordTooLong) as told:
        DelimitedReader(file, Dialect()).header()  # type: ignore[arg-type]

    assert told.value.row_number == 0


def test_what_was_read_is_told_in_bytes_up_to_the_size() -> None:
    content = b"1,2\n" * 700_000
    reader = DelimitedReader(io.BytesIO(content), Dialect(has_header=False))

    said = [reader.bytes_read for _ in reader.batches()]

    assert said == sorted(said)
    assert said[-1] == len(content)
