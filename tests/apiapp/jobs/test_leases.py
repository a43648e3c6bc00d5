import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from apiapp.jobs import leases, services
from apiapp.jobs.errors import JobCancelled, LeaseLost, RunInterrupted
from apiapp.jobs.models import Job

# Runs write from a thread with a connection of its own, so what they do must be committed.
pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

TASK = "tests.any"
SOON_S = 5.0  # far more than the quarter of a second that is promised


class BadFile(Exception):
    pass


@pytest.fixture
def job(user) -> Job:
    return services.enqueue(task=TASK, kwargs={}, owner=user, now=timezone.now())


def sent(job: Job) -> dict:
    """What the task gets once the job was leased."""
    (leased,) = services.lease_due(tasks=[TASK], at_most=1, now=timezone.now(), lease_s=60)
    assert leased == job
    return {"job_id": job.pk, "token": leased.lease_token}


def wait_for(job: Job, **columns) -> Job:
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        found = Job.objects.filter(pk=job.pk, **columns).first()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not {columns}: {Job.objects.filter(pk=job.pk).values().first()}")


def report_until_stopped(run: leases.LeasedJob) -> None:
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        run.report(1)
        time.sleep(0.01)


# --- how a run ends


def test_a_run_that_comes_to_its_end_has_succeeded_with_its_result(job):
    with leases.leased(**sent(job)) as run:
        assert wait_for(job, state="running").attempts == 1
        run.report(7, total=9, unit="rows", message="reading")
        run.result = {"rows": 9}

    job.refresh_from_db()
    assert (job.state, job.result, job.lease_token) == ("succeeded", {"rows": 9}, "")
    assert (job.done, job.total, job.unit, job.message) == (7, 9, "rows", "reading")
    assert job.started_at <= job.finished_at


def test_a_fatal_error_fails_the_job_at_once_in_its_own_words(job):
    with leases.leased(**sent(job), fatal=(BadFile,)):
        raise BadFile("line 7 has 3 fields, not 4")

    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "line 7 has 3 fields, not 4")
    assert job.error_reference == ""


def test_any_other_error_has_the_job_run_again_later_and_is_logged_under_its_reference(
    job, caplog, settings
):
    settings.JOB_RETRY_DELAY_S = 40
    before = timezone.now()

    with leases.leased(**sent(job)):
        raise ZeroDivisionError("secret detail")

    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_token) == ("queued", 1, "")
    assert before + timedelta(seconds=40) <= job.run_at < before + timedelta(seconds=60)
    assert job.error_reference in job.error
    assert "secret" not in job.error
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert job.error_reference in record.getMessage()
    assert record.exc_info


def test_each_attempt_waits_twice_as_long_as_the_one_before(job, settings):
    settings.JOB_RETRY_DELAY_S = 10
    delays = []
    for _ in range(4):
        with leases.leased(**sent(job)):
            raise ZeroDivisionError
        job.refresh_from_db()
        delays.append(round((job.run_at - timezone.now()).total_seconds()))
        Job.objects.filter(pk=job.pk).update(run_at=timezone.now())

    assert delays == [10, 20, 40, 80]


def test_the_last_attempt_that_fails_fails_the_job(job):
    Job.objects.filter(pk=job.pk).update(attempts=4, max_attempts=5)

    with leases.leased(**sent(job)):
        raise ZeroDivisionError

    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", 5)
    assert job.error_reference


def test_a_result_that_is_not_json_is_an_error_like_any_other(job):
    with leases.leased(**sent(job)) as run:
        run.result = object()

    job.refresh_from_db()
    assert (job.state, job.result) == ("queued", None)
    assert job.error_reference


def test_a_success_after_a_failed_attempt_forgets_the_error(job):
    with leases.leased(**sent(job)):
        raise ZeroDivisionError
    Job.objects.filter(pk=job.pk).update(run_at=timezone.now())

    with leases.leased(**sent(job)):
        pass

    job.refresh_from_db()
    assert (job.state, job.error, job.error_reference) == ("succeeded", "", "")


