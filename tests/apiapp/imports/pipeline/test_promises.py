"""What holds for every file: sniffing ends, says the same again, and drops no cell."""

import csv
import io
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiapp.imports.errors import UnreadableFile
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.propose import propose
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.pipeline.sniff import sniff_file
from apiapp.imports.pipeline.to_csv import convert_file

MESS = st.text(st.sampled_from("ab1 .,;|\t:'\"\\#/-=é中\ufeff\r\n\0"), max_size=80).map(str.encode)
FILES = st.one_of(st.binary(max_size=80), MESS, MESS.map(lambda data: data * 40))


def grid(content: bytes, dialect: Dialect) -> list[list[str]]:
    reader = DelimitedReader(io.BytesIO(content), dialect)
    header = reader.header()
    return [header] * bool(header) + [row for part in reader.batches() for row in part.rows]


@settings(deadline=None, max_examples=60)
@given(FILES)
def test_any_bytes_are_read_or_refused_and_alike_the_second_time(content: bytes) -> None:
    try:
        first = sniff_file(io.BytesIO(content), size_bytes=len(content))
    except UnreadableFile:
        return

    assert sniff_file(io.BytesIO(content), size_bytes=len(content)) == first
    assert all(0 <= confidence <= 1 for confidence in first.confidence.values())
    try:
        shown = propose(io.BytesIO(content), size_bytes=len(content), column_limit=1000)
        assert shown.dialect == first.dialect
        assert [*shown.labels] == [*DelimitedReader(io.BytesIO(content), first.dialect).header()]
    except UnreadableFile:
        return


VALUES = [
    "",
    "7",
    "007",
    "-1.50",
    "2024-02-29",
    "Ann",
    "Ann Lee",
    "a, b",
    'say "hi"',
    "x;y|z",
    "é 中",
]
NAMES = ["id", "name", "city", "price"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("seed", range(6))
def test_convert_drops_and_invents_nothing(tmp_path: Path, delimiter: str, seed: int) -> None:
    draw = Random(seed)
    width = draw.randint(2, 4)
    rows = [[str(index), *draw.choices(VALUES, k=width - 1)] for index in range(3, 40)]
    table = [NAMES[:width], *rows]
    with (tmp_path / "in.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(table)

    convert_file(tmp_path / "in.csv", tmp_path / "out.csv")

    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [*csv.reader(file)] == table


def test_other_places_decide_between_delimiters_that_do_well_at_the_head() -> None:
    head = "name,unit;size,dim\n" + "item x,kg;1,2\n" * 400
    content = (head + "".join(f"word{number % 7};{number}\n" for number in range(900))).encode()

    found = sniff_file(io.BytesIO(content), size_bytes=len(content))

    assert found.dialect.delimiter == ";"


def test_a_hundred_thousand_columns_are_read() -> None:
    names = [f"column {number}" for number in range(100_000)]
    content = "\n".join([",".join(names), *[",".join(map(str, range(100_000)))] * 2]).encode()

    dialect = sniff_file(io.BytesIO(content), size_bytes=len(content)).dialect

    assert [len(row) for row in grid(content, dialect)] == [100_000] * 3
    assert dialect.has_header


@pytest.mark.parametrize(
    "row", ['"07:59:27","",""', "2024-01-31,,", "7,,"], ids=["a time", "a date", "a number"]
)
def test_a_row_of_one_value_above_others_is_no_title(row: str) -> None:
    content = (row + "\n" + "06:41:17,1,x\n" * 6).encode()

    found = sniff_file(io.BytesIO(content), size_bytes=len(content))

    assert len(grid(content, found.dialect)) == 7
