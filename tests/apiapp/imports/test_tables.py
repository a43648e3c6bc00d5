import pytest
from django.contrib.auth.models import User

from apiapp.imports import tables
from apiapp.imports.hidden import slug_words
from tests.apiapp import conftest
from tests.apiapp.imports.made import make_dataset

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]
TITLES = ["Fast cars", "2024", "sqlite stuff", "日本の都市 " * 30, "a" * 200, "pg_class", "_load_1"]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_gives_a_name_that_the_database_takes(user: User, title: str) -> None:
    name = tables.table_name(slug=slug_words(title), dataset_id=10**12)

    dataset = make_dataset(user, {}, slug="things")
    tables.run(f'ALTER TABLE "{dataset.table_name}" RENAME TO "{name}"')

    assert tables.exists(name)
    assert len(name.encode()) <= 63
    assert not tables.STAGING.fullmatch(name)


def test_a_name_is_recognised_in_other_tools() -> None:
    assert tables.table_name(slug="fast-cars", dataset_id=7) == "fast_cars_7"


def test_a_table_that_is_gone_is_dropped_without_a_word() -> None:
    tables.drop("never_there_1")

    assert tables.drop_unless_held("never_there_1")
    assert not conftest.tables()
