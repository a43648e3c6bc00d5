import pytest

from streaming.core.errors import SourceUnavailable
from streaming.core.sources.desktop import Desktop, refuse_what_cannot_be_captured


@pytest.mark.parametrize(
    ("environment", "reason", "advice"),
    [
        ({}, "no-display", "set DISPLAY"),
        ({"DISPLAY": ""}, "no-display", "Xvfb"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland", "choose an X11 session"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "wayland", "black"),
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, "wayland", "browser"),
    ],
)
def test_a_session_that_cannot_be_captured_says_what_to_do(
    environment: dict[str, str], reason: str, advice: str
) -> None:
    with pytest.raises(SourceUnavailable, match=advice) as caught:
        refuse_what_cannot_be_captured(Desktop.of(environment, platform="linux"))

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "environment",
    [{"DISPLAY": ":0"}, {"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11", "WAYLAND_DISPLAY": ""}],
)
def test_an_x11_session_can_be_captured(environment: dict[str, str]) -> None:
    refuse_what_cannot_be_captured(Desktop.of(environment, platform="linux"))


def test_windows_needs_neither_a_display_nor_a_permission() -> None:
    refuse_what_cannot_be_captured(Desktop.of({}, platform="win32"), may_record=lambda: False)


def test_macos_needs_its_users_permission() -> None:
    mac = Desktop.of({}, platform="darwin")

    refuse_what_cannot_be_captured(mac, may_record=lambda: True)
    with pytest.raises(SourceUnavailable, match="Screen & System Audio Recording") as caught:
        refuse_what_cannot_be_captured(mac, may_record=lambda: False)

    assert caught.value.reason == "no-permission"
