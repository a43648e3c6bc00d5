"""Files that are made to do harm cost a bounded amount, and get an answer."""

import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from apiapp.imports.errors import (
    BadPacking,
    NoRoomToUnpack,
    TooMuchMemory,
    Unpackable,
    UnpackedTooLarge,
    UnreadableFile,
)
from apiapp.imports.pipeline import containers
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.opening import opened
from tests.apiapp.imports.formats.made_files import (
    PACKINGS,
    csv_file,
    parquet_file,
    read,
    records,
    with_part,
    written,
    xlsx_file,
    zip_file,
)

MIB = 1 << 20
ENOUGH_BYTES = 72 * MIB  # for the rows of a workbook that are read at a time
PACKED = [name for name in PACKINGS if name != "none"]


@pytest.mark.parametrize("packing", PACKED)
def test_what_unpacks_to_more_than_the_limit_is_stopped(packing: str, tmp_path: Path):
    path = written(tmp_path, PACKINGS[packing](b"a,b\n1,2\n" * (MIB // 4)))

    with (
        pytest.raises(UnpackedTooLarge, match="more than 1,048,576 bytes"),
        opened(path, limits=Limits(unpacked_bytes=MIB, folder=tmp_path)),
    ):
        pass


@pytest.mark.parametrize("packing", PACKED)
def test_what_unpacks_to_too_many_times_its_size_is_stopped(
    packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(containers, "RATIO_FROM_BYTES", MIB)
    path = written(tmp_path, PACKINGS[packing](bytes(8 * MIB)))

    with pytest.raises(UnpackedTooLarge), opened(path, limits=Limits(ratio=100)):
        pass


def test_the_disk_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(containers, "DISK_LOOK_BYTES", MIB)
    path = written(tmp_path, PACKINGS["gzip"](b"a,b\n1,2\n" * MIB))

    with pytest.raises(NoRoomToUnpack), opened(path, limits=Limits(free_disk_bytes=1 << 62)):
        pass


def test_nothing_that_was_unpacked_has_a_name_or_stays(tmp_path: Path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    path = written(
        tmp_path, zip_file({"../../../evil.csv": csv_file(), "/etc/x.csv": b"a,b\n1,2\n"})
    )

    with opened(path, limits=Limits(folder=folder)) as content:
        assert content.dialect.member == "../../../evil.csv"
        assert len(records(content)[1]) == 3
        assert list(folder.iterdir()) == []

    assert sorted(each.name for each in tmp_path.iterdir()) == ["things", "unpacked"]


def test_an_encrypted_member_is_refused_with_what_to_do(tmp_path: Path):
    content = bytearray(zip_file({"a.csv": csv_file()}))
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Unpackable, match=r"'a.csv' is encrypted: unpack it with its password"):
        read(written(tmp_path, bytes(content)))


@pytest.mark.parametrize(
    "content",
    [
        PACKINGS["gzip"](PACKINGS["gzip"](csv_file())),
        PACKINGS["xz"](PACKINGS["bzip2"](csv_file())),
        zip_file({"a.zip": zip_file({"a.csv": csv_file()})}),
    ],
)
def test_what_is_packed_again_and_again_is_not_followed(content: bytes, tmp_path: Path):
    with pytest.raises(Unpackable, match="unpack it and try again"):
        read(written(tmp_path, content))


@pytest.mark.parametrize("packing", PACKED)
def test_what_is_cut_off_or_damaged_is_refused(packing: str, tmp_path: Path):
    whole = PACKINGS[packing](bytes(range(256)) * 400 + csv_file())

    for content in (whole[: len(whole) // 2], whole[:20]):
        with pytest.raises(BadPacking):
            read(written(tmp_path, content))


def test_an_archive_has_at_most_so_many_entries(tmp_path: Path):
    path = tmp_path / "many"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(containers.ENTRIES_LIMIT + 1):
            archive.writestr(f"{number}", b"")

    with pytest.raises(Unpackable, match="more than 10,000 entries"):
        read(path)


def workbook_of_words(head: str = "") -> bytes:
    """10,000 rows of 100 cells, in less than 2 MiB."""
    cells = "<row>" + '<c t="inlineStr"><is><t>word</t></is></c>' * 100 + "</row>"
    sheet = f"{head}<worksheet><sheetData>{cells * 10_000}</sheetData></worksheet>"
    return with_part(xlsx_file(), "xl/worksheets/sheet1.xml", sheet.encode())


def test_a_large_workbook_is_read_in_a_bounded_memory(tmp_path: Path):
    path = written(tmp_path, workbook_of_words())

    with opened(path, limits=Limits(memory_bytes=ENOUGH_BYTES)) as content:
        parts = [len(part.rows) for part in content.source().batches()]

    assert sum(parts) == 10_000


def test_a_workbook_that_needs_too_much_memory_ends_its_own_process_alone(tmp_path: Path):
    path = written(tmp_path, workbook_of_words("<!-- by hand: its rows cannot be told apart -->"))
    assert path.stat().st_size < 2 * MIB

    with (
        pytest.raises(TooMuchMemory, match="takes more than 72 MiB of memory"),
        opened(path, limits=Limits(memory_bytes=ENOUGH_BYTES)) as content,
    ):
        records(content)


def test_shared_strings_that_unpack_to_too_much_are_stopped(tmp_path: Path):
    strings = b"<sst>" + b"<si><t>a</t></si>" * (2 * MIB) + b"</sst>"
    path = written(tmp_path, with_part(xlsx_file(), "xl/sharedStrings.xml", strings))

    with (
        pytest.raises(UnreadableFile, match="unpack"),
        opened(path, limits=Limits(unpacked_bytes=8 * MIB)) as content,
    ):
        records(content)


def test_a_parquet_file_whose_few_bytes_are_gigabytes_is_stopped(tmp_path: Path):
    same = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 100_000])
    path = written(tmp_path, parquet_file(pa.table({"x": same}), store_schema=False))
    assert path.stat().st_size < MIB

    with pytest.raises(TooMuchMemory), opened(path, limits=Limits(memory_bytes=272 * MIB)) as found:
        for _ in found.source().batches():
            pass
