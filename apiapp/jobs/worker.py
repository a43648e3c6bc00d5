"""What a Celery worker does here besides Celery's own work: hand out jobs, and stop in good order.

Named in myproject/celery.py by its path: models cannot be imported there yet.
"""

import ctypes
import os
import select
import signal
import sys
import threading
import time
from typing import Any

from billiard import get_start_method
from celery import Celery, bootsteps, signals
from celery.worker.components import Pool
from django.conf import settings
from kombu.exceptions import KombuError

from apiapp.jobs import leases
from apiapp.jobs.dispatcher import Dispatcher, Terms
from apiapp.jobs.errors import BrokerUnavailable
from apiapp.jobs.models import Job

BROKER_PATIENCE_S = 4.0  # how long a broker may take to say that it has a message
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_UP_EVERY_S = 0.1
CLOSED = -1
FAIL_AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
TIMEOUTS = ("socket_timeout", "socket_connect_timeout", "read_timeout", "write_timeout")


class Sender:
    """Puts leased jobs on the broker, over a connection of the dispatcher's own.

    Without heartbeats: nobody would answer them between two jobs.
    """

    def __init__(self, app: Celery, patience_s: float = BROKER_PATIENCE_S) -> None:
        self._app = app
        self._patience_s = patience_s
        self._connect()

    def _connect(self) -> None:
        self._connection: Any = self._app.connection_for_write(
            heartbeat=0,
            connect_timeout=self._patience_s,
            transport_options=FAIL_AT_ONCE | dict.fromkeys(TIMEOUTS, self._patience_s),
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
                confirm_timeout=self._patience_s,
            )
        except (KombuError, OSError, *lost) as error:
            self._connection.release()
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
    """Runs the dispatcher as long as the worker runs.

    Asked to stop, it hands out no more; jobs that run may end within JOB_STOP_S, then they go back
    to the queue.
    """

    requires = (Pool,)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.send = Sender(worker.app).send
        self._is_to_reconnect = False
        self._dispatcher = Dispatcher(terms_of(worker), self)
        self._tether = tether_for(self._dispatcher) if forks(worker.pool_cls) else None
        # Celery comes to `stop` late; this is sent at the signal itself.
        signals.worker_shutting_down.connect(self._stop_soon)

    def _stop_soon(self, **_facts: Any) -> None:
        self._dispatcher.stop_soon()

    def start(self, worker: Any) -> None:
        self._dispatcher.start()

    def stop(self, worker: Any) -> None:
        self._dispatcher.stop()

    def terminate(self, worker: Any) -> None:
        self._dispatcher.stop()
        self._ask_runs_to_stop()

    def register_with_event_loop(self, _worker: Any, hub: Any) -> None:
        """Called for each new connection to the broker.

        Look up often: an idle loop notices a signal only when it wakes up for something else.
        """
        self._is_to_reconnect = False
        hub.call_repeatedly(LOOK_UP_EVERY_S, self._look_up)

    def _look_up(self) -> None:
        if self._is_to_reconnect:
            raise ConnectionResetError("it was away, or messages did not come in")

    def reconnect(self) -> None:
        """Have Celery connect anew.

        A message that cannot be acknowledged because the broker is away is counted by Celery as
        being worked on for ever; after a few of them it takes no more, and says nothing.
        """
        self._is_to_reconnect = True

    def stopped(self) -> None:
        time.sleep(settings.JOB_STOP_S)
        self._ask_runs_to_stop()

    def _ask_runs_to_stop(self) -> None:
        leases.ask_runs_to_stop()  # those in threads of this process
        if self._tether:
            self._tether.ask_children_to_stop()


def forks(pool: type) -> bool:
    return pool.__module__.endswith("prefork") and get_start_method() == "fork"


def tether_for(dispatcher: Dispatcher) -> Tether:
    """Tie the children that the pool will fork, and have no fork find the dispatcher at work."""
    tether = Tether()
    os.register_at_fork(
        before=dispatcher.before_fork,
        after_in_parent=dispatcher.after_fork,
        after_in_child=dispatcher.after_fork,
    )

    def hold(**_facts: Any) -> None:
        outlive_the_thread_that_forked()
        tether.hold_this_child()

    signals.worker_process_init.connect(hold, weak=False)
    return tether


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
