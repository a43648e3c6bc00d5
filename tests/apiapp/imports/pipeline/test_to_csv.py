from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apiapp.imports.pipeline.to_csv import convert_file

PICTURE = b"\x89PNG\r\n\x1a\n\0\0"


def test_a_file_becomes_plain_csv_with_every_cell_as_it_was_written(tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.csv"
    source.write_bytes(b'id;text\n007;"a;b\nc"\n1e5; x \n2\n3;y;z\n')

    assert convert_file(source, target) == 4

    assert target.read_bytes() == b'id,text\r\n007,"a;b\nc"\r\n1e5, x \r\n2\r\n3,y,z\r\n'


def test_no_header_is_invented(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"1,Ann\n2,Bob\n")

    convert_file(source, target)

    assert target.read_bytes() == b"1,Ann\r\n2,Bob\r\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_is_converted_but_for_the_file_that_cannot_be_read(
    tmp_path: Path, jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, content in {"a.csv": b"x,y\n1,2\n", "b.csv": PICTURE, "c.csv": b"x;y\n3;4\n"}.items():
        (source / name).write_bytes(content)

    with pytest.raises(CommandError, match="1 of 3 files"):
        call_command("convert", str(source), str(target), jobs=jobs)

    assert sorted(path.name for path in target.iterdir()) == ["a.csv", "b.csv.error", "c.csv"]
    assert (target / "c.csv").read_bytes() == b"x,y\r\n3,4\r\n"
    assert "PNG" in (target / "b.csv.error").read_text()
    assert "b.csv: this file cannot be read as a table" in capsys.readouterr().err


def test_a_file_mended_since_takes_its_error_away(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.csv").write_bytes(PICTURE)
    with pytest.raises(CommandError):
        call_command("convert", str(source), str(target))
    (source / "a.csv").write_bytes(b"x,y\n1,2\n")

    call_command("convert", str(source), str(target))

    assert [path.name for path in target.iterdir()] == ["a.csv"]


def test_files_that_would_take_one_name_keep_their_own(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a.csv", "a.tsv", "b.txt"):
        (source / name).write_bytes(b"x,y\n1,2\n")

    call_command("convert", str(source), str(target))

    assert sorted(path.name for path in target.iterdir()) == ["a.csv", "a.tsv.csv", "b.csv"]


def test_a_file_that_cannot_be_read_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(PICTURE)
    (tmp_path / "out.csv").write_bytes(b"old")

    with pytest.raises(CommandError, match="PNG"):
        call_command("convert", str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))

    assert (tmp_path / "out.csv").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_file_gives_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"")

    assert convert_file(tmp_path / "in.csv", tmp_path / "out.csv") == 0

    assert (tmp_path / "out.csv").read_bytes() == b""


def test_bytes_that_are_no_text_are_read_as_windows_letters(tmp_path: Path) -> None:
    good = "é\nü\n文\nя\n".encode()
    (tmp_path / "in.csv").write_bytes(b"name\n" + good + b"caf\xe9\n")

    convert_file(tmp_path / "in.csv", tmp_path / "out.csv")

    assert (tmp_path / "out.csv").read_text().splitlines()[-1] == "café"