def test_a_signal_to_the_process_gives_the_job_back_without_counting_the_attempt(job):
    with pytest.raises(SystemExit), leases.leased(**sent(job)):
        raise SystemExit

    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_token) == ("queued", 0, "")


def test_a_worker_that_is_to_stop_gets_its_job_back_at_the_next_report(job, monkeypatch):
    monkeypatch.setattr(leases, "_process_is_stopping", threading.Event())

    with leases.leased(**sent(job)) as run:
        run.report(1)
        leases.ask_runs_to_stop()
        with pytest.raises(RunInterrupted) as interrupted:
            run.report(2)
        raise interrupted.value

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == ("queued", 0, "")


# --- one run at a time


@pytest.mark.parametrize("state", ["running", "succeeded", "cancelled"])
def test_a_message_that_is_delivered_twice_runs_once(job, state):
    message = sent(job)
    Job.objects.filter(pk=job.pk).update(state=state)

    with pytest.raises(LeaseLost), leases.leased(**message):
        pytest.fail("the body ran")


def test_a_message_whose_lease_was_given_to_another_does_not_run(job):
    message = sent(job)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sent(job)

    with pytest.raises(LeaseLost), leases.leased(**message):
        pytest.fail("the body ran")


def test_a_run_whose_job_was_given_to_another_writes_nothing_more(job):
    with pytest.raises(LeaseLost), leases.leased(**sent(job)) as run:
        Job.objects.filter(pk=job.pk).update(lease_token="of another", done=50)
        run.report(1)
        run.result = "mine"

    job.refresh_from_db()
    assert (job.state, job.lease_token, job.result, job.done) == ("running", "of another", None, 50)


def test_a_run_learns_from_its_report_that_its_job_was_given_to_another(job):
    with pytest.raises(LeaseLost), leases.leased(**sent(job)) as run:
        Job.objects.filter(pk=job.pk).update(lease_token="of another")
        report_until_stopped(run)
        pytest.fail("it went on")


def test_a_run_that_fails_after_its_job_was_given_to_another_leaves_that_one_alone(job):
    with pytest.raises(LeaseLost), leases.leased(**sent(job), fatal=(BadFile,)):
        Job.objects.filter(pk=job.pk).update(lease_token="of another")
        raise BadFile("no")

    job.refresh_from_db()
    assert (job.state, job.error) == ("running", "")


def test_the_lease_is_renewed_while_the_run_is_silent(job, settings):
    settings.JOB_LEASE_S = 0.9

    with leases.leased(**sent(job)):
        first = wait_for(job, state="running").lease_until
        renewed = wait_for(job, lease_until__gt=first + timedelta(seconds=0.5))

        assert renewed.lease_until > timezone.now()


def test_a_run_that_cannot_renew_its_lease_stops_by_itself(job, settings):
    settings.JOB_LEASE_S = 0.6

    class Unreachable(leases.LeasedJob):
        def _write(self, values):
            raise leases.DatabaseError("the database is gone")

    run = Unreachable(job_id=job.pk, token="any", lease_s=0.6)
    run.begin()
    with pytest.raises(LeaseLost):
        report_until_stopped(run)
    run.let_go()


# --- cancel, progress


def test_a_running_job_that_is_cancelled_stops_at_its_next_report(job):
    with leases.leased(**sent(job)) as run:
        services.cancel(job=wait_for(job, state="running"), now=timezone.now())
        report_until_stopped(run)
        pytest.fail("it went on")

    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", "")


def test_a_job_that_is_done_before_it_hears_of_its_cancellation_has_succeeded(job):
    with leases.leased(**sent(job)):
        services.cancel(job=wait_for(job, state="running"), now=timezone.now())

    job.refresh_from_db()
    assert (job.state, job.cancel_requested_at) == ("succeeded", None)


