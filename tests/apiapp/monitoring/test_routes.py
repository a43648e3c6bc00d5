import pytest
from django.urls import include, path, re_path, resolve

from apiapp import urls
from apiapp.http.known import route_name
from apiapp.monitoring.routes import UNKNOWN, Routes, spelled_in
from myproject.asgi import application


def view(request: object) -> None: ...


@pytest.fixture
def routes() -> Routes:
    patterns = [
        path("", view),
        path("api/jobs/", view),
        path("api/jobs/<int:job_id>", view),
        path("api/jobs/recent", view),
        path("api/files/<str:name>/content/", view),
        path(
            "shop/", include([path("<slug:thing>/", view), re_path(r"^(?P<what>a|b)/all$", view)])
        ),
        re_path(r"^ws/screens/(?P<name>[a-z]+(?:-[a-z]+)*)/?$", view),
    ]
    return Routes([*spelled_in(patterns), "static/*"])


@pytest.mark.parametrize(
    ("asked", "route"),
    [
        ("/", "/"),
        ("/api/jobs", "/api/jobs"),
        ("/api/jobs/", "/api/jobs"),
        ("/api/jobs/17/", "/api/jobs/{job_id}"),
        ("/api/jobs/recent", "/api/jobs/recent"),
        ("/api/files/jobs/content", "/api/files/{name}/content"),
        ("/shop/tea/", "/shop/{thing}"),
        ("/shop/a/all", "/shop/{what}/all"),
        ("/ws/screens/main/", "/ws/screens/{name}"),
        ("/static/a/b.js", "/static/*"),
        ("/api/jobs/17/none", UNKNOWN),
        ("/api//jobs", UNKNOWN),
        ("/nothing", UNKNOWN),
        ("/" + "x" * 100_000, UNKNOWN),
        ("/api/files//content", UNKNOWN),
    ],
)
def test_a_path_is_counted_under_its_pattern(routes: Routes, asked: str, route: str):
    assert routes.name_of(asked) == route


def test_every_route_of_the_api_is_found_as_django_finds_it():
    route_of = application._route_of
    values = {"int": "1", "str": "x"}

    for pattern in urls.urlpatterns:
        asked = "/" + str(pattern.pattern)
        for kind, value in values.items():
            while (begin := asked.find(f"<{kind}:")) >= 0:
                asked = asked[:begin] + value + asked[asked.index(">", begin) + 1 :]
        assert route_of(asked) == route_name(resolve(asked).route)
