from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming import streams
from tests.streaming.watching import PATTERN


@pytest.fixture
async def shown(settings: Any) -> AsyncIterator[None]:
    """The screen `main` is a small moving pattern; nothing of it goes on after the test."""
    settings.SCREEN_SOURCE = PATTERN
    yield
    await streams.close_all()
