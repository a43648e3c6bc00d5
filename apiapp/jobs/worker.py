"""What a Celery worker does here besides Celery's own work: hand out jobs, and stop in good order.

Named in myproject/celery.py by its path: models cannot be imported there yet.
"""

import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from celery import Celery, bootsteps, signals
from celery.worker.components import Pool
from django.conf import settings
from kombu.exceptions import KombuError

from apiapp.jobs import leases
from apiapp.jobs.dispatcher import Dispatcher, Terms
from apiapp.jobs.errors import BrokerUnavailable
from apiapp.jobs.models import Job

CONFIRM_S = 4.0  # how long a broker may take to say that it has a message
PR_SET_PDEATHSIG = 1  # linux/prctl.h
CLOSED = -1
FAIL_AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


class Sender:
    """Puts leased jobs on the broker, over a connection of the dispatcher's own.

    Without heartbeats: nobody would answer them between two jobs.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connect()

    def _connect(self) -> None:
        self._connection: Any = self._app.connection_for_write(
            heartbeat=0, transport_options=FAIL_AT_ONCE
        )

    def send(self, job: Job) -> None:
        """Raises BrokerUnavailable; the next call then connects anew."""
        lost = (*self._connection.connection_errors, *self._connection.channel_errors)
        try:
            self._app.send_task(
                job.task,
                kwargs={**job.kwargs, "job_id": job.pk, "lease": job.lease_token},
                producer=self._app.amqp.Producer(self._connection),
                retry=False,
                confirm_timeout=CONFIRM_S,
            )
        except (KombuError, OSError, *lost) as error:
            self._connection.collapse()
            self._connect()
            raise BrokerUnavailable(f"the broker does not take messages: {error}") from error


class Tether:
    """Ties pool children to their parent by two pipes whose write ends it alone has.

    When the parent is gone, however it went, its children end.  When it is to stop, they are told
    to give their jobs back.
    """

    def __init__(self) -> None:
        self._parent_lives, self._life = os.pipe()
        self._parent_works, self._work = os.pipe()

    def ask_children_to_stop(self) -> None:
        """In the parent.  Safe to call twice."""
        work, self._work = self._work, CLOSED
        if work != CLOSED:
            os.close(work)

    def hold_this_child(self) -> None:
        """In a child that was just forked."""
        os.close(self._life)
        os.close(self._work)
        threading.Thread(target=self._watch, name="tether", daemon=True).start()

    def _watch(self) -> None:
        watched = [self._parent_lives, self._parent_works]
        while self._parent_lives not in (ended := select.select(watched, [], [])[0]):
            leases.ask_runs_to_stop()
            watched.remove(ended[0])
        os.kill(os.getpid(), signal.SIGKILL)


class DispatcherStep(bootsteps.StartStopStep):
    """Runs the dispatcher as long as the worker runs."""

    requires = (Pool,)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._dispatcher = Dispatcher(terms_of(worker), Sender(worker.app).send)
        self._ask_children: Callable[[], None] | None = None
        if "prefork" in worker.pool_cls.__module__ and sys.platform != "win32":
            self._tie_children()

    def _tie_children(self) -> None:
        tether = Tether()
        self._ask_children = tether.ask_children_to_stop
        os.register_at_fork(
            before=self._dispatcher.before_fork,
            after_in_parent=self._dispatcher.after_fork,
            after_in_child=self._dispatcher.after_fork,
        )

        def hold(**_facts: Any) -> None:
            outlive_the_thread_that_forked()
            tether.hold_this_child()

        signals.worker_process_init.connect(hold, weak=False)

    def start(self, worker: Any) -> None:
        self._dispatcher.start()

    def stop(self, worker: Any) -> None:
        """Hand out no more; running jobs may end within JOB_STOP_S, then go back to the queue."""
        self._dispatcher.stop()
        timer = threading.Timer(settings.JOB_STOP_S, self._ask_runs_to_stop)
        timer.daemon = True
        timer.start()

    def terminate(self, worker: Any) -> None:
        self._dispatcher.stop()
        self._ask_runs_to_stop()

    def _ask_runs_to_stop(self) -> None:
        leases.ask_runs_to_stop()  # those in threads of this process
        if self._ask_children:
            self._ask_children()


def terms_of(worker: Any) -> Terms:
    return Terms(
        name=f"{worker.hostname}/{os.getpid()}",
        slots=worker.concurrency,
        tasks=[name for name in worker.app.tasks if not name.startswith("celery.")],
        lease_s=settings.JOB_LEASE_S,
        poll_s=settings.JOB_POLL_S,
        periodic=settings.PERIODIC_JOBS,
    )


def outlive_the_thread_that_forked() -> None:
    """Undo what Celery asked of the kernel: to kill this child when its parent ends.

    The kernel means the parent's *thread*, and some children are forked by one that ends as soon as
    the worker is asked to stop; the tether does it for the process.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)
