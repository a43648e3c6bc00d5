"""Screens, links and callers, as the tests of their rules need them."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from apiapp.keys.callers import Caller, person
from streaming import links, services
from streaming.models import Screen, ScreenLink

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
__all__ = ["NOW", "Caller", "made_link", "made_screen", "person"]


def made_screen(owner: User, name: str = "team", **fields: Any) -> Screen:
    return services.create_screen(caller=person(owner), name=name, **fields)


def made_link(screen: Screen, now: datetime = NOW, **fields: Any) -> tuple[ScreenLink, str]:
    return links.create_link(
        screen=screen, created_by=None, server_secret=settings.SECRET_KEY, now=now, **fields
    )
