import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiapp.imports import loads, tables
from apiapp.imports.errors import (
    BadColumns,
    CellTooLong,
    DatasetExists,
    FileGone,
    RowsTooWide,
    UnknownImport,
)
from apiapp.imports.filling import Feed
from apiapp.imports.loads import Progress
from apiapp.imports.models import Column, Dataset, Import, LoadLedger, RefusedCell
from apiapp.imports.pipeline.dialect import Dialect
from apiapp.imports.pipeline.inline import InlineRows
from apiapp.imports.pipeline.parsing import CELL_LIMIT_CHARS
from apiapp.imports.pipeline.readers import DelimitedReader
from apiapp.imports.rows import rows_of
from apiapp.jobs.errors import JobCancelled
from tests.apiapp import conftest
from tests.apiapp.imports.loading import (
    cells,
    imported,
    no_progress,
    planned,
    refusals,
    run,
)
from tests.apiapp.imports.pipeline.test_sniff import VEGA

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "things.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def written(rows: list[list[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def in_table(path: Path, owner: User, **wanted: Any) -> list[tuple[Any, ...]]:
    row = imported(owner, path, **wanted)
    assert row.dataset
    return cells(row.dataset)


# --- what is in the table ----------------------------------------------------------------------------
EVERY_TYPE = """\
text,integer,decimal,float,boolean,date,timestamp,uuid,json
a,1,1.50,1e+5,true,2026-01-31,2026-01-31T23:59:59+02:00,0F8FAD5B-D9CB-469F-A165-70867728950E,"{""a"": [1.5, null, ""ü""]}"
,,,,,,,,
ü,-9223372036854775808,12345678901234567890.12345678901234567890,5e-324,False,0001-01-01,2026-01-31 23:59:59.000001,0f8fad5b-d9cb-469f-a165-70867728950e,[]
"""
FIRST = (
    "a",
    1,
    Decimal("1.50"),
    1e5,
    True,
    date(2026, 1, 31),
    datetime(2026, 1, 31, 21, 59, 59, tzinfo=UTC),
    UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    {"a": [1.5, None, "ü"]},
)
LAST = (
    "ü",
    -(2**63),
    Decimal("12345678901234567890.12345678901234567890"),
    5e-324,
    False,
    date(1, 1, 1),
    datetime(2026, 1, 31, 23, 59, 59, 1, tzinfo=UTC),
    UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    [],
)


def test_every_type_comes_out_as_it_went_in_and_empty_cells_are_null(
    user: User, write: Write
) -> None:
    types = [{"type": name} for name in EVERY_TYPE.partition("\n")[0].split(",")]

    found = in_table(write(EVERY_TYPE), user, columns=types)

    assert found == [FIRST, (None,) * len(types), LAST]


@pytest.mark.parametrize("path", VEGA, ids=lambda path: path.name)
def test_files_that_nobody_here_wrote_are_loaded_cell_by_cell(user: User, path: Path) -> None:
    header, *expected = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))

    row = imported(user, path)

    assert row.dataset
    types = [column.type for column in row.dataset.columns.all()]
    assert [column.label for column in row.dataset.columns.all()] == header
    assert (row.rows_loaded, row.rows_refused) == (len(expected), 0)
    found = cells(row.dataset)
    assert [tuple(map(value_of, types, record)) for record in expected] == found


def value_of(type_: str, cell: str) -> Any:
    if not cell:
        return None
    kinds: dict[str, Callable[[str], Any]] = {
        "text": str,
        "integer": int,
        "decimal": Decimal,
        "date": lambda text: date.fromisoformat(text.replace("/", "-")),
        "timestamp": lambda text: datetime.fromisoformat(text.replace("/", "-")).replace(
            tzinfo=UTC
        ),
    }
    return kinds[type_](cell)


ODD_CELLS = [
    "\\",
    "\\N",
    "\\.",
    "\\x41",
    "\t",
    "a\tb\\tc",
    "line\nline\r\nline\rline",
    '"quoted"',
    "' OR 1=1; DROP TABLE things_1; --",
    "=1+1",
    "%s %(a)s {} ?",
    "\ufeff",
    "日本語 🙂 e\u0301",
    "\u2028\x0b\x0c\x1f",
    "NULL",
    " ",
    "x" * 100_000,
]


