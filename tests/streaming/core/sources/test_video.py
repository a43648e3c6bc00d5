import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from streaming.core.errors import BadSource, SourceLost, SourceUnavailable
from streaming.core.sources import video
from streaming.core.sources.time_row import read_time
from tests.streaming.core.sources.videos import write_video


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_video(tmp_path / "video.avi", pictures=5)


def test_a_video_begins_again_when_it_ends(path: Path) -> None:
    source = video.open_video(path)

    seconds = [read_time(source.grab().pixels) for _ in range(12)]

    assert seconds == [s * 1_000_000 for s in (0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1)]
    source.close()


def test_it_is_played_at_its_own_rate(path: Path) -> None:
    source = video.open_video(path)
    source.grab()
    began_s = time.monotonic()

    for _ in range(10):
        source.grab()

    assert source.rate_fps == 50
    assert time.monotonic() - began_s >= 9 / 50
    source.close()


def test_a_video_that_was_held_up_does_not_hurry_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = video.open_video(path)
    source.grab()
    monkeypatch.setattr(video, "FAR_BEHIND_S", 0.0)
    time.sleep(0.05)
    source.grab()
    began_s = time.monotonic()

    for _ in range(4):
        source.grab()

    assert time.monotonic() - began_s >= 3 / 50
    source.close()


def test_a_video_of_one_picture_is_shown_again_and_again(tmp_path: Path) -> None:
    source = video.open_video(write_video(tmp_path / "one.avi", pictures=1))

    assert {read_time(source.grab().pixels) for _ in range(3)} == {0}
    source.close()


def test_a_picture_file_is_a_video_of_one_picture(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), np.full((48, 64, 3), 200, np.uint8))

    source = video.open_video(tmp_path / "still.png")

    assert [source.grab().pixels[0, 0, 0] for _ in range(3)] == [200] * 3
    source.close()


def test_a_file_that_goes_away_while_it_is_played_is_lost(path: Path) -> None:
    source = video.open_video(path)
    path.unlink()

    with pytest.raises(SourceLost, match="cannot be read any more"):
        for _ in range(7):
            source.grab()


@pytest.mark.parametrize("name", ["missing.mp4", "a\0b", "x" * 5000, "missing/video.mp4"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnavailable, match="There is no video file") as caught:
        video.open_video(tmp_path / name)

    assert caught.value.reason == "no-such-file"


@pytest.mark.parametrize(
    "content", [b"", b"no video at all", bytes(4096), b"RIFF\xff\xff\xff\xffAVI "]
)
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "video.mp4").write_bytes(content)

    with pytest.raises(SourceUnavailable, match="cannot be played") as caught:
        video.open_video(tmp_path / "video.mp4")

    assert caught.value.reason == "unreadable-video"


def test_a_video_that_was_cut_short_is_played_as_far_as_it_goes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])

    source = video.open_video(path)

    assert read_time(source.grab().pixels) == 0
    source.close()


def test_neither_a_pipe_nor_a_device_nor_a_folder_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SourceUnavailable, match="is not a file"):
            video.open_video(path)


def test_a_camera_that_is_not_there_says_what_to_look_at() -> None:
    with pytest.raises(SourceUnavailable, match="Check that it is connected") as caught:
        video.open_camera("73")

    assert caught.value.reason == "no-camera"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "100", "/dev/video0", "²"])
def test_a_camera_has_a_number(text: str) -> None:
    with pytest.raises(BadSource, match="camera:0"):
        video.open_camera(text)
