from collections.abc import Sequence
from typing import Any

import pytest

from apiapp.imports.pipeline.rules import agreed, breaches


def broken(type_: str, asked: dict[str, Any], values: Sequence[str]) -> list[tuple[int, str]]:
    kept = agreed(asked, type_=type_, label="x")
    return [(index, kind) for index, kind, _ in breaches(kept, type_=type_, values=values)]


@pytest.mark.parametrize(
    ("type_", "asked", "values", "expected"),
    [
        ("text", {"pattern": "a|bc"}, ["a", "bc", "abc", "", "a\n"], [2, 4]),
        ("text", {"pattern": r"\p{Han}+"}, ["日本", "nihon"], [1]),
        ("integer", {"minimum": "-2", "maximum": "10"}, ["-3", "-2", "9", "10", "11", ""], [0, 4]),
        ("decimal", {"minimum": "0.1"}, ["0.10", "0.09999999999999999999"], [1]),
        ("float", {"maximum": "1e3"}, ["999.9", "1000.1"], [1]),
        ("date", {"minimum": "2026-01-31"}, ["2026-01-30", "2026-02-01", "0999-01-01"], [0, 2]),
        (
            "timestamp",
            {"maximum": "2026-01-31T12:00:00+01:00"},
            ["2026-01-31 11:00:00", "2026-01-31 11:00:00.000001"],
            [1],
        ),
        ("boolean", {"allowed": ["yes"]}, ["1", "0", ""], [1]),
        ("integer", {"allowed": ["7", "8"]}, ["7", "9"], [1]),
    ],
)
def test_a_value_breaks_a_condition_or_meets_it(
    type_: str, asked: dict[str, Any], values: list[str], expected: list[int]
) -> None:
    assert [index for index, _ in broken(type_, asked, values)] == expected


def test_conditions_that_are_empty_are_none() -> None:
    empty = {"pattern": "", "minimum": None, "allowed": []}

    assert agreed(empty, type_="text", label="x") == {}


def test_no_pattern_keeps_a_cell_busy() -> None:
    """A pattern over which a backtracking engine would think for longer than the sun shines."""
    assert broken("text", {"pattern": "(a|a)*b"}, ["a" * 100_000]) == [(0, "pattern")]
