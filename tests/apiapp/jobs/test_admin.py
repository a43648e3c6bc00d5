from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from apiapp.jobs import services
from apiapp.jobs.models import Job

pytestmark = pytest.mark.django_db(databases="__all__")

JOBS = "/admin/jobs/job/"


@pytest.fixture
def job(user: User) -> Job:
    return services.enqueue(
        task="tests.any", kwargs={"id": 7}, owner=user, now=timezone.now(), unit="rows", total=5000
    )


def act(client: Any, action: str, *jobs: Job) -> str:
    chosen = {"action": action, "_selected_action": [job.pk for job in jobs]}
    return client.post(JOBS, chosen, follow=True).content.decode()


def test_the_list_shows_who_has_which_job_in_what_state(admin_client, job):
    Job.objects.filter(pk=job.pk).update(state="running", done=1200)

    page = admin_client.get(JOBS).content.decode()

    assert "tests.any" in page
    assert "alice" in page
    assert "running" in page
    assert "1200 of 5000 rows" in page


def test_the_list_is_searched_by_error_reference(admin_client, job):
    Job.objects.filter(pk=job.pk).update(state="failed", error_reference="abcd1234")

    assert "tests.any" in admin_client.get(f"{JOBS}?q=abcd1234").content.decode()
    assert "tests.any" not in admin_client.get(f"{JOBS}?q=ffff0000").content.decode()


def test_a_job_is_shown_and_cannot_be_edited_added_or_deleted(admin_client, job):
    path = f"{JOBS}{job.pk}/change/"

    assert "tests.any" in admin_client.get(path).content.decode()
    assert admin_client.post(path, {"task": "another"}).status_code == 403
    assert admin_client.get(f"{JOBS}add/").status_code == 403
    assert admin_client.get(f"{JOBS}{job.pk}/delete/").status_code == 403


def test_selected_jobs_are_cancelled_and_that_is_logged(admin_client, job):
    page = act(admin_client, "cancel", job)

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert f"tests.any {job.pk} is now: cancelled" in page
    assert LogEntry.objects.get().object_id == str(job.pk)


def test_a_failed_job_is_retried(admin_client, job):
    Job.objects.filter(pk=job.pk).update(state="failed")

    act(admin_client, "retry", job)

    job.refresh_from_db()
    assert job.state == "queued"


def test_a_job_that_cannot_be_cancelled_is_named_and_the_others_are(admin_client, job, user):
    ended = services.enqueue(task="tests.ended", kwargs={}, owner=user, now=timezone.now())
    Job.objects.filter(pk=ended.pk).update(state="succeeded")

    page = act(admin_client, "cancel", job, ended)

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert f"tests.ended {ended.pk} was left as it is: succeeded" in page
    assert LogEntry.objects.count() == 1


def test_staff_who_may_only_look_cannot_cancel(client, job, other_user):
    other_user.is_staff = True
    other_user.save()
    other_user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(other_user)

    assert "tests.any" in client.get(JOBS).content.decode()
    act(client, "cancel", job)

    job.refresh_from_db()
    assert job.state == "queued"
