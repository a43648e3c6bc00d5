"""What stands alone in a column is told before it decides over the column, or is refused."""

import io
from typing import Any

import pytest

from apiapp.imports.pipeline.propose import Proposal, propose


def proposed(cells: list[str]) -> Proposal:
    text = "code,thing\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(cells))
    content = text.encode()
    return propose(io.BytesIO(content), size_bytes=len(content), column_limit=10)


def hint_of(cells: list[str]) -> tuple[Any, ...] | None:
    hints = proposed(cells).hints
    return (hints[0].kind, hints[0].type, hints[0].value, hints[0].count) if hints else None


NUMBERS = [str(number) for number in range(2000)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([*NUMBERS, "n/a"], ("odd", "integer", "n/a", 1)),
        ([*NUMBERS, "1.5", "", "n/a", "n/a"], ("odd", "decimal", "n/a", 2)),
        (["n/a", *NUMBERS[:100]], ("odd", "integer", "n/a", 1)),
        ([*NUMBERS, "007"], ("odd", "integer", "007", 1)),
        ([*NUMBERS, "n/a", "none"], None),
        ([*NUMBERS[:19], "n/a"], None),
        ([*NUMBERS[:100], *["n/a"] * 20], None),
        (NUMBERS, None),
        (["a", "b"], None),
    ],
    ids=[
        "one",
        "two that say the same",
        "the first",
        "one that would lose its zeros",
        "two words",
        "too few numbers",
        "too many that are none",
        "none",
        "no numbers",
    ],
)
def test_one_word_among_numbers_is_told(cells: list[str], expected: tuple[Any, ...] | None) -> None:
    assert hint_of(cells) == expected


def test_the_hint_is_a_sentence_and_the_type_stays_for_the_person_to_choose() -> None:
    found = proposed([*NUMBERS, "n/a"])

    assert found.columns[1].type == "text"
    assert found.hints[0].message == (
        "2,000 of 2,001 sampled cells of thing are numbers; 'n/a' is not"
    )


def test_a_day_that_no_calendar_has_is_told_wherever_it_is() -> None:
    days = [f"{1 + at % 28}.{1 + at % 12}.2025" for at in range(1500)]

    found = proposed([*days, "30.02.2025", "30.02.2025"])

    assert (found.columns[1].type, found.columns[1].form) == ("date", "dmy")
    (hint,) = found.hints
    assert (hint.kind, hint.value, hint.count) == ("no_day", "30.02.2025", 2)
    assert "would be refused" in hint.message
    assert proposed(days).hints == []
