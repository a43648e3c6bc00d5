import csv
import io
import random
from typing import Any

import pytest

from apiapp.imports.errors import EmptyFile, NoRows, RecordTooLong, TooManyColumns
from apiapp.imports.pipeline import propose as proposing
from apiapp.imports.pipeline import sample
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.propose import SHOWN_ROWS, Proposal, propose
from apiapp.imports.pipeline.sample import place_records, places, sample_records
from tests.apiapp.imports.pipeline.test_sniff import VEGA


def proposal(content: bytes, **asked: Any) -> Proposal:
    file = io.BytesIO(content)
    return propose(file, size_bytes=len(content), column_limit=1000, asked=asked)


def types(content: bytes, **asked: Any) -> dict[str, str]:
    return {column.name: column.type for column in proposal(content, **asked).columns}


def test_a_small_file_is_looked_at_whole() -> None:
    content = b"id,zip\n" + b"".join(b"%d,75001\n" % number for number in range(100_000))

    assert types(content) == {"id": "integer", "zip": "integer"}
    assert types(content + b"x,01234\n") == {"id": "text", "zip": "text"}


def test_the_first_rows_are_shown_as_they_are() -> None:
    found = proposal(b"id,price\n" + b"01, 1.50 \n" * 30)

    assert found.rows == [["01", " 1.50 "]] * SHOWN_ROWS
    assert [column.type for column in found.columns] == ["text", "decimal"]


def test_columns_without_a_header_are_numbered() -> None:
    found = proposal(b"1,Ann\n2,Bob\n")

    assert found.labels == []
    assert [column.name for column in found.columns] == ["column_1", "column_2"]
    assert found.rows[0] == ["1", "Ann"]


def test_what_the_load_would_refuse_and_odd_names_are_warned_of() -> None:
    found = proposal(b"id,,id\n1,a,b\n2,b\n3,c,d\n")

    assert found.warnings == [
        "Columns without a name are called column_2.",
        "Several columns are called id.",
        "1 of the first 3 rows would be refused; row 2: The row has 2 cells where 3 are expected.",
    ]


def test_quotes_that_do_not_match_are_warned_of() -> None:
    found = proposal(b'id,name,place\n1,"Ann",Rome\n2,"Bob,Bern\n3,"Cy",Oslo\n4,"Di",Kiel\n')

    assert found.warnings == [
        "The quotes do not match in 1 of the first 4 rows and are kept as text; the first is row 2."
    ]


def test_only_a_header_is_refused_and_so_is_an_empty_file() -> None:
    with pytest.raises(NoRows):
        proposal(b"id,name\n")
    with pytest.raises(EmptyFile):
        proposal(b"")


def test_more_columns_than_the_database_holds_are_refused() -> None:
    header = ",".join(f"c{number}" for number in range(1001))

    with pytest.raises(TooManyColumns) as told:
        proposal(f"{header}\n{header}\n".encode())

    assert (told.value.columns, told.value.limit) == (1001, 1000)


def test_no_more_is_looked_at_than_shows_the_first_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "FIRST_ROW_WITHIN_BYTES", 1 << 20)
    blank = io.BytesIO(b"a,b\n" + b"\n" * (2 << 20) + b"1,2\n")

    with pytest.raises(NoRows):
        propose(blank, size_bytes=len(blank.getvalue()), column_limit=100)
    assert blank.tell() <= 1 << 20


def test_rows_that_are_too_wide_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "CHECKED_BYTES", 1 << 20)
    wide = b"12345678," * 20_000 + b"1\n"
    content = b"a,b\n" + b"1,2\n" * 400 + wide * 20

    proposal = propose(io.BytesIO(content), size_bytes=len(content), column_limit=100)

    assert 400 < len(proposal.beginning.rows) < 415


def test_a_line_of_50_megabytes_is_refused_without_reading_it() -> None:
    content = b"word," * 10_000_000
    file = io.BytesIO(content)

    with pytest.raises(RecordTooLong):
        propose(file, size_bytes=len(content), column_limit=1000)

    assert file.tell() < 5_000_000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("airports.csv", {"iata": "text", "latitude": "decimal"}),
        ("seattle-weather.csv", {"date": "date", "precipitation": "decimal", "weather": "text"}),
        ("iowa-electricity.csv", {"year": "date", "net_generation": "integer"}),
        ("stocks.csv", {"symbol": "text", "date": "text", "price": "decimal"}),
        ("la-riots.csv", {"first_name": "text", "age": "integer", "longitude": "decimal"}),
    ],
)
def test_files_that_nobody_here_wrote_get_the_types_they_have(
    name: str, expected: dict[str, str]
) -> None:
    path = next(path for path in VEGA if path.name == name)

    found = types(path.read_bytes())

    assert found.items() >= expected.items()


# --- large files -----------------------------------------------------------------------------------
@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "WHOLE_BYTES", 20_000)
    monkeypatch.setattr(sample, "HEAD_BYTES", 5_000)
    monkeypatch.setattr(sample, "PLACE_BYTES", 4_000)


@pytest.mark.usefixtures("small_limits")
def test_a_large_file_is_looked_at_in_places_up_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("apiapp.imports.pipeline.lines.BLOCK_BYTES", 5_000)
    lines = [f"{number},{number % 7}" for number in range(20_000)]
    content = "\n".join(["id,day", *lines[:-50], *["x,1"] * 50, ""]).encode()

    assert types(content) == {"id": "text", "day": "integer"}


@pytest.mark.usefixtures("small_limits")
def test_the_sample_of_a_large_file_is_small_and_spread() -> None:
    at_bytes = places(10_000_000)

    assert len(at_bytes) == sample.PLACES
    assert at_bytes[0] == sample.HEAD_BYTES
    assert at_bytes[-1] == 10_000_000 - sample.PLACE_BYTES
    assert places(20_000) == []


def quoted_table(rows: int) -> bytes:
    draw = random.Random(5)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for number in range(rows):
        lines = "\n".join('so, "he" said' for _ in range(draw.randint(1, 40)))
        writer.writerow([number, lines, "2026-01-31"])
    return file.getvalue().encode()


def test_a_place_cut_out_inside_quotes_gives_true_records() -> None:
    content = quoted_table(400)
    known = set(map(tuple, csv.reader(io.StringIO(content.decode(), newline=""))))

    found = [
        place_records(content[at : at + 9_000], dialect=Dialect(), width=3)
        for at in range(0, len(content) - 9_000, 997)
    ]

    assert all(tuple(row) in known for rows in found for row in rows)
    assert sum(map(bool, found)) > 0.9 * len(found)


def test_a_place_that_makes_no_sense_gives_nothing() -> None:
    assert place_records(b'a,b,c\nd\n"e,f\ng,h,i,j\n' * 50, dialect=Dialect(), width=2) == []


def test_ragged_rows_are_no_evidence() -> None:
    content = b"1,2\n3\n4,5\n"

    batches = sample_records(
        io.BytesIO(content),
        size_bytes=len(content),
        dialect=Dialect(has_header=False),
        width=2,
    )

    assert [row for rows in batches for row in rows] == [["1", "2"], ["4", "5"]]
