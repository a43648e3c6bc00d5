import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, connections

from apiapp.jobs import services
from apiapp.jobs.models import Job
from apiapp.jobs.news import News, news_over

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture
def news() -> News:
    """Over this thread's connection, on which nothing is new."""
    found = news_over(connection)
    assert found
    while found.has_come():
        pass
    return found


def elsewhere(work: Callable[[], object]) -> None:
    """Do it over another connection."""

    def work_and_close() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work_and_close)
    thread.start()
    thread.join()


def enqueue() -> Job:
    return services.enqueue(task="tests.any", kwargs={}, owner=None, now=NOW)


def test_a_job_that_another_connection_adds_is_news_once(news: News):
    assert not news.has_come()

    elsewhere(enqueue)

    assert news.has_come()
    assert not news.has_come()


def test_a_job_that_is_queued_again_is_news(news: News):
    job = enqueue()
    Job.objects.filter(pk=job.pk).update(state="failed")
    while news.has_come():
        pass

    elsewhere(lambda: services.retry(job=job, now=NOW))

    assert news.has_come()


def test_over_a_new_connection_everything_is_news(news: News):
    connection.close()

    assert news.has_come()
    assert not news.has_come()
