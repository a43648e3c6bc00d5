"""What the server says of files is said to people in their language: server_words.js knows it.

The browser shows a sentence that it does not know as it came, so a changed one would not break
anything that a test of the pages sees.
"""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from apiapp.imports import errors as imports
from apiapp.imports.loads import FETCHING, FINDING_DUPLICATES, FINISHING, LOADING, UNPACKING
from apiapp.imports.pipeline.check import check
from apiapp.imports.pipeline.readers import Records
from apiapp.imports.pipeline.schema import ColumnSpec
from apiapp.jobs import errors as jobs
from apiapp.uploads import errors as uploads
from apiapp.uploads.merging import MOVING

SOURCE = settings.BASE_DIR / "static" / "site" / "server_words.js"
KEY = re.compile(r'^  ("(?:[^"\\]|\\.)*"|\w+): gettext\(', re.MULTILINE)
HOLE = re.compile(r"\\\{\w+\\\}")


def patterns(source: Path) -> list[re.Pattern[str]]:
    keys = KEY.findall(source.read_text(encoding="utf-8"))
    sentences = [ast.literal_eval(key) if key.startswith('"') else key for key in keys]
    return [re.compile(HOLE.sub(".+", re.escape(sentence)), re.DOTALL) for sentence in sentences]


def is_known(text: str, source: Path = SOURCE) -> bool:
    return any(pattern.fullmatch(text) for pattern in patterns(source))


@pytest.mark.parametrize(
    "error",
    [
        imports.EmptyFile(),
        imports.NoRows(),
        imports.NotText(found="byte 2 is 0"),
        imports.NoTable(found="it is a PDF"),
        imports.BadPacking("it ends in the middle"),
        imports.UnpackedTooLarge(limit_bytes=7),
        imports.NoRoomToUnpack(),
        imports.TooMuchMemory(limit_bytes=1 << 30),
        imports.BadJson(row_number=3, reason="expecting value"),
        imports.RecordTooLong(row_number=0, limit_bytes=1000),
        imports.RecordTooLong(row_number=3, limit_bytes=1000),
        imports.CellTooLong(row_number=0, limit_chars=1000),
        imports.CellTooLong(row_number=3, limit_chars=1000),
        imports.TooManyColumns(columns=3000, limit=1600),
        imports.RowsTooWide(),
        imports.BadName(name="?"),
        imports.DatasetExists(slug="airports"),
        imports.DatasetBusy(slug="airports", job_id=7),
        imports.UnknownDataset(name="airports"),
        imports.FileGone(),
        imports.BadColumns("1 column is described, the file has 2"),
        imports.BadColumns("'airports' has no column colour, size"),
        imports.BadColumns("code: '(' is no pattern: missing ): (", condition="pattern"),
        imports.BadDialect(field="encoding", reason="must be one of 'utf-8'"),
        imports.BadKey("'airports' has no key: say which columns tell its rows apart"),
        imports.BadKey("code cannot be the key: some rows of the table have the same"),
        imports.UndoBlocked("import 7 came after it: undo that first", import_id=7),
        imports.UndoBlocked("import 7 changed rows after it: undo that first", import_id=7),
        imports.UndoBlocked("rows were edited by hand since, and would be lost: 1, 2"),
        imports.HistoryGone(),
        imports.SameFile(import_id=7, imported_at="2026-11-21", slug="airports"),
        uploads.UnknownUpload(),
        uploads.StoredFileMissing(),
        uploads.FileTooLarge(size_bytes=2, limit_bytes=1),
        uploads.QuotaExceeded(size_bytes=2, used_bytes=1, quota_bytes=2),
        uploads.DiskFull(),
        uploads.StoreUnavailable(),
        uploads.ChunksMissing(missing=[1], missing_count=1),
        jobs.UnknownJob(),
        jobs.JobHasEnded(state="failed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_people_meet_is_known(error: Exception):
    assert is_known(str(error))


@pytest.mark.parametrize("message", [FETCHING, UNPACKING, LOADING, FINDING_DUPLICATES, FINISHING])
def test_what_a_load_says_of_itself_is_known(message: str):
    assert is_known(message)


def test_what_a_merge_says_of_itself_is_known():
    assert is_known(MOVING)


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        ("integer", "x"),
        ("integer", "99999999999999999999"),
        ("decimal", "x"),
        ("float", "x"),
        ("boolean", "perhaps"),
        ("date", "x"),
        ("date", "2026-02-30"),
        ("timestamp", "x"),
        ("uuid", "x"),
        ("json", "{"),
    ],
)
def test_why_a_cell_is_refused_is_known(type_: str, cell: str):
    (refusal,) = check(Records(1, [[cell]]), [ColumnSpec("a", "a", type_)]).refusals

    assert is_known(refusal.reason)


def test_why_a_cell_that_is_written_otherwise_is_refused_is_known():
    column = ColumnSpec("a", "a", "decimal", form=",.")

    (refusal,) = check(Records(1, [["1.5x"]]), [column]).refusals

    assert is_known(refusal.reason)


@pytest.mark.parametrize("row", [["1"], ["1", "2", "3"]])
def test_a_row_of_the_wrong_width_is_known(row: list[str]):
    columns = [ColumnSpec("a", "a"), ColumnSpec("b", "b")]

    assert all(is_known(refusal.reason) for refusal in check(Records(1, [row]), columns).refusals)
