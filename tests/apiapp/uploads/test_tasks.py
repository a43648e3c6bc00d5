import pytest
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.jobs.models import Job
from apiapp.uploads import configured, services, tasks
from apiapp.uploads.models import Upload
from tests.apiapp.uploads.made import begin, md5_of, send_all

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

CONTENT = b"0123456789abcdefghijABCDE"


@pytest.fixture
def upload(caller, settings, tmp_path, limits) -> Upload:
    settings.UPLOAD_FOLDER = tmp_path / "uploads"
    upload = begin(caller, configured.store(), limits, size=len(CONTENT))
    send_all(caller, configured.store(), upload, CONTENT)
    return upload


def run(task) -> Job:
    """What a worker does with the one job that is due."""
    (job,) = jobs.lease_due(tasks=[task.name], at_most=1, now=timezone.now(), lease_s=60.0)
    task(**job.kwargs, job_id=job.pk, lease=job.lease_token)
    job.refresh_from_db()
    return job


def test_the_job_that_verifies_tells_what_came_out(caller, upload):
    services.complete(caller=caller, file_id=upload.file_id, now=timezone.now())

    job = run(tasks.merge)

    assert (job.state, job.error) == ("succeeded", "")
    assert job.result["file_id"] == upload.file_id
    assert job.result["md5"] == md5_of(CONTENT)
    assert (job.done, job.total, job.unit) == (25, 25, "bytes")


def test_a_wrong_digest_fails_the_job_at_once_with_the_reason(caller, upload):
    services.complete(caller=caller, file_id=upload.file_id, now=timezone.now(), md5="0" * 32)

    job = run(tasks.merge)

    assert (job.state, job.attempts) == ("failed", 1)
    assert job.error == f"the file that arrived has the MD5 {md5_of(CONTENT)}, not {'0' * 32}"


def test_expired_uploads_go_by_a_periodic_job(upload):
    Upload.objects.update(expires_at=timezone.now())
    jobs.ensure_periodic(name="x", task="uploads.expire", period_s=3600.0, now=timezone.now())

    job = run(tasks.expire)

    assert job.result == {"removed": 1}
    assert not Upload.objects.exists()


def test_the_worker_is_told_to_expire_uploads(settings):
    assert tasks.expire.name in settings.PERIODIC_JOBS
