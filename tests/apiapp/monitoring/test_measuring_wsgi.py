"""What is counted where plain Django runs under a WSGI server."""

from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from apiapp.monitoring import recording
from apiapp.monitoring.measuring_wsgi import CountedWsgi
from apiapp.monitoring.tally import Figures, Kind, Tally
from myproject.counting import routes_of
from myproject.urls import urlpatterns
from myproject.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


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
