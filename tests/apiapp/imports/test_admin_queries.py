"""A list in the admin costs as many queries for many rows as for a few."""

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apiapp.imports.models import DatasetEvent, Import, RefusedCell
from apiapp.jobs.models import Job
from tests.apiapp.imports.made import make_dataset

pytestmark = pytest.mark.django_db(databases="__all__")


def fill(number: int) -> None:
    """One more of everything that is listed, each with an owner of its own."""
    owner = User.objects.create_user(f"owner{number}")
    dataset = make_dataset(owner, {"name": "text"}, [{"name": "apple"}], slug=f"fruits{number}")
    job = Job.objects.create(owner=owner, task="imports.load", run_at=timezone.now())
    import_ = Import.objects.create(
        owner=owner,
        dataset=dataset,
        dataset_title="Fruits",
        source_name="fruits.csv",
        mode="create",
        job=job,
        rows_refused=1,
    )
    RefusedCell.objects.create(
        import_id=import_.pk, row_number=1, column="name", kind="type", value="x", reason="is odd"
    )
    DatasetEvent.objects.create(
        dataset_id=dataset.pk,
        dataset_title="Fruits",
        actor=owner.username,
        kind=DatasetEvent.Kind.IMPORTED,
        at=timezone.now(),
        import_id=import_.pk,
        facts={"file": "fruits.csv", "rows_inserted": 1},
    )


def queries_of(browser: Client, path: str) -> int:
    browser.get(path)  # what is kept between requests is there
    with (
        CaptureQueriesContext(connections["default"]) as found,
        CaptureQueriesContext(connections["datasets"]) as found_beside,
    ):
        assert browser.get(path).status_code == 200
    return len(found) + len(found_beside)


@pytest.mark.parametrize("name", ["dataset", "import", "refusedcell", "datasetevent"])
def test_more_rows_of_a_list_take_no_more_queries(name: str, staff: User, client: Client) -> None:
    client.force_login(staff)
    path = f"/admin/imports/{name}/"
    for number in range(2):
        fill(number)
    few = queries_of(client, path)

    for number in range(2, 9):
        fill(number)

    assert queries_of(client, path) == few
