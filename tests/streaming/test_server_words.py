"""What the server says of screens is said to people in their language, see server_words.js."""

import pytest

from streaming import errors
from streaming.core.live.published import NOBODY
from streaming.core.sources.desktop import NO_DISPLAY, NO_PERMISSION, WAYLAND
from tests.apiapp.test_server_words import is_known


@pytest.mark.parametrize(
    "error",
    [
        errors.UnknownScreen(),
        errors.BadScreenName("Not a name"),
        errors.NameTaken("team"),
        errors.SourceNotAllowed(),
        errors.NotYours(),
        errors.TooManyViewers(limit=3),
        errors.ScreenStopped(),
        errors.ScreenDeleted(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_people_meet_is_known(error: Exception):
    assert is_known(str(error))


@pytest.mark.parametrize("sentence", [NO_DISPLAY, WAYLAND, NO_PERMISSION, NOBODY.detail])
def test_why_there_is_no_picture_is_known(sentence: str):
    assert is_known(sentence)
