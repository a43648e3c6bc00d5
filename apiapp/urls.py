"""The whole HTTP surface, on one page.  Upload bodies never come here: see uploads/receive.py."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from apiapp import pages
from apiapp.keys import views as keys
from apiapp.monitoring import views as monitoring


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """The route with its trailing slash (which the name reverses to) and without it."""
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    # --- pages
    path("", pages.home, name="home"),
    *both("import", pages.importing, "import"),
    *both("datasets", pages.datasets, "datasets"),
    *both("jobs", pages.jobs, "jobs"),
    *both("login", pages.login, "login"),
    *both("logout", pages.logout, "logout"),
    # --- signing in
    *both("login/<str:token>", keys.redeem_login_link, "login-link"),
    # --- health
    *both("readyz", monitoring.ready, "readyz"),
    *both("healthz", monitoring.alive, "healthz"),
]