def test_progress_is_seen_while_the_run_is_inside_a_transaction(job):
    with leases.leased(**sent(job)) as run, transaction.atomic("datasets"):
        run.report(5, total=10, unit="rows", message="x" * 500)

        assert wait_for(job, done=5, total=10, unit="rows").message == "x" * 200


def test_what_a_report_leaves_out_stays_as_it_was(job):
    with leases.leased(**sent(job)) as run:
        run.report(1, total=10, unit="rows", message="reading")
        run.report(2)

    job.refresh_from_db()
    assert (job.done, job.total, job.unit, job.message) == (2, 10, "rows", "reading")


def test_ten_thousand_reports_are_a_few_writes(job):
    written = []

    class Counted(leases.LeasedJob):
        def _write(self, values):
            written.append(values)
            super()._write(values)

    token = sent(job)["token"]
    Job.objects.filter(pk=job.pk).update(state="running")
    run = Counted(job_id=job.pk, token=token, lease_s=60)
    run.begin()
    started = time.monotonic()
    for done in range(10_000):
        run.report(done)
    took_s = time.monotonic() - started
    run.end(state="succeeded")

    job.refresh_from_db()
    assert job.done == 9_999
    assert len(written) <= took_s / leases.PULSE_S + 1


def test_the_thread_of_a_run_leaves_no_connection_behind(job):
    before = threading.active_count()

    with leases.leased(**sent(job)) as run:
        run.report(1)
        wait_for(job, done=1)

    assert threading.active_count() == before
    assert connections["default"].connection is not None  # this thread's own


# --- in the foreground


def test_work_in_the_foreground_is_a_job_of_its_own_that_runs_once(user):
    said = []

    def say(*progress) -> None:
        said.append(progress)

    with leases.run_here(
        task="imports.file", kwargs={"a": 1}, owner=user, now=timezone.now(), on_report=say
    ) as run:
        row = Job.objects.get(pk=run.id)
        assert (row.state, row.attempts, row.max_attempts) == ("running", 1, 1)
        run.report(3, total=4, unit="rows")
        run.result = [1, 2]

    row.refresh_from_db()
    assert (row.state, row.result, row.done) == ("succeeded", [1, 2], 3)
    assert said == [(3, 4, "rows", "")]


@pytest.mark.parametrize(
    ("error", "state"),
    [(BadFile("no"), "failed"), (KeyboardInterrupt(), "cancelled"), (JobCancelled(), "cancelled")],
)
def test_an_error_in_the_foreground_ends_the_job_and_is_raised(user, error, state):
    with (
        pytest.raises(type(error)),
        leases.run_here(task=TASK, kwargs={}, owner=user, now=timezone.now()),
    ):
        raise error

    assert Job.objects.get().state == state


def test_work_in_the_foreground_can_be_cancelled_from_elsewhere(user):
    with (
        pytest.raises(JobCancelled),
        leases.run_here(task=TASK, kwargs={}, owner=user, now=timezone.now()) as run,
    ):
        services.cancel(job=Job.objects.get(), now=timezone.now())
        report_until_stopped(run)

    assert Job.objects.get().state == "cancelled"


def test_work_in_the_foreground_whose_process_died_is_found_and_fails(user, settings):
    with leases.run_here(task=TASK, kwargs={}, owner=user, now=timezone.now()) as run:
        run.let_go()  # as if the process were gone
        later = timezone.now() + timedelta(seconds=settings.JOB_LEASE_S + 1)

        assert services.lease_due(tasks=[TASK], at_most=1, now=later, lease_s=15) == []
        assert "its worker died" in Job.objects.get().error
        with pytest.raises(LeaseLost):
            run.end(state="succeeded")
        Job.objects.filter(pk=run.id).update(state="running", lease_token=run._token)

    assert Job.objects.get().state == "succeeded"
