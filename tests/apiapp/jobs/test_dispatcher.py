import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apiapp.jobs import services
from apiapp.jobs.dispatcher import Dispatcher, Terms
from apiapp.jobs.errors import BrokerUnavailable
from apiapp.jobs.models import Job, Worker

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PATIENCE_S = 10.0
TERMS = Terms(name="worker/1", slots=2, tasks=["tests.any"], lease_s=15, poll_s=0.01, periodic={})

in_one_transaction = pytest.mark.django_db(databases="__all__")
# The thread has a connection of its own: what is to be seen there must be committed.
with_the_thread = pytest.mark.django_db(databases="__all__", transaction=True)


class Inbox:
    """A worker that only takes down what it is given."""

    def __init__(self, fails: list[Exception] | None = None) -> None:
        self.jobs: list[Job] = []
        self.fails = fails or []
        self.times_reconnected = 0
        self.has_a_job = threading.Event()
        self.has_stopped = threading.Event()

    def send(self, job: Job) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.jobs.append(job)
        self.has_a_job.set()

    def reconnect(self) -> None:
        self.times_reconnected += 1

    def stopped(self) -> None:
        self.has_stopped.set()


def enqueue(count: int = 1, *, task: str = "tests.any", now: datetime = NOW) -> list[Job]:
    return [services.enqueue(task=task, kwargs={}, owner=None, now=now) for _ in range(count)]


def end(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(state="succeeded", lease_token="", lease_until=None)


@in_one_transaction
def test_no_more_is_sent_than_the_worker_has_free_slots_for():
    first, second, third = enqueue(3)
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)

    dispatcher.tick(now=NOW)
    dispatcher.tick(now=NOW)
    assert inbox.jobs == [first, second]

    end(first)
    dispatcher.tick(now=NOW)
    assert inbox.jobs == [first, second, third]


@in_one_transaction
def test_a_running_job_keeps_its_slot_while_its_lease_is_renewed():
    (job,) = enqueue()
    inbox = Inbox()
    dispatcher = Dispatcher(replace(TERMS, slots=1), inbox)
    dispatcher.tick(now=NOW)
    later = NOW + timedelta(seconds=100)
    Job.objects.filter(pk=job.pk).update(state="running", lease_until=later + timedelta(seconds=15))
    enqueue()

    dispatcher.tick(now=later)

    assert inbox.jobs == [job]
    assert inbox.times_reconnected == 0


@in_one_transaction
@pytest.mark.parametrize("error", [BrokerUnavailable("no"), ZeroDivisionError()])
def test_jobs_that_could_not_be_sent_are_due_again_at_once(error):
    jobs = enqueue(2)
    inbox = Inbox(fails=[error])
    dispatcher = Dispatcher(TERMS, inbox)

    with pytest.raises(type(error)):
        dispatcher.tick(now=NOW)
    assert set(Job.objects.values_list("lease_token", flat=True)) == {""}

    dispatcher.tick(now=NOW)
    assert inbox.jobs == jobs


@in_one_transaction
def test_the_worker_connects_anew_to_a_broker_that_was_away():
    enqueue(2)
    inbox = Inbox(fails=[BrokerUnavailable("no")])
    dispatcher = Dispatcher(TERMS, inbox)
    with pytest.raises(BrokerUnavailable):
        dispatcher.tick(now=NOW)
    assert inbox.times_reconnected == 0

    dispatcher.tick(now=NOW)

    assert inbox.times_reconnected == 1


@in_one_transaction
def test_jobs_that_nobody_took_are_sent_again_over_a_new_connection():
    (job,) = enqueue()
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)
    dispatcher.tick(now=NOW)

    dispatcher.tick(now=NOW + timedelta(seconds=16))

    assert inbox.times_reconnected == 1
    assert inbox.jobs == [job, job]
    assert inbox.jobs[0].lease_token != inbox.jobs[1].lease_token


