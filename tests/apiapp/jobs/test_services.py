from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from apiapp.imports.models import Import
from apiapp.jobs import services
from apiapp.jobs.errors import JobHasEnded, JobNotRetryable, UnknownJob
from apiapp.jobs.models import Job, Worker
from apiapp.keys.callers import Caller, person

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TASK = "tests.any"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def enqueue(owner: User | None = None, **options) -> Job:
    return services.enqueue(
        task=options.pop("task", TASK), kwargs={"x": 1}, owner=owner, now=NOW, **options
    )


def changed(job: Job, **columns) -> Job:
    Job.objects.filter(pk=job.pk).update(**columns)
    job.refresh_from_db()
    return job


def lease(now: datetime = NOW, *, at_most: int = 10, lease_s: float = 15) -> list[Job]:
    return services.lease_due(tasks=[TASK], at_most=at_most, now=now, lease_s=lease_s)


# --- enqueue, find


def test_a_job_is_due_at_once_unless_a_time_is_given(user):
    now, later = enqueue(user), enqueue(user, run_at=NOW + seconds(60))

    assert lease(lease_s=900) == [now]
    assert lease(NOW + seconds(60)) == [later]
    assert (now.state, now.kwargs, now.owner) == ("queued", {"x": 1}, user)


def test_a_job_goes_with_the_transaction_that_enqueued_it():
    with transaction.atomic():
        enqueue()
        transaction.set_rollback(True)

    assert not Job.objects.exists()


def test_a_user_finds_only_own_jobs(user, other_user):
    job, foreign = enqueue(user), enqueue(other_user)

    assert list(services.jobs_of(person(user))) == [job]
    assert services.get_job(person(user), job.pk) == job
    with pytest.raises(UnknownJob):
        services.get_job(person(user), foreign.pk)


def test_staff_find_all_jobs_but_not_by_a_key_without_the_scope(staff, user):
    job = enqueue(user)

    assert list(services.jobs_of(person(staff))) == [job]
    assert list(services.jobs_of(Caller(staff, frozenset({"imports"})))) == []


# --- cancel, retry


def test_a_queued_job_ends_when_it_is_cancelled(user):
    job = services.cancel(job=enqueue(user), now=NOW)

    assert (job.state, job.finished_at) == ("cancelled", NOW)


def test_a_job_that_is_cancelled_while_it_waits_in_the_broker_is_not_begun(user):
    enqueue(user)
    (sent,) = lease()

    job = services.cancel(job=sent, now=NOW)

    assert (job.state, job.lease_token) == ("cancelled", "")


def test_a_running_job_is_asked_to_stop(user):
    job = changed(enqueue(user), state="running")

    services.cancel(job=job, now=NOW)

    assert (job.state, job.cancel_requested_at) == ("running", NOW)


@pytest.mark.parametrize("state", Job.ENDED)
def test_a_job_that_has_ended_is_not_cancelled(user, state):
    job = changed(enqueue(user), state=state)

    with pytest.raises(JobHasEnded) as refused:
        services.cancel(job=job, now=NOW)

    assert refused.value.state == state


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_retried_job_begins_anew(user, state):
    job = changed(
        enqueue(user), state=state, attempts=5, error="no", error_reference="ab", done=7,
        cancel_requested_at=NOW, finished_at=NOW,
    )  # fmt: skip

    services.retry(job=job, now=NOW + seconds(9))

    assert (job.state, job.attempts, job.done) == ("queued", 0, 0)
    assert (job.error, job.error_reference) == ("", "")
    assert (job.cancel_requested_at, job.finished_at) == (None, None)
    assert lease(NOW + seconds(9)) == [job]


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_only_a_failed_or_cancelled_job_is_retried(user, state):
    job = changed(enqueue(user), state=state)

    with pytest.raises(JobNotRetryable):
        services.retry(job=job, now=NOW)


# --- periodic


def test_periodic_work_is_one_row_however_often_it_is_ensured():
    for _ in range(3):
        job = services.ensure_periodic(name="sweep", task=TASK, period_s=60, now=NOW)

    assert Job.objects.get() == job
    assert lease() == [job]


def test_a_shorter_period_brings_the_next_run_forward():
    job = services.ensure_periodic(name="sweep", task=TASK, period_s=3600, now=NOW)
    changed(job, run_at=NOW + seconds(3600))

    job = services.ensure_periodic(name="sweep", task=TASK, period_s=60, now=NOW)

    assert (job.run_at, job.period_s) == (NOW + seconds(60), 60)


@pytest.mark.parametrize(
    ("now_s", "due_s"),
    [(0.5, 60), (59, 60), (60, 120), (61, 120), (100_000, 100_020), (-5, 60)],
)
def test_periods_that_were_missed_are_not_made_up(now_s, due_s):
    due = services.next_period_at(run_at=NOW, period_s=60, now=NOW + seconds(now_s))

    assert due == NOW + seconds(due_s)


