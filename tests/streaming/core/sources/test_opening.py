from pathlib import Path

import pytest

from streaming.core.errors import BadSource, SourceUnavailable
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.local import LocalSource
from streaming.core.sources.opening import StandIn, check_source, open_source
from streaming.core.sources.pattern import PatternSource
from streaming.core.sources.video import VideoSource
from tests.streaming.core.sources.displays import VirtualDisplay
from tests.streaming.core.sources.videos import write_video

HEADLESS = Desktop("linux")


@pytest.mark.parametrize(
    "text",
    ["", "local", "local:", "local:2", "local:all", "local:window=a:b", "pattern", "camera:1",
     "pattern:1280x720", "/home/me/clip.mp4", "clip.mp4", "C:\\clips\\clip.mp4", " pattern "],
)  # fmt: skip
def test_what_can_name_a_source_is_let_through(text: str) -> None:
    check_source(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("local:zwei", "is not a part of the screen. There is local"),
        ("pattern:big", "pattern:1280x720"),
        ("camera", "camera:0"),
        ("camera:front", "camera:0"),
        ("publisher", "sends its pictures itself"),
        ("a\0b", "not the path"),
        ("x" * 5000, "not the path"),
    ],
)
def test_what_names_no_source_is_refused_with_what_would(text: str, sentence: str) -> None:
    with pytest.raises(BadSource, match=sentence):
        check_source(text)
    with pytest.raises(BadSource, match=sentence):
        open_source(text, HEADLESS)


def test_a_pattern_and_a_video_are_opened_by_name(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi")

    for text, kind in (("pattern:640x360", PatternSource), (str(path), VideoSource)):
        source = open_source(text, HEADLESS)
        assert isinstance(source, kind)
        assert source.grab().width == 640
        source.close()


def test_a_file_that_is_named_as_a_kind_is_reached_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "clip.avi").rename(tmp_path / "pattern")
    monkeypatch.chdir(tmp_path)

    source = open_source("./pattern", HEADLESS)

    assert isinstance(source, VideoSource)
    source.close()


def test_without_a_screen_the_pattern_stands_in_and_keeps_the_reason() -> None:
    source = open_source("", HEADLESS)

    assert isinstance(source, StandIn)
    assert source.instead_of.reason == "no-display"
    assert "DISPLAY is not set" in str(source.instead_of)
    assert source.grab().width == 1920


def test_a_screen_that_is_asked_for_by_name_has_no_stand_in() -> None:
    with pytest.raises(SourceUnavailable):
        open_source("local", HEADLESS)


def test_a_single_window_needs_x11() -> None:
    with pytest.raises(BadSource, match="X11 only"):
        open_source("local:window=Chess", Desktop("win32"))


@pytest.mark.xvfb
def test_a_machine_with_a_screen_shows_it_by_default() -> None:
    with VirtualDisplay() as display:
        source = open_source("", display.desktop)
        assert isinstance(source, LocalSource)
        source.close()