def test_cells_that_would_upset_a_loader_come_out_as_they_went_in(user: User, write: Write) -> None:
    path = write(written([["n", "cell"], *([str(n), cell] for n, cell in enumerate(ODD_CELLS))]))

    found = in_table(path, user, columns=[{}, {"type": "text"}])

    assert [cell for _, cell in found] == ODD_CELLS


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_comes_out_as_it_went_in(user: User, write: Write, table: list[list[str]]) -> None:
    path = write(written(table))
    as_text = [{"type": "text"} for _ in table[0]]
    plain = Dialect(has_header=False).to_dict()
    row = planned(user, path, dataset="any", dialect=plain, columns=as_text)

    run(row, path)

    dataset = Dataset.objects.get(slug="any")
    assert cells(dataset) == [tuple(record) for record in table]
    conftest.drop_tables()
    dataset.delete()


ODD_LABELS = [
    "select",
    "order",
    "user",
    "rowid",
    "xmin",
    "ctid",
    "_id",
    "_import",
    "id",
    "ID",
    'x"; DROP TABLE things_1; --',
    "100 %s",
    "%(id)s",
    "日付",
    "🙂",
    "\u202eright to left",
    "a" * 300,
    "a" * 299 + "b",
    "",
    "2024",
    "c:\\d",
    "__class__",
]


def test_columns_may_be_called_anything(user: User, write: Write) -> None:
    numbers = [str(number) for number in range(len(ODD_LABELS))]

    row = imported(user, write(written([ODD_LABELS, numbers])), dialect={"has_header": True})

    assert row.dataset
    assert cells(row.dataset) == [tuple(range(len(ODD_LABELS)))]


def test_the_row_number_of_the_file_is_the_number_of_the_row(user: User, write: Write) -> None:
    row = imported(user, write("n\n1\nx\n3\n"), columns=[{"type": "integer"}])

    assert row.dataset
    assert list(rows_of(row.dataset).values_list("row_id", "f_n")) == [(1, 1), (3, 3)]
    added = rows_of(row.dataset).model._default_manager.using("datasets").create(f_n=4)
    assert added.pk > 3


# --- what is refused ------------------------------------------------------------------------------------
def test_the_number_of_a_row_that_was_deleted_is_given_to_no_other(
    user: User, write: Write
) -> None:
    row = imported(user, write("a\n1\n2\n3\n"))
    assert row.dataset
    table = f'"{row.dataset.table_name}"'

    tables.run(f"DELETE FROM {table} WHERE _id = 3")
    tables.run(f"INSERT INTO {table} (a) VALUES (4)")

    assert sorted(rows_of(row.dataset).values_list("row_id", flat=True)) == [1, 2, 4]


def test_refused_cells_are_kept_beside_and_their_rows_are_not_loaded(
    user: User, write: Write
) -> None:
    content = b"id,day\n1,2026-01-31\nx,31.1.\n3\n4,2026-01-31,5,6\n5,\xe9\n,\n7,2026-02-01\n"
    columns = [{"type": "integer", "required": True}, {"type": "date"}]
    utf_8 = {"encoding": "utf-8"}

    row = imported(user, write(content), columns=columns, dialect=utf_8)

    assert row.dataset
    assert cells(row.dataset) == [(1, date(2026, 1, 31)), (7, date(2026, 2, 1))]
    assert refusals(row) == [
        (2, "id", "x", "type"),
        (2, "day", "31.1.", "type"),
        (3, "day", "", "missing_cell"),
        (4, "", "5, 6", "extra_cell"),
        (5, "day", "\\xe9", "encoding"),
        (6, "id", "", "required"),
    ]
    assert (row.rows_loaded, row.rows_refused) == (2, 5)
    assert row.dataset.row_count == 2


def test_a_table_of_which_every_row_is_refused_is_there_and_empty(user: User, write: Write) -> None:
    row = imported(
        user, write("n\nx\ny\n"), columns=[{"type": "integer"}], dialect={"has_header": True}
    )

    assert row.dataset
    assert cells(row.dataset) == []
    assert row.rows_refused == 2


