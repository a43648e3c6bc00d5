from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.outbound import configured as outbound
from apiapp.webhooks import delivering, queueing, services, tasks
from apiapp.webhooks.models import Delivery, Subscription
from tests.apiapp.outbound.conftest import make_client, there  # noqa: F401
from tests.apiapp.outbound.hostile_server import HostileServer

TASKS = {"webhooks.spread": tasks.spread, "webhooks.deliver": tasks.deliver}
RETRY_S = (5.0, 300.0, 3600.0)


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subscribed(user: User, there: HostileServer) -> Callable[..., Subscription]:  # noqa: F811
    """subscribed(path, ...) -> a subscription of alice's to the other side."""

    def make(path: str = "/hook", **more: Any) -> Subscription:
        values = {"owner": user, "url": there.url + path, "allow_private": True, **more}
        return services.subscribe(sealer=outbound.sealer(), **values)

    return make


@pytest.fixture
def send(clock: Clock, make_client: Any) -> Callable[..., Delivery]:  # noqa: F811
    """send(subscription) -> what came of a test event, after all that is due was tried once."""
    means = delivering.Means(
        client=make_client(),
        sealer=outbound.sealer(),
        retry_s=RETRY_S,
        attempt_s=1.0,
        clock=clock,
        jitter=lambda _low, _high: 0.0,
    )

    def run(row: Subscription, made: Delivery | None = None) -> Delivery:
        made = made or queueing.send_test(row=row, now=clock())
        delivering.run(subscription_id=row.pk, means=means, check=lambda: None)
        made.refresh_from_db()
        row.refresh_from_db()
        return made

    return run


@pytest.fixture
def work() -> Iterator[Callable[[], None]]:
    """work() does what a worker would do now."""

    def run() -> None:
        now = timezone.now()
        jobs.ensure_periodic(name="webhooks.spread", task="webhooks.spread", period_s=60, now=now)
        jobs.hasten(name="webhooks.spread", now=now)
        while found := jobs.lease_due(tasks=TASKS, at_most=10, now=timezone.now(), lease_s=60.0):
            for job in found:
                TASKS[job.task](job_id=job.pk, lease=job.lease_token, **job.kwargs)

    yield run
    outbound.client().connections.close()