@pytest.mark.parametrize("state", Job.ENDED)
def test_periodic_work_waits_for_its_next_period_however_it_ended(state):
    job = services.ensure_periodic(name="sweep", task=TASK, period_s=60, now=NOW)

    values = services.ending(job, state=state, now=NOW + seconds(5), error="no")
    changed(job, **values)

    assert (job.state, job.run_at) == ("queued", NOW + seconds(60))
    assert (job.attempts, job.error) == (0, "no")


def test_periodic_work_that_is_cancelled_skips_one_period():
    job = services.ensure_periodic(name="sweep", task=TASK, period_s=60, now=NOW)

    services.cancel(job=job, now=NOW)

    assert (job.state, job.run_at) == ("queued", NOW + seconds(60))


# --- lease


def test_due_jobs_are_leased_oldest_first_and_no_more_than_there_is_room_for():
    first, second, _ = (enqueue() for _ in range(3))

    leased = lease(at_most=2)

    assert leased == [first, second]
    assert len({job.lease_token for job in leased}) == 2


def test_a_leased_job_is_not_leased_again_before_its_lease_ran_out():
    job = enqueue()
    (sent,) = lease(lease_s=15)

    assert lease(NOW + seconds(14)) == []
    assert lease(NOW + seconds(16)) == [job]
    job.refresh_from_db()
    assert job.lease_token != sent.lease_token


def test_a_running_job_whose_worker_died_is_queued_and_leased_again():
    job = changed(enqueue(), state="running", attempts=1, lease_until=NOW - seconds(1))

    (sent,) = lease()

    job.refresh_from_db()
    assert (sent, job.state, job.attempts) == (job, "queued", 1)


def test_a_job_whose_worker_died_in_its_last_attempt_fails_and_says_so():
    job = changed(
        enqueue(max_attempts=3), state="running", attempts=3, lease_until=NOW - seconds(1)
    )

    assert lease() == []
    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("failed", NOW)
    assert "after 3 attempts" in job.error


def test_a_job_that_was_to_be_cancelled_ends_when_its_worker_died():
    job = changed(enqueue(), state="running", lease_until=NOW - seconds(1), cancel_requested_at=NOW)

    assert lease() == []
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", "")


def test_a_job_is_left_to_a_worker_that_knows_its_task():
    enqueue(task="tests.newer")

    assert lease() == []
    assert services.unknown_tasks(known=[TASK], now=NOW) == {"tests.newer"}


def test_a_job_that_was_given_back_is_due_again():
    job = enqueue()
    (sent,) = lease()

    services.give_back(job=sent)

    assert lease() == [job]


def test_a_job_that_has_begun_cannot_be_given_back():
    job = enqueue()
    (sent,) = lease()
    changed(job, state="running")

    services.give_back(job=sent)

    job.refresh_from_db()
    assert job.lease_token == sent.lease_token


def test_what_became_of_the_jobs_that_were_sent_is_told_by_their_tokens():
    for _ in range(4):
        enqueue()
    waits, runs, not_taken, died = lease()
    changed(runs, state="running")
    changed(not_taken, lease_until=NOW - seconds(1))
    changed(died, lease_until=NOW - seconds(1), state="running")
    tokens = [job.lease_token for job in (waits, runs, not_taken, died)]

    told = services.sent_tokens(tokens=[*tokens, "of a job that has ended"], now=NOW)

    assert told == ({tokens[0], tokens[1]}, {tokens[2]})


# --- prune, workers


def test_jobs_that_ended_long_ago_are_deleted(user):
    old = changed(enqueue(user), state="succeeded", finished_at=NOW - seconds(100))
    kept = [
        changed(enqueue(user), state="failed", finished_at=NOW),
        changed(enqueue(user), state="running", finished_at=NOW - seconds(100)),
    ]

    assert services.prune(ended_before=NOW - seconds(50)) == 1

    assert not Job.objects.filter(pk=old.pk).exists()
    assert set(Job.objects.all()) == set(kept)


def test_a_job_that_an_import_tells_of_is_kept(user):
    job = changed(enqueue(user), state="succeeded", finished_at=NOW - seconds(100))
    Import.objects.create(owner=user, job=job, mode="create", source_name="a", dataset_title="a")

    assert services.prune(ended_before=NOW) == 0


def test_workers_that_were_silent_for_long_are_forgotten():
    services.worker_seen(name="old", now=NOW - seconds(services.WORKER_FORGOTTEN_S + 1))
    services.worker_seen(name="gone", now=NOW)
    services.worker_seen(name="here", now=NOW)
    services.worker_left(name="gone")
    services.worker_seen(name="here", now=NOW + seconds(2))

    assert list(Worker.objects.values_list("name", "seen_at")) == [("here", NOW + seconds(2))]