def test_a_unique_column_takes_the_first_of_each_value_and_keeps_doing_so(
    user: User, write: Write
) -> None:
    columns = [{"unique": True}, {"unique": True, "type": "decimal"}]
    path = write("code,price\na,1\nb,2\na,3\n,4\n,5\nc,1.0\n")

    row = imported(user, path, columns=columns)

    assert row.dataset
    assert cells(row.dataset) == [
        ("a", 1),
        ("b", 2),
        (None, 4),
        (None, 5),
    ]
    assert [each[::3] for each in refusals(row)] == [(3, "unique"), (6, "unique")]
    assert (row.rows_loaded, row.rows_refused) == (4, 2)
    more = imported(
        user,
        write("code\nb\nd\nd\n"),
        mode="append",
        dataset="things",
        dialect={"has_header": True},
    )
    assert (more.rows_loaded, more.rows_refused) == (1, 2)
    assert sorted(each[:3] for each in refusals(more)) == [(1, "code", "b"), (3, "code", "d")]
    with pytest.raises(DatabaseError), transaction.atomic(using="datasets"):
        rows_of(row.dataset).filter(f_code="b").update(f_code="a")


# --- append ------------------------------------------------------------------------------------------------
def test_an_append_goes_by_name_or_label_whatever_the_case_and_the_order(
    user: User, write: Write
) -> None:
    first = imported(user, write("Unit price,name,stock\n1.5,fig,3\n"))

    second = imported(
        user, write("NAME,unit_price\npear,2\n", "more.csv"), mode="append", dataset="things"
    )

    assert first.dataset
    assert second.dataset == first.dataset
    assert cells(first.dataset) == [(Decimal("1.5"), "fig", 3), (2, "pear", None)]
    imports_of_rows = rows_of(first.dataset).values_list("row_id", "import_ref")
    assert list(imports_of_rows) == [(1, first.pk), (2, second.pk)]
    assert Dataset.objects.get().row_count == 2


def test_an_append_without_any_names_goes_by_position(user: User, write: Write) -> None:
    imported(user, write("id,name\n1,Ann\n"))

    imported(user, write("2,Bob\n3,Cid\n"), mode="append", dataset="things")

    assert cells(Dataset.objects.get()) == [(1, "Ann"), (2, "Bob"), (3, "Cid")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("id,name,age\n1,Ann,3\n", "no column age"),
        ("name\nAnn\nBob\n", "lacks the column id"),
        ("id,Id\n1,2\n", "no column Id|two columns of the file go to id"),
        ("1,2,3\n4,5,6\n", "names no columns and has 3"),
    ],
)
def test_an_append_that_cannot_fit_is_refused_before_anything_is_loaded(
    user: User, write: Write, content: str, reason: str
) -> None:
    imported(user, write("id,name\n1,Ann\n"), columns=[{"required": True}, {}])

    with pytest.raises(BadColumns, match=reason):
        planned(user, write(content), mode="append", dataset="things")


def test_an_append_to_a_dataset_that_was_deleted_meanwhile_says_so(
    user: User, write: Write
) -> None:
    first = imported(user, write("n\n1\n"))
    row = planned(user, write("n\n2\n"), mode="append", dataset="things")
    assert first.dataset
    first.dataset.delete()

    with pytest.raises(BadColumns, match="was deleted"):
        run(row, write("n\n2\n"))


# --- whole or not at all -------------------------------------------------------------------------------------
ROWS = 25_000
TOO_LONG = "x" * (CELL_LIMIT_CHARS + 1)
MANY = "n,text\n" + "".join(f"{number},{'x' * 50}\n" for number in range(ROWS))


