"""A lane's process that is begun ahead loads the file that it has, or nothing."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from apiapp.imports.lane_process import AHEAD, begun_ahead
from tests.apiapp.imports.loading import planned
from tests.apiapp.imports.test_lanes import HASTY, lane_of, loaded, table_of, written

pytestmark = [
    pytest.mark.django_db(transaction=True, databases="__all__"),
    pytest.mark.usefixtures("tables_gone_after"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    path.write_bytes(written(table_of(60)))
    return path


def test_the_file_that_it_has_is_loaded_by_it(user: User, path: Path) -> None:
    with begun_ahead(path, from_bytes=0):
        waiting = AHEAD.get()
        row = loaded(planned(user, path), path, HASTY)

    assert waiting
    assert not waiting.is_free
    assert waiting.process.returncode is not None
    assert (lane_of(row), row.rows_loaded, row.rows_refused) == ("duckdb", 58, 2)


def test_another_file_is_loaded_by_another_and_the_unused_one_ends(
    user: User, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")

    with begun_ahead(other, from_bytes=0):
        waiting = AHEAD.get()
        row = loaded(planned(user, path), path, HASTY)

    assert waiting
    assert waiting.is_free
    assert waiting.process.returncode is not None
    assert (lane_of(row), row.rows_loaded) == ("duckdb", 58)


@pytest.mark.parametrize("from_bytes", [None, 10**9])
def test_none_is_begun_for_a_file_that_no_lane_loads(path: Path, from_bytes: int | None) -> None:
    with begun_ahead(path, from_bytes=from_bytes):
        assert AHEAD.get() is None
    with begun_ahead(path.with_name("gone.csv"), from_bytes=0):
        assert AHEAD.get() is None
