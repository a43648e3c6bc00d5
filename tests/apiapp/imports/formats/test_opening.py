"""Every format, in everything that packs it, is told by its content and read alike."""

from itertools import cycle, islice
from pathlib import Path

import pytest

from apiapp.imports.errors import BadDialect, NoTable
from apiapp.imports.pipeline.opening import opened
from tests.apiapp.imports.formats.made_files import (
    FILES,
    HEADER,
    PACKINGS,
    csv_file,
    read,
    records,
    written,
    xlsx_file,
    zip_file,
)

CELLS = [
    ["1", "Ångström", "1.5", "2020-01-31", "true"],
    ["2", 'said "no", left', "20.25", "1999-12-01", "false"],
    ["3", "007", "-3", "", "true"],
]


TEXTS = ("text", "json", "jsonl")
TABLES = [name for name in FILES if name not in TEXTS]
# What reads a table begins a process: each is tried as it is and in one packing, all in turn.
CASES = [(name, packing) for name in TEXTS for packing in PACKINGS] + [
    (name, packing)
    for name, other in zip(TABLES, islice(cycle(list(PACKINGS)[1:]), len(TABLES)), strict=True)
    for packing in ("none", other)
]


@pytest.mark.parametrize(("name", "packing"), CASES)
def test_every_format_is_read_in_everything_that_packs_it(name: str, packing: str, tmp_path: Path):
    path = written(tmp_path, PACKINGS[packing](FILES[name]()))

    with opened(path) as content:
        header, rows = records(content)
        found = content.dialect

    assert header == HEADER
    assert [
        [*row[:2], str(float(row[2])).removesuffix(".0"), row[3], row[4].lower()] for row in rows
    ] == CELLS
    assert found.format == name.removesuffix(" stream")
    assert found.compression == (packing if packing != "zip" else "none")
    assert found.member == ("things.dat" if packing == "zip" else "")


@pytest.mark.parametrize("name", [*TEXTS, "xlsx"])
def test_a_preview_reads_what_the_load_reads(name: str, tmp_path: Path):
    path = written(tmp_path, PACKINGS["gzip"](FILES[name]()))

    with opened(path, is_preview=True) as looked_at:
        seen = records(looked_at)
        kept = looked_at.dialect.to_dict()

    assert read(path, **kept) == seen


def test_a_source_can_be_taken_again_while_another_is_half_read(tmp_path: Path):
    with opened(written(tmp_path, xlsx_file())) as content:
        next(content.source().batches())
        again = records(content)

    assert again[0] == HEADER
    assert len(again[1]) == len(CELLS)


def test_a_compressed_file_in_an_archive_and_an_archive_that_is_compressed_are_read(tmp_path: Path):
    for content in (
        zip_file({"a.csv.gz": PACKINGS["gzip"](csv_file())}),
        PACKINGS["xz"](zip_file({"a.csv": csv_file()})),
    ):
        assert read(written(tmp_path, content))[1] == CELLS


def test_the_first_member_that_can_be_read_is_chosen_and_the_others_are_told(tmp_path: Path):
    path = written(
        tmp_path,
        zip_file(
            {
                "__MACOSX/._b.csv": b"\0\5",
                "folder/": b"",
                ".hidden": b"x",
                "a.pdf": b"%PDF-1.4 ...",
                "b.csv": csv_file(),
                "c.csv": b"x,y\n1,2\n",
            }
        ),
    )

    with opened(path) as content:
        assert content.dialect.member == "b.csv"
        assert content.choices["member"] == ["a.pdf", "b.csv", "c.csv"]
        assert "'c.csv'" in content.reasons["member"]
    assert read(path, member="c.csv") == (["x", "y"], [["1", "2"]])


def test_a_member_that_is_not_there_is_told(tmp_path: Path):
    path = written(tmp_path, zip_file({"b.csv": csv_file()}))

    with (
        pytest.raises(BadDialect, match=r"'d.csv' is not there; known: b.csv"),
        opened(path, asked={"member": "d.csv"}),
    ):
        pass


def test_what_the_bytes_are_cannot_be_overridden_but_text_may_be_read_as_text(tmp_path: Path):
    path = written(tmp_path, FILES["jsonl"]())

    with (
        pytest.raises(BadDialect, match="format is 'jsonl' in this file"),
        opened(path, asked={"format": "parquet"}),
    ):
        pass
    with opened(path, asked={"format": "text"}) as content:
        assert content.dialect.format == "text"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7 and so on", "it is a PDF"),
        (b"\x89PNG\r\n\x1a\n....", "it is a PNG picture"),
        (b"SQLite format 3\0....", "it is an SQLite database"),
        (b"Rar!\x1a\x07\x01\0", "it is a rar archive"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "it is a 7z archive"),
        (b"a.txt" + bytes(252) + b"ustar\00000" + bytes(300), "it is a tar archive"),
        (zip_file({"word/document.xml": b"<w/>"}), "it is a Word document"),
    ],
)
def test_what_holds_no_table_is_refused_with_what_it_is(
    content: bytes, sentence: str, tmp_path: Path
):
    with pytest.raises(NoTable, match=sentence), opened(written(tmp_path, content)):
        pass


@pytest.mark.parametrize(
    "text",
    ["[id],[name]\n1,a\n2,b\n", "[1],[2]\n[3],[4]\n", '{"a": 1},x\n{"b": 2},y\n', "a,b\n1,{}\n"],
)
def test_text_that_only_begins_like_json_is_text(text: str, tmp_path: Path):
    with opened(written(tmp_path, text.encode())) as content:
        assert content.dialect.format == "text"