def test_nothing_is_visible_before_all_of_it_is(user: User, write: Write) -> None:
    path = write(MANY)
    row = planned(user, path)
    seen: list[tuple[Any, ...]] = []

    def look(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
        dataset = Dataset.objects.get()
        seen.append((dataset.published_at, tables.exists(dataset.table_name)))

    run(row, path, look)

    assert len(seen) > 3
    assert set(seen) == {(None, False)}
    assert Dataset.objects.get().published_at
    assert len(cells(Dataset.objects.get())) == ROWS


def test_progress_is_told_in_bytes_with_the_phase_in_words(user: User, write: Write) -> None:
    path = write(MANY)
    said: list[tuple[Any, ...]] = []

    run(planned(user, path, columns=[{"unique": True}, {}]), path, lambda *args: said.append(args))

    done = [each[0] for each in said]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == path.stat().st_size
    assert {each[1:3] for each in said} == {(path.stat().st_size, "bytes")}
    assert list(dict.fromkeys(each[3] for each in said)) == [
        loads.LOADING,
        loads.FINDING_DUPLICATES,
        loads.FINISHING,
    ]


class Stop:
    """Progress that raises once some of the file is loaded."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(
        self, done: int, total: int | None = None, unit: str = "", message: str = ""
    ) -> None:
        if done:
            raise self._error


def nothing_is_left(row: Import) -> bool:
    row.refresh_from_db()
    return (
        not conftest.tables()
        and not Dataset.objects.exists()
        and not RefusedCell.objects.exists()
        and not LoadLedger.objects.exists()
        and row.dataset is None
    )


def test_a_cancelled_load_leaves_nothing(user: User, write: Write) -> None:
    path = write("n,text\nx,y\n" + MANY)
    row = planned(user, path, columns=[{"type": "integer"}, {}])

    with pytest.raises(JobCancelled):
        run(row, path, Stop(JobCancelled()))

    assert nothing_is_left(row)


def test_a_file_that_turns_out_to_be_broken_leaves_nothing(user: User, write: Write) -> None:
    path = write(MANY)
    row = planned(user, path)
    path.write_text(MANY + f"1,{TOO_LONG}\n")

    with pytest.raises(CellTooLong):
        run(row, path)

    assert nothing_is_left(row)


def test_a_file_that_is_gone_says_so_and_leaves_nothing(user: User, write: Write) -> None:
    path = write(MANY)
    row = planned(user, path)
    path.unlink()

    with pytest.raises(FileGone):
        run(row, path)

    assert nothing_is_left(row)


def test_an_append_that_fails_leaves_the_table_as_it_was(user: User, write: Write) -> None:
    first = imported(user, write("n,text\n1,a\n"))
    path = write(MANY)
    row = planned(user, path, mode="append", dataset="things")
    path.write_text(MANY + f"1,{TOO_LONG}\n")

    with pytest.raises(CellTooLong):
        run(row, path)

    assert first.dataset
    assert cells(first.dataset) == [(1, "a")]
    assert conftest.tables() == {first.dataset.table_name}


@pytest.mark.parametrize("mode", ["create", "append"])
def test_a_load_that_broke_off_is_done_again_without_doubling_a_row(
    user: User, write: Write, mode: str
) -> None:
    path = write(MANY.replace("\n7,", "\nbad,"))
    if mode == "append":
        imported(user, write("n,text\n-1,first\n", "first.csv"))
    row = planned(user, path, mode=mode, columns=[{"type": "integer"}, {}])

    with pytest.raises(RuntimeError):
        run(row, path, Stop(RuntimeError("the worker's machine went away")))
    result = run(row, path)

    assert (result["rows_loaded"], result["rows_refused"]) == (ROWS - 1, 1)
    dataset = Dataset.objects.get()
    assert len(cells(dataset)) == dataset.row_count == ROWS - 1 + (mode == "append")
    assert len(refusals(row)) == 1
    assert conftest.tables() == {dataset.table_name}


def test_a_run_that_died_after_the_rows_became_visible_is_only_concluded(
    user: User, write: Write
) -> None:
    path = write("n\n1\n2\nx\n")
    row = planned(user, path, columns=[{"type": "integer"}], dialect={"has_header": True})
    fresh = Import.objects.get(pk=row.pk)
    with path.open("rb") as file:
        loads.load(
            fresh,
            Feed(lambda: DelimitedReader(file, Dialect())),
            Progress(no_progress, 0),
            timezone.now,
        )
    path.unlink()

    results = [run(row, path), run(row, path)]

    row.refresh_from_db()
    assert results[0] == results[1]
    assert (row.rows_loaded, row.rows_refused, row.state) == (2, 1, "succeeded")
    assert Dataset.objects.get().row_count == 2
    assert Dataset.objects.get().published_at == row.applied_at
    assert len(cells(Dataset.objects.get())) == 2


@pytest.mark.parametrize("mode", ["create", "append"])
def test_a_run_that_lost_its_job_adds_nothing_to_what_the_next_one_loads(
    user: User, write: Write, mode: str
) -> None:
    path = write(MANY)
    if mode == "append":
        imported(user, write("n,text\n-1,first\n", "first.csv"))
    row = planned(user, path, mode=mode)

    def overtaken(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
        if done and not tables.was_applied(row.pk):
            run(row, path)

    with pytest.raises(DatabaseError):
        run(row, path, overtaken)

    dataset = Dataset.objects.get()
    assert len(cells(dataset)) == dataset.row_count == ROWS + (mode == "append")
    assert conftest.tables() == {dataset.table_name}


def test_of_two_runs_that_are_ready_one_becomes_visible(user: User, write: Write) -> None:
    path = write("n\n1\n")
    row = planned(user, path)

    def overtaken(done: int, total: int | None = None, unit: str = "", message: str = "") -> None:
        if message == loads.FINISHING and not tables.was_applied(row.pk):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tables, "drop_left_staging", lambda import_id: None)
                run(row, path)

    with pytest.raises(DatabaseError):
        run(row, path, overtaken)

    assert cells(Dataset.objects.get()) == [(1,)]
    assert conftest.tables() == {Dataset.objects.get().table_name}


# --- afterwards -------------------------------------------------------------------------------------------------
def test_a_failed_load_is_tried_again_under_its_old_name(user: User, write: Write) -> None:
    path = write("n\n1\n")
    row = planned(user, path)
    path.write_text(f"n\n1\n{TOO_LONG}")
    with pytest.raises(CellTooLong):
        run(row, path)
    path.write_text("n\n1\n2\n")

    result = run(row, path)

    assert result["dataset"] == "things"
    assert cells(Dataset.objects.get()) == [(1,), (2,)]


def test_a_name_that_was_taken_meanwhile_is_not_taken_over(user: User, write: Write) -> None:
    path = write("n\n1\n")
    row = planned(user, path)
    path.write_text(f"n\n1\n{TOO_LONG}")
    with pytest.raises(CellTooLong):
        run(row, path)
    imported(user, write("n\n5\n", "other.csv"))

    with pytest.raises(DatasetExists):
        run(row, path)

    assert cells(Dataset.objects.get()) == [(5,)]


def test_a_column_that_is_gone_since_the_import_was_planned_is_told(
    user: User, write: Write
) -> None:
    first = imported(user, write("n,text\n1,a\n"))
    path = write("n,text\n2,b\n")
    row = planned(user, path, mode="append", dataset="things")
    Column.objects.filter(dataset=first.dataset, name="text").delete()

    with pytest.raises(BadColumns, match="no column text now"):
        run(row, path)


def test_an_import_that_is_unknown_is_told() -> None:
    with pytest.raises(UnknownImport):
        loads.run_upload(
            import_id=0,
            store=None,  # type: ignore[arg-type]
            on_progress=no_progress,
            clock=timezone.now,
        )


def test_rows_that_are_in_memory_are_loaded_alike(user: User, write: Write) -> None:
    row = planned(user, write("a,b\n1,x\n"))
    source = InlineRows([{"a": 1}, {"a": 2, "b": "y"}])

    loads.run_records(row=row, source=source, on_progress=no_progress, clock=timezone.now)

    assert row.dataset
    assert cells(row.dataset) == [(1, None), (2, "y")]


@pytest.mark.parametrize(
    "datasets_on", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_a_row_too_wide_for_the_database_is_told_and_nothing_is_left(
    user: User, write: Write
) -> None:
    width = tables.column_limit()
    line = ",".join(["text of some length"] * width)
    path = write(f"{line}\n{line}\n")
    row = planned(user, path, dialect={"has_header": False})

    with pytest.raises(RowsTooWide):
        run(row, path)

    assert nothing_is_left(row)


def test_as_many_columns_as_the_database_holds_are_loaded(user: User, write: Write) -> None:
    width = tables.column_limit()
    path = write(",".join(["true"] * width) + "\n")

    row = imported(user, path, dialect={"has_header": False})

    assert row.dataset
    with connections["datasets"].cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{row.dataset.table_name}"')
        assert cursor.fetchone()[2:] == (True,) * width
