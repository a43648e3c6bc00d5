from typing import Any

import pytest

from apiapp.imports.errors import BadRows
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.pipeline.readers import BATCH_ROWS


def table(source: InlineRows) -> list[list[str]]:
    return [row for records in source.batches() for row in records.rows]


def test_the_keys_of_all_objects_are_the_columns_in_order_of_appearance() -> None:
    source = InlineRows([{"b": 1}, {"a": "x", "b": None}, {}])

    assert source.keys == ["b", "a"]
    assert table(source) == [["1", ""], ["", "x"], ["", ""]]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1, 2, None], "integer"),
        ([1, 2.5], "decimal"),
        ([1e-7, 1.5], "float"),
        ([True, False], "boolean"),
        (["1", "2"], "text"),
        (["true"], "text"),
        (["1", 2], "text"),
        (["2026-01-31"], "date"),
        (["2026-01-31T10:00:00Z", ""], "timestamp"),
        ([2**70], "text"),
        ([None], "text"),
    ],
)
def test_json_says_what_is_text_and_text_says_what_is_a_date(values: list[Any], type_: str) -> None:
    assert InlineRows([{"a": value} for value in values]).types() == [type_]


@pytest.mark.parametrize(
    "rows", [[], [1], [{"a": {}}], [{"a": []}], [{"a\0": 1}], [{"a": "\ud800"}], [{}]]
)
def test_what_is_no_list_of_flat_objects_is_refused(rows: list[Any]) -> None:
    with pytest.raises(BadRows):
        InlineRows(rows)


@pytest.mark.parametrize("count", [1, BATCH_ROWS, BATCH_ROWS + 1, 3 * BATCH_ROWS])
def test_many_rows_come_in_batches_without_a_gap(count: int) -> None:
    source = InlineRows([{"a": 1}] * count)

    batches = [(records.first_row, len(records.rows)) for records in source.batches()]

    assert sum(size for _, size in batches) == count
    assert [first for first, _ in batches] == list(range(1, count + 1, BATCH_ROWS))
