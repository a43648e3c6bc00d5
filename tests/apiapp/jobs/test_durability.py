"""A real worker, killed in every way there is: nothing is lost, nothing has its effect twice.

Each class has a database and a broker of its own; its tests share a worker as long as it lives.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.apiapp.jobs.stacks import (
    RABBITMQ_SERVER,
    Program,
    Stack,
    is_alive,
    program_is_missing,
    rabbitmq_server,
    redis_server,
    wait_until,
)
from tests.serving import PostgresDatabase


class OnEveryStack:
    @pytest.fixture
    def stack(self, kept_stack: Stack) -> Stack:
        """A stack without jobs, its broker running."""
        kept_stack.tidy()
        return kept_stack

    def test_a_job_is_done_though_its_enqueuer_died_after_the_commit(self, stack):
        stack.worker()

        stack.web.enqueue_and_die(when="after commit")

        assert stack.web.died() == -9
        (job_id,) = stack.web.jobs()
        stack.assert_each_done_once([int(job_id)])

    def test_there_is_no_job_if_its_enqueuer_died_before_the_commit(self, stack):
        stack.web.enqueue_and_die(when="before commit")

        assert stack.web.died() == -9
        assert stack.web.jobs() == {}

    def test_a_job_whose_pool_child_died_is_done_again_with_one_effect(self, stack):
        stack.worker()

        dying = stack.web.enqueue(count=1, die="before") + stack.web.enqueue(count=1, die="after")
        ids = dying + stack.web.enqueue(count=3)

        stack.assert_each_done_once(ids)
        assert [stack.web.jobs()[str(each)]["attempts"] for each in dying] == [2, 2]

    def test_a_running_job_is_cancelled_from_another_process(self, stack):
        stack.worker()
        (job_id,) = stack.web.enqueue(count=1, seconds=60)
        stack.wait_until_running(1)

        stack.web.cancel(job_id=job_id)

        stack.wait_for_states([job_id], "cancelled")
        assert stack.web.effects() == []

    def test_jobs_of_a_worker_that_was_killed_are_done_by_the_next(self, stack):
        worker = stack.worker()
        ids = stack.web.enqueue(count=5, seconds=0.5)
        stack.wait_until_running(2)
        children = worker.children()

        worker.kill()

        assert len(children) >= 2
        wait_until(lambda: not any(map(is_alive, children)), "its children end with it", 2)
        stack.worker()
        stack.assert_each_done_once(ids)

    def test_a_worker_that_is_asked_to_stop_gives_its_jobs_back_and_is_gone_soon(self, stack):
        worker = stack.worker()
        stack.web.enqueue(count=3, seconds=60)
        stack.wait_until_running(2)
        children = worker.children()

        took_s = worker.terminate()

        jobs = stack.web.jobs().values()
        assert [(job["state"], job["attempts"]) for job in jobs] == [("queued", 0)] * 3
        assert {job["lease_token"] for job in jobs} == {""}
        assert not any(map(is_alive, children))
        assert worker.name not in stack.web.workers()
        assert took_s < 15  # not the 60 s that the jobs would take; 3 s on an idle machine


class WithABroker(OnEveryStack):
    make_broker: Callable[[Path], Program]
    marker: str
    program: str

    @pytest.fixture(scope="class")
    @classmethod
    def kept_stack(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
        if reason := program_is_missing(cls.marker, cls.program):
            pytest.skip(reason)
        folder = tmp_path_factory.mktemp(cls.marker)
        broker = cls.make_broker(folder)
        with (
            PostgresDatabase(is_migrated=True) as database,
            Stack(folder / "home", database.url, broker) as stack,
        ):
            yield stack

    def test_a_broker_that_was_killed_and_forgot_all_loses_no_job(self, stack):
        stack.worker()
        before = stack.web.enqueue(count=4, seconds=0.4)
        stack.wait_until_running(2)

        stack.broker.kill()
        meanwhile = stack.web.enqueue(count=3)
        wait_until(lambda: "cannot hand out jobs" in stack.log.read_text(), "the worker says so")
        stack.broker.start()

        stack.assert_each_done_once(before + meanwhile)
        stack.web.enqueue(count=2, seconds=60)
        stack.wait_until_running(2)  # none of the worker's slots is waiting for the old broker

    def test_a_database_that_was_restarted_loses_no_job(self, stack):
        stack.worker()
        ids = stack.web.enqueue(count=4, seconds=0.4)
        stack.wait_until_running(2)

        stack.web.cut_all_connections()
        ids += stack.web.enqueue(count=1)

        stack.assert_each_done_once(ids)

    def test_two_workers_share_the_jobs_and_do_each_once(self, stack):
        stack.worker()
        stack.start_worker()

        ids = stack.web.enqueue(count=40, seconds=0.02)

        stack.assert_each_done_once(ids)
        jobs = stack.web.jobs().values()
        assert {job["attempts"] for job in jobs} == {1}
        assert len({job["result"]["pid"] for job in jobs}) > 2


class TestSqliteAlone(OnEveryStack):
    @pytest.fixture(scope="class")
    @classmethod
    def kept_stack(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
        with Stack(tmp_path_factory.mktemp("sqlite"), "", None) as stack:
            yield stack

    def test_a_pool_child_inherits_no_open_database(self, stack):
        worker = stack.worker()
        stack.assert_each_done_once(stack.web.enqueue(count=1, die="before"))

        ids = stack.web.enqueue(count=6, task="tests.open_files")

        stack.wait_for_states(ids, "succeeded")
        results = [stack.web.jobs()[str(each)]["result"] for each in ids]
        assert {file for result in results for file in result["inherited"]} == set()
        assert {result["pid"] for result in results} <= set(worker.children())

    def test_a_hundred_short_jobs_do_not_wait_for_the_clock(self, stack):
        stack.worker()
        started = time.monotonic()

        ids = stack.web.enqueue(count=100)

        stack.assert_each_done_once(ids)
        assert {job["attempts"] for job in stack.web.jobs().values()} == {1}
        assert time.monotonic() - started < 25  # two a second, at a Celery left as it comes


@pytest.mark.postgres
@pytest.mark.redis
class TestPostgresWithRedis(WithABroker):
    make_broker = staticmethod(redis_server)
    marker = "redis"
    program = "redis-server"


@pytest.mark.postgres
@pytest.mark.rabbitmq
class TestPostgresWithRabbitmq(WithABroker):
    make_broker = staticmethod(rabbitmq_server)
    marker = "rabbitmq"
    program = RABBITMQ_SERVER
