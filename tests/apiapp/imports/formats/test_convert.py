"""`to_csv.convert_file` writes any of these files as CSV."""

from pathlib import Path

import pytest

from apiapp.imports.pipeline.to_csv import convert_file
from tests.apiapp.imports.formats.made_files import FILES, PACKINGS, written

LINES = [
    "id,name,price,born,active",
    "1,Ångström,1.5,2020-01-31,true",
    '2,"said ""no"", left",20.25,1999-12-01,false',
    "3,007,-3,,true",
]


@pytest.mark.parametrize("name", ["text", "json", "xlsx", "parquet"])
def test_any_format_becomes_csv_with_each_cell_as_it_is(name: str, tmp_path: Path):
    source, target = written(tmp_path, PACKINGS["gzip"](FILES[name]())), tmp_path / "out.csv"

    assert convert_file(source, target) == 3

    text = target.read_bytes().decode()
    if name == "xlsx":
        text = text.replace("TRUE", "true").replace("FALSE", "false")
    assert text.replace("-3.0", "-3").split("\r\n") == [*LINES, ""]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.csv", "things"]


def test_no_key_of_any_row_is_dropped_and_no_bad_line_is_lost(tmp_path: Path):
    many = b'{"a": 1}\n' * 10 + b'{"b": 2}\n{"bad\n'
    target = tmp_path / "out.csv"

    convert_file(written(tmp_path, many), target)

    lines = target.read_bytes().decode().split("\r\n")
    assert lines[0] == "a,b"
    assert lines[-3:] == [",2", '"{""bad"', ""]
