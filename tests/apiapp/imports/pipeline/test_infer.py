import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiapp.imports.pipeline.convert import convert_column
from apiapp.imports.pipeline.infer import Evidence, type_of
from apiapp.imports.pipeline.seen_cells import SeenCells


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["1", "2", ""], "integer"),
        (["0", "1"], "integer"),
        (["-9223372036854775808"], "integer"),
        (["1", "2.5"], "decimal"),
        ([".5", "-.5", "10"], "decimal"),
        (["1.0", "2.5e-07"], "float"),
        (["true", "FALSE"], "boolean"),
        (["true", "true"], "boolean"),
        (["yes", "no"], "boolean"),
        (["t", "f", "f"], "boolean"),
        (["2026-01-31", ""], "date"),
        (["2026-01-31", "2026-01-31 10:00"], "timestamp"),
        (["2026-01-31T10:00:00Z", "2026-01-31T10:00:00+02:00"], "timestamp"),
        (["0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5B-D9CB-469F-A165-70867728950E"], "uuid"),
        (['{"a": 1}', "[]"], "json"),
        ([" 1", "2 "], "integer"),
    ],
)
def test_a_type_is_proposed_that_every_cell_has(cells: list[str], type_: str) -> None:
    assert type_of(cells) == type_


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "008"],
        ["+49", "+33"],
        ["12E5", "13E5"],
        ["9223372036854775808"],
        ["00.5"],
        ["1", "x"],
        ["NO", "NO"],
        ["f", "f"],
        ["yes", "f"],
        ["no", "true"],
        ["1,5"],
        ["31.01.2026"],
        ["2026-02-30"],
        ["26-01-31"],
        ["d41d8cd98f00b204e9800998ecf8427e"],
        ["NaN", "1.5"],
        ["1e+999"],
        ["[not json]"],
        ["1", "2026-01-31"],
        ["caf\udce9"],
        ["", " "],
        [],
    ],
)
def test_what_would_lose_something_or_proves_nothing_stays_text(cells: list[str]) -> None:
    assert type_of(cells) == "text"


def test_evidence_adds_up_over_portions() -> None:
    evidence = Evidence()

    proposed = []
    for cells in (["", ""], ["1"], ["2.5"], ["n/a"]):
        evidence.add(SeenCells(cells))
        proposed.append(evidence.type())

    assert proposed == ["text", "integer", "decimal", "text"]


def test_a_word_of_an_answer_counts_once_the_other_is_seen() -> None:
    evidence = Evidence()
    evidence.add(SeenCells(["no", "no"]))
    before = evidence.type()

    evidence.add(SeenCells(["yes"]))

    assert (before, evidence.type()) == ("text", "boolean")


@given(
    st.lists(
        st.text(st.sampled_from("0123456789.-eE: T\ntruefalsno"), max_size=10)
        | st.sampled_from(["1", "2.5", "true", "2026-01-31", "2026-01-31 10:00:00", "{}"]),
        max_size=5,
    )
)
def test_the_proposed_type_refuses_none_of_the_cells_it_was_told_from(cells: list[str]) -> None:
    _, bad = convert_column(type_of(cells), cells)

    assert not bad
