"""What is counted where plain Django runs under a WSGI server."""

import atexit
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings

from apiapp.monitoring import recording
from apiapp.monitoring.measuring_wsgi import CountedWsgi
from apiapp.monitoring.tally import Figures, Kind, Tally
from myproject.counting import routes_of
from myproject.urls import urlpatterns
from myproject.wsgi import application
from tests.serving import OF_A_RUN, prepared_home

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_written_at_exit() -> Iterator[None]:
    """What the application counts here is for the database of the tests, which is gone by then."""
    yield
    atexit.unregister(recording.recorder.write_last)


def ask(app: Any, method: str, path: str) -> tuple[str, bytes]:
    environ: dict[str, Any] = {
        "QUERY_STRING": "",
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_HOST": "localhost",
    }
    setup_testing_defaults(environ)
    statuses: list[str] = []
    answer = app(environ, lambda status, headers, *_: statuses.append(status))
    try:
        return statuses[0], b"".join(answer)
    finally:
        answer.close()


def around(app: Any, tally: Tally) -> CountedWsgi:
    routes = routes_of(urlpatterns)
    return CountedWsgi(app, tally=tally, route_of=routes.name_of, at_request=lambda: None)


def counted_of(tally: Tally) -> dict[Kind, Figures]:
    return {kind: figures for (_, kind), figures in tally.take()[1].items()}


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/healthz", Kind("/healthz", "GET", 2)),
        ("GET", "/api/jobs/17/", Kind("/api/jobs/{job_id}", "GET", 4)),
        ("BREW", "/\xe4\xbd\xa0", Kind("(unknown)", "OTHER", 4)),
    ],
)
def test_each_request_is_counted_once_with_its_bytes(method: str, path: str, kind: Kind):
    tally = Tally()

    _, body = ask(around(application._app, tally), method, path)

    (counted,) = counted_of(tally).items()
    assert counted[0] == kind
    assert (counted[1].count, counted[1].sent_bytes) == (1, len(body))


def test_an_application_that_breaks_is_counted_as_broken():
    tally = Tally()

    def breaks(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ask(around(breaks, tally), "GET", "/healthz")

    assert list(counted_of(tally)) == [Kind("/healthz", "GET", 5)]


def test_the_application_that_servers_load_counts():
    recording.tally.take()

    ask(application, "GET", "/healthz/")

    assert Kind("/healthz", "GET", 2) in counted_of(recording.tally)


ONE_REQUEST = """
import os, sys
from wsgiref.util import setup_testing_defaults
from myproject.wsgi import application
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "HTTP_HOST": "localhost"}
setup_testing_defaults(environ)
answer = application(environ, lambda *_: None)
list(answer)
answer.close()
sys.stderr.close()
os.close(2)
"""


def test_a_process_that_ends_writes_its_last_counts_though_its_stderr_is_closed(home: Path):
    prepared_home.copy_to(home)
    inherited = {name: value for name, value in os.environ.items() if name not in OF_A_RUN}

    subprocess.run(
        [sys.executable, "-c", ONE_REQUEST],
        cwd=settings.BASE_DIR,
        env={**inherited, "SLUICE_HOME": str(home), "MONITORING_WRITE_S": "3600"},
        check=True,
    )

    database = sqlite3.connect(home / "sluice.sqlite3")
    counted = "SELECT SUM(count) FROM monitoring_requestfigures WHERE span_s = 60 AND route = ?"
    assert database.execute(counted, ["/healthz"]).fetchone() == (1,)
    database.close()
