from datetime import timedelta

import pytest
from django.utils import timezone

from apiapp.jobs import services, tasks
from apiapp.jobs.models import Job


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_pruning_deletes_what_ended_long_ago_and_waits_for_its_next_period(user, settings):
    settings.JOB_KEEP_S = 100
    now = timezone.now()
    old = services.enqueue(task="tests.any", kwargs={}, owner=user, now=now)
    Job.objects.filter(pk=old.pk).update(state="failed", finished_at=now - timedelta(seconds=101))
    services.ensure_periodic(name="jobs.prune", task="jobs.prune", period_s=3600, now=now)
    (job,) = services.lease_due(tasks=["jobs.prune"], at_most=1, now=now, lease_s=15)

    tasks.prune(job_id=job.pk, lease=job.lease_token)

    job.refresh_from_db()
    assert list(Job.objects.all()) == [job]
    assert job.result == {"deleted": 1}
    assert (job.state, job.run_at) == ("queued", now + timedelta(seconds=3600))
