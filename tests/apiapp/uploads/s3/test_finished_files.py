"""What every place for finished files promises, on this disk and on S3."""

import os
from pathlib import Path
from typing import Any

import pytest

from apiapp.uploads.errors import StoredFileMissing
from apiapp.uploads.stores.base import FinishedFiles
from apiapp.uploads.stores.folder import FinishedFolder

FILE_ID = "0123456789abcdef" * 2
MIB = 2**20
LARGE = os.urandom(11 * MIB)  # of three parts


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FinishedFiles:
    if request.param == "folder":
        return FinishedFolder(tmp_path / "finished")
    bucket: FinishedFiles = request.getfixturevalue("bucket")
    return bucket


@pytest.fixture
def source(tmp_path: Path) -> Any:
    """source(content) -> the path of a file."""

    def made(content: bytes) -> Path:
        path = tmp_path / "source"
        path.write_bytes(content)
        return path

    return made


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_a_file_is_kept_as_it_is_and_its_source_goes(place, source, content: bytes):
    path = source(content)
    assert not place.has(FILE_ID)

    place.keep(FILE_ID, path)

    assert place.has(FILE_ID)
    assert not path.exists()
    with place.open(FILE_ID) as file:
        assert file.read() == content


def test_a_file_can_be_read_from_any_offset(place, source):
    place.keep(FILE_ID, source(LARGE))

    with place.open(FILE_ID) as file:
        assert file.seek(0, os.SEEK_END) == len(LARGE)
        assert file.read() == b""
        for offset, size in ((3, 5), (7 * MIB + 1, 2 * MIB), (len(LARGE) - 4, 100), (0, 1)):
            assert file.seek(offset) == offset
            assert file.read(size) == LARGE[offset : offset + size]
            assert file.tell() == min(offset + size, len(LARGE))
        assert file.seek(len(LARGE) + 10) == len(LARGE) + 10
        assert file.read(1) == b""


def test_what_was_kept_may_be_kept_again(place, source):
    place.keep(FILE_ID, source(b"content"))

    place.keep(FILE_ID, source(b"content"))
    place.keep(FILE_ID, Path("/nowhere/at-all"))

    with place.open(FILE_ID) as file:
        assert file.read() == b"content"


def test_a_file_that_is_nowhere_is_missing(place):
    with pytest.raises(StoredFileMissing):
        place.keep(FILE_ID, Path("/nowhere/at-all"))
    with pytest.raises(StoredFileMissing):
        place.open(FILE_ID)


def test_a_deleted_file_is_gone_and_may_be_deleted_again(place, source):
    place.keep(FILE_ID, source(b"content"))

    place.delete(FILE_ID)
    place.delete(FILE_ID)

    assert not place.has(FILE_ID)


@pytest.mark.parametrize("name", ["../secrets", "", "g" * 32, "0" * 31])
def test_only_names_that_were_made_here_are_used(place, source, name: str):
    for use in (place.has, place.open, place.delete, lambda it: place.keep(it, source(b"x"))):
        with pytest.raises(ValueError, match="not a name of ours"):
            use(name)