@in_one_transaction
def test_a_job_whose_run_died_is_sent_again_without_blaming_the_broker():
    (job,) = enqueue()
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)
    dispatcher.tick(now=NOW)
    Job.objects.filter(pk=job.pk).update(state="running", attempts=1)

    dispatcher.tick(now=NOW + timedelta(seconds=16))

    assert inbox.times_reconnected == 0
    assert inbox.jobs == [job, job]


@in_one_transaction
def test_the_first_tick_signs_the_worker_on_and_queues_periodic_work():
    dispatcher = Dispatcher(replace(TERMS, periodic={"tests.any": 60.0}), Inbox())

    dispatcher.tick(now=NOW)

    assert Worker.objects.get().name == "worker/1"
    job = Job.objects.get()
    assert (job.periodic_name, job.task, job.period_s) == ("tests.any", "tests.any", 60)


@in_one_transaction
def test_a_task_that_this_worker_does_not_know_is_left_alone_and_named_once(caplog):
    enqueue(2, task="tests.newer")
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)

    for _ in range(3):
        dispatcher.tick(now=NOW)
        dispatcher._heartbeat_due_s = 0

    assert inbox.jobs == []
    assert [record.getMessage() for record in caplog.records] == [
        "a job waits for the task 'tests.newer', which this worker does not know"
    ]


@with_the_thread
def test_the_thread_sends_until_it_is_stopped_and_then_gives_back_and_signs_off():
    enqueue(now=timezone.now())
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)
    dispatcher.start()
    assert inbox.has_a_job.wait(PATIENCE_S)
    assert Worker.objects.exists()

    dispatcher.stop()

    assert inbox.has_stopped.wait(PATIENCE_S)
    assert Job.objects.get().lease_token == ""
    assert not Worker.objects.exists()


@with_the_thread
def test_the_thread_asks_for_rows_when_there_is_something_new():
    inbox = Inbox()
    dispatcher = Dispatcher(replace(TERMS, quiet_s=3600), inbox)
    dispatcher.start()
    while not Worker.objects.exists():
        assert not inbox.has_stopped.wait(0.01)

    (job,) = enqueue(now=timezone.now())

    assert inbox.has_a_job.wait(PATIENCE_S)
    dispatcher.stop()
    assert inbox.has_stopped.wait(PATIENCE_S)
    assert inbox.jobs == [job]


@with_the_thread
def test_the_thread_outlives_any_error_and_says_when_all_is_well_again(caplog, monkeypatch):
    monkeypatch.setattr("apiapp.jobs.dispatcher.AFTER_ERROR_S", 0.02)
    enqueue(now=timezone.now())
    errors = [BrokerUnavailable("away"), BrokerUnavailable("still away"), ZeroDivisionError()]
    inbox = Inbox(fails=errors)
    dispatcher = Dispatcher(TERMS, inbox)

    dispatcher.start()
    assert inbox.has_a_job.wait(PATIENCE_S)
    dispatcher.stop()
    assert inbox.has_stopped.wait(PATIENCE_S)

    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "cannot hand out jobs now, trying again: away",
        "the dispatcher met an error it does not know; it goes on",
        "jobs are handed out again",
    ]


@with_the_thread
def test_a_process_that_forks_does_so_between_two_ticks_and_without_an_open_database():
    inbox = Inbox()
    dispatcher = Dispatcher(TERMS, inbox)
    dispatcher.start()
    enqueue(now=timezone.now())
    assert inbox.has_a_job.wait(PATIENCE_S)

    dispatcher.before_fork()
    try:
        assert dispatcher._connection
        assert dispatcher._connection.connection is None
        enqueue(now=timezone.now())
        assert len(inbox.jobs) == 1
        inbox.has_a_job.clear()
    finally:
        dispatcher.after_fork()

    assert inbox.has_a_job.wait(PATIENCE_S)
    dispatcher.stop()
    assert inbox.has_stopped.wait(PATIENCE_S)
