import csv
import io
import itertools
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.errors import CellTooLong, RecordTooLong
from apiapp.imports.pipeline import lines
from apiapp.imports.pipeline.dialect import DELIMITERS, Dialect
from apiapp.imports.pipeline.lines import BOM, LINE_LIMIT_BYTES, cut_at_line_end
from apiapp.imports.pipeline.parsing import CELL_LIMIT_CHARS
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.tolerant import SPAN_LIMIT_CHARS

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
        patch.setattr(lines, "BLOCK_BYTES", max(block_bytes, len(BOM)))

        rows = read(BOM * has_bom + content, delimiter=delimiter)

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


def test_a_quote_that_is_never_closed_swallows_no_row_and_is_told() -> None:
    content = b'1,a\n2,b\n3,"c\n4,d\n5,"e"\n'

    (records,) = DelimitedReader(io.BytesIO(content), Dialect(has_header=False)).batches()

    assert records.rows == [["1", "a"], ["2", "b"], ["3", '"c'], ["4", "d"], ["5", "e"]]
    assert records.mended == [2]


def test_a_quote_swallows_no_more_than_a_cell_may_hold() -> None:
    content = b'1,a\n2,"' + b"x,y\n" * (SPAN_LIMIT_CHARS // 2)

    rows = read(content)

    assert rows[:3] == [["1", "a"], ["2", '"x', "y"], ["x", "y"]]
    assert len(rows) == SPAN_LIMIT_CHARS // 2 + 1


def test_a_cell_beyond_the_limit_is_told_with_its_row() -> None:
    with pytest.raises(CellTooLong) as told:
        read(b"1,a\n2," + b"x" * (CELL_LIMIT_CHARS + 1))

    assert told.value.row_number == 2


def test_a_cell_beyond_the_limit_in_the_header_is_told_as_such() -> None:
    content = b"x" * (CELL_LIMIT_CHARS + 1) + b",b\n1,2\n"

    with pytest.raises(CellTooLong, match="a cell of the header is longer"):
        DelimitedReader(io.BytesIO(content), Dialect(header_rows=2)).header()


def test_a_cell_at_the_limit_is_read() -> None:
    ((cell,),) = read(b"x" * (CELL_LIMIT_CHARS - 1) + b"\n")

    assert len(cell) == CELL_LIMIT_CHARS - 1


def test_a_line_that_never_ends_is_told_in_little_memory() -> None:
    file = Endless(itertools.chain([b"1,a\n"], itertools.repeat(b"word " * 100_000)))
    reader = DelimitedReader(file, Dialect(has_header=False))  # type: ignore[arg-type]

    tracemalloc.start()
    with pytest.raises(RecordTooLong) as told:
        list(reader.batches())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert told.value.row_number == 2
    assert peak_bytes < 25 * LINE_LIMIT_BYTES


def test_cells_with_line_ends_that_never_end_are_rows_in_little_memory() -> None:
    file = Endless(itertools.chain([b"1,a\n"], itertools.repeat(b'"a\n",' * 10_000)))
    batches = DelimitedReader(file, Dialect(has_header=False)).batches()  # type: ignore[arg-type]

    tracemalloc.start()
    rows = [row for records in itertools.islice(batches, 2) for row in records.rows]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows[0] == ["1", "a"]
    assert len(rows) > 10_000
    assert peak_bytes < 200 << 20


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
