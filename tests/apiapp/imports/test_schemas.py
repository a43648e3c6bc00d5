"""Columns that are kept are those that the dataset has now, whatever changed them."""

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apiapp.imports import columns, datasets, schemas, undoing
from apiapp.imports.columns import NewColumn, Wish
from apiapp.imports.errors import UnknownDatasetColumn
from apiapp.imports.models import Column, Dataset, Import
from apiapp.keys.callers import person
from tests.apiapp.imports.made import make_dataset
from tests.apiapp.imports.retyping.test_retyping import asked, done

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("datasets_on"),
]


@pytest.fixture
def things(user: User) -> Dataset:
    return make_dataset(user, {"v": "text", "other": "text"}, [{"v": "1", "other": "a"}])


def read(dataset: Dataset) -> Dataset:
    """As a request reads it."""
    return datasets.dataset_of(caller=person(dataset.owner), slug=dataset.slug)


def shown(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [(each.name, each.label, each.type) for each in read(dataset).columns.all()]


def stored(dataset: Dataset) -> list[tuple[str, str, str]]:
    rows = Column.objects.filter(dataset_id=dataset.pk)
    return [(each.name, each.label, each.type) for each in rows]


def retype(dataset: Dataset, user: User) -> Import:
    return done(asked(dataset, "integer"))


def retype_and_undo(dataset: Dataset, user: User) -> None:
    row = retype(dataset, user)
    shown(dataset)
    undoing.undo(row=row, by=user, now=timezone.now())


def add(dataset: Dataset, user: User) -> None:
    columns.add(dataset=dataset, wanted=NewColumn("new", "date"), by=user, now=timezone.now())


def drop(dataset: Dataset, user: User) -> None:
    columns.drop(dataset=dataset, name="other", by=user, now=timezone.now())


def drop_and_restore(dataset: Dataset, user: User) -> None:
    drop(dataset, user)
    shown(dataset)
    columns.restore(dataset=dataset, name="other", by=user, now=timezone.now())


def rename(dataset: Dataset, user: User) -> None:
    change = partial(columns.change, caller=person(user), dataset=dataset, now=timezone.now())
    change(name="v", wish=Wish(label="Another"))


@pytest.mark.parametrize("change", [retype, retype_and_undo, add, drop, drop_and_restore, rename])
def test_every_change_of_a_column_is_seen_by_the_next_request(
    things: Dataset, user: User, change: Callable[[Dataset, User], object]
):
    before = shown(things)

    change(things, user)

    assert shown(things) == stored(things)
    version = Dataset.objects.get(pk=things.pk).schema_version
    assert version > things.schema_version
    assert before == shown(things) or change not in (retype_and_undo, drop_and_restore)


def test_columns_that_are_kept_cost_no_query(things: Dataset):
    read(things)

    with CaptureQueriesContext(connections["default"]) as queries:
        found = read(things)
        assert [each.name for each in found.columns.all()] == ["v", "other"]
        assert schemas.column_named(found, "v").type == "text"

    assert len(queries) == 1
    with pytest.raises(UnknownDatasetColumn):
        schemas.column_named(found, "w")


def test_columns_read_back_from_redis_are_the_columns_they_were(things: Dataset):
    Column.objects.filter(dataset=things, name="v").update(conditions={"allowed": ["1", "2"]})
    before = tuple(Column.objects.filter(dataset=things))
    form = schemas.ColumnsForm()

    again = form.load(form.dump(before))

    assert again == before
    names = [each.attname for each in Column._meta.concrete_fields]
    assert [[getattr(each, name) for name in names] for each in again] == [
        [getattr(each, name) for name in names] for each in before
    ]
    with pytest.raises(ValueError, match="2 values for"):
        form.load(b"[[1, 2]]")
