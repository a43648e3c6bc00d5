from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.pipeline.check import KINDS, UNIQUE_LIMIT_CHARS, Batch, check
from apiapp.imports.pipeline.convert import CONVERTERS
from apiapp.imports.pipeline.readers import Records
from apiapp.imports.pipeline.schema import ColumnSpec

ID = ColumnSpec("id", "ID", "integer", required=True)
NAME = ColumnSpec("name", "Name")


def checked(
    rows: Sequence[Sequence[str]], columns: Sequence[ColumnSpec] = (ID, NAME), first_row: int = 1
) -> Batch:
    return check(Records(first_row, [list(row) for row in rows]), columns)


def told(batch: Batch) -> list[tuple[int, str, str, str]]:
    return [(each.row_number, each.column, each.value, each.kind) for each in batch.refusals]


def test_good_rows_pass_whole_with_their_numbers() -> None:
    batch = checked([["1", "Ann"], ["2", ""]], first_row=41)

    assert list(batch.row_numbers) == [41, 42]
    assert [list(cells) for cells in batch.columns] == [["1", "2"], ["Ann", ""]]
    assert batch.refusals == []


def test_a_bad_cell_takes_its_row_out_and_no_other() -> None:
    batch = checked([["1", "Ann"], ["x", "Bob"], ["3", "Cid"]])

    assert list(batch.row_numbers) == [1, 3]
    assert [list(cells) for cells in batch.columns] == [["1", "3"], ["Ann", "Cid"]]
    assert told(batch) == [(2, "ID", "x", "type")]
    assert batch.rows_refused == 1
    assert batch.refusals[0].reason == "The cell is not an integer."


def test_every_bad_cell_of_a_row_is_told() -> None:
    columns = [ID, ColumnSpec("day", "Day", "date"), ColumnSpec("city", "City", required=True)]

    batch = checked([["", "31.1.", ""]], columns)

    assert told(batch) == [
        (1, "ID", "", "required"),
        (1, "Day", "31.1.", "type"),
        (1, "City", "", "required"),
    ]
    assert batch.rows_refused == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["1"], (2, "Name", "", "missing_cell")),
        (["1", "a", "b", "c"], (2, "", "b, c", "extra_cell")),
    ],
)
def test_a_ragged_row_is_refused_once(row: list[str], expected: tuple[int, str, str, str]) -> None:
    batch = checked([["1", "Ann"], row, ["3", "Cid"]])

    assert told(batch) == [expected]
    assert list(batch.row_numbers) == [1, 3]


def test_a_cell_of_spaces_is_empty_for_a_number_and_not_for_text() -> None:
    batch = checked([["1", "  "], ["  ", "x"]])

    assert told(batch) == [(2, "ID", "  ", "required")]
    assert list(batch.columns[1]) == ["  "]


def test_bytes_that_are_no_text_are_refused_and_shown() -> None:
    batch = checked([["1", "caf\udce9\0"], ["\udcff", "ok"]])

    assert told(batch) == [
        (1, "Name", "caf\\xe9\\x00", "encoding"),
        (2, "ID", "\\xff", "encoding"),
    ]


def test_a_unique_column_refuses_what_no_index_holds() -> None:
    long = "x" * (UNIQUE_LIMIT_CHARS + 1)

    batch = checked([[long], [long[1:]]], [ColumnSpec("code", "Code", unique=True)])

    assert told(batch) == [(1, "Code", long, "unique")]


@given(
    st.lists(st.lists(st.sampled_from(["1", "", "x", "\udce9", " "]), max_size=4), max_size=8),
    st.lists(
        st.builds(
            ColumnSpec,
            name=st.just("c"),
            label=st.just("C"),
            type=st.sampled_from(list(CONVERTERS)),
            required=st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_every_row_is_either_loaded_or_refused_with_a_reason(
    rows: list[list[str]], columns: list[ColumnSpec]
) -> None:
    batch = checked(rows, columns)

    refused = {each.row_number for each in batch.refusals}
    assert refused.isdisjoint(batch.row_numbers)
    assert refused | set(batch.row_numbers) == set(range(1, len(rows) + 1))
    assert batch.rows_refused == len(refused)
    assert all(len(cells) == len(batch.row_numbers) for cells in batch.columns)
    assert all(each.kind in KINDS and each.reason.endswith(".") for each in batch.refusals)
