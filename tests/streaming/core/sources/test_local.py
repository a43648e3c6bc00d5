import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streaming.core.errors import SourceLost, SourceUnavailable
from streaming.core.sources.areas import parse_area
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.local import LOOK_AGAIN_NS, LocalSource, open_local
from tests.streaming.core.sources.displays import Painted, VirtualDisplay

pytestmark = pytest.mark.xvfb
WINDOW_COLOUR = [0xC0, 0x60, 0x20]  # blue, green, red


@pytest.fixture
def display() -> Iterator[VirtualDisplay]:
    with VirtualDisplay() as display:
        yield display


def looking_each_time(options: str, display: VirtualDisplay) -> LocalSource:
    """A source for which a second passes between two pictures."""
    seconds = itertools.count(0, LOOK_AGAIN_NS)
    return LocalSource(parse_area(options), display.desktop, clock_ns=lambda: next(seconds))


def size_of(source: LocalSource) -> tuple[int, int]:
    frame = source.grab()
    return frame.width, frame.height


def test_it_shows_what_is_on_the_screen(display: VirtualDisplay) -> None:
    source = open_local("", display.desktop)

    for colour, bgr in (("#ff0000", [0, 0, 255]), ("#102030", [48, 32, 16])):
        display.paint(colour)
        frame = source.grab()
        assert (frame.width, frame.height) == (800, 600)
        assert frame.pixels[5, 5, :3].tolist() == bgr
    source.close()


def test_a_still_screen_is_the_same_picture_until_something_is_drawn(display: VirtualDisplay):
    source = LocalSource(parse_area(""), display.desktop, clock_ns=lambda: 0)
    display.paint("#ff0000")
    before = source.grab()

    while (still := source.grab()).pixels is not before.pixels:
        before = still  # what was drawn at the start is still being told of
    display.paint("#102030")
    after = source.grab()
    source.close()

    assert after.pixels[5, 5, :3].tolist() == [48, 32, 16]


def test_the_pointer_is_in_the_picture(display: VirtualDisplay) -> None:
    display.run("xsetroot", "-solid", "#ff0000", "-cursor_name", "left_ptr")
    source = open_local("", display.desktop)

    pixels = source.grab().pixels[:, :, :3]
    rows, columns = np.nonzero((pixels != (0, 0, 255)).any(axis=2))

    assert 0 < len(rows) < 64 * 64
    assert 250 < rows.mean() < 350  # Xvfb begins with it in the middle
    assert 350 < columns.mean() < 450
    source.close()


def test_a_monitor_of_two_a_region_and_all_of_it(display: VirtualDisplay) -> None:
    display.run("xrandr", "--setmonitor", "left", "300/1x600/1+0+0", "screen")
    display.run("xrandr", "--setmonitor", "right", "500/1x600/1+300+0", "none")
    sizes = {"1": (300, 600), "2": (500, 600), "all": (800, 600), "7,8,91x53": (91, 53)}

    for options, size in sizes.items():
        source = open_local(options, display.desktop)
        assert size_of(source) == size
        source.close()


def test_a_monitor_that_is_not_there_is_unavailable(display: VirtualDisplay) -> None:
    with pytest.raises(SourceUnavailable, match="There is no monitor 2 here"):
        open_local("2", display.desktop)


def test_a_screen_that_becomes_smaller_and_larger_goes_on(display: VirtualDisplay) -> None:
    mode = "25 400 410 420 430 300 310 320 330"
    display.run("xrandr", "--newmode", "small", *mode.split())
    display.run("xrandr", "--addmode", "screen", "small")
    source = looking_each_time("", display)

    assert size_of(source) == (800, 600)
    display.run("xrandr", "--output", "screen", "--mode", "small")
    assert size_of(source) == (400, 300)
    display.run("xrandr", "--output", "screen", "--mode", "800x600")
    assert size_of(source) == (800, 600)
    source.close()


def test_a_screen_that_becomes_smaller_between_two_looks_goes_on(display: VirtualDisplay) -> None:
    mode = "25 400 410 420 430 300 310 320 330"
    display.run("xrandr", "--newmode", "small", *mode.split())
    display.run("xrandr", "--addmode", "screen", "small")
    source = LocalSource(parse_area(""), display.desktop, clock_ns=lambda: 0)

    assert size_of(source) == (800, 600)
    display.run("xrandr", "--output", "screen", "--mode", "small")
    assert size_of(source) == (400, 300)
    source.close()


def test_a_monitor_that_is_unplugged_is_lost(display: VirtualDisplay) -> None:
    display.run("xrandr", "--setmonitor", "left", "300/1x600/1+0+0", "screen")
    display.run("xrandr", "--setmonitor", "right", "500/1x600/1+300+0", "none")
    source = looking_each_time("2", display)
    source.grab()

    display.run("xrandr", "--delmonitor", "right")

    with pytest.raises(SourceLost, match="There is no monitor 2 here"):
        source.grab()
    source.close()


def test_a_display_that_dies_is_lost_and_this_process_lives(display: VirtualDisplay) -> None:
    source = open_local("", display.desktop)
    source.grab()

    display.kill()

    for _ in range(3):
        with pytest.raises(SourceLost, match="The screen went away"):
            source.grab()
    source.close()
    source.close()


def test_a_display_that_dies_is_lost_without_assertions_too(display: VirtualDisplay) -> None:
    """`python -O` leaves out what mss notices a missing answer by."""
    program = f"""
from streaming.core.errors import SourceLost
from streaming.core.sources.desktop import Desktop
from streaming.core.sources.local import open_local
source = open_local("", Desktop("linux", {display.name!r}))
source.grab()
print("grabbed", flush=True)
input()
try:
    source.grab()
except SourceLost as error:
    source.close()
    print(error)
"""
    child = subprocess.Popen(
        [sys.executable, "-O", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "grabbed\n"
    display.kill()

    output, _ = child.communicate("\n", timeout=20)

    assert output.startswith("The screen went away")
    assert child.returncode == 0


def test_looking_for_monitors_each_time_keeps_no_file_open(display: VirtualDisplay) -> None:
    source = looking_each_time("", display)
    source.grab()
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(30):
        source.grab()

    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    source.close()


@pytest.mark.parametrize("name", [":4999", "nowhere.invalid:0", "nonsense", ":"])
def test_a_display_that_cannot_be_opened_says_what_to_do(name: str) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be opened: Cannot connect") as caught:
        open_local("", Desktop("linux", name))

    assert caught.value.reason == "no-display"


def test_a_window_is_found_by_its_title_a_part_of_it_or_its_id(display: VirtualDisplay) -> None:
    with Painted(display, "Chess - 棋", left=50, top=40, size=(200, 100)) as window:
        for wanted in ("Chess - 棋", "chess", "棋", str(window.id), hex(window.id)):
            source = open_local(f"window={wanted}", display.desktop)
            frame = source.grab()
            assert (frame.width, frame.height) == (200, 100)
            assert frame.pixels[1, 1, :3].tolist() == WINDOW_COLOUR
            source.close()


def test_the_whole_title_is_better_than_a_part(display: VirtualDisplay) -> None:
    with (
        Painted(display, "Chess club", left=0, top=0, size=(200, 100)),
        Painted(display, "Chess", left=300, top=0, size=(90, 80)),
    ):
        source = open_local("window=Chess", display.desktop)
        assert size_of(source) == (90, 80)
        source.close()


def test_a_window_is_followed_where_it_goes(display: VirtualDisplay) -> None:
    with Painted(display, "Chess", left=50, top=40, size=(200, 100)) as window:
        source = open_local("window=Chess", display.desktop)
        source.grab()

        window.move_and_resize(300, 200, 120, 90)

        frame = source.grab()
        assert (frame.width, frame.height) == (120, 90)
        assert (frame.pixels[1, 1, :3] == WINDOW_COLOUR).all()
        window.move_and_resize(750, 580, 120, 90)
        assert size_of(source) == (50, 20)
        source.close()


def test_a_minimised_window_shows_nothing_of_what_lies_below(display: VirtualDisplay) -> None:
    display.paint("#ffffff")
    with Painted(display, "Chess", left=50, top=40, size=(200, 100)) as window:
        source = open_local("window=Chess", display.desktop)
        source.grab()

        window.minimise()
        assert source.grab().pixels.shape == (100, 200, 4)
        assert not source.grab().pixels.any()
        window.show()
        assert (source.grab().pixels[1, 1, :3] == WINDOW_COLOUR).all()
        window.move_and_resize(2000, 40, 200, 100)
        assert not source.grab().pixels.any()
        source.close()


def test_a_window_that_is_closed_is_lost(display: VirtualDisplay) -> None:
    with Painted(display, "Chess", left=50, top=40, size=(200, 100)) as window:
        source = open_local("window=Chess", display.desktop)
        window.close()

        with pytest.raises(SourceLost, match="The window was closed"):
            source.grab()
        source.close()


@pytest.mark.parametrize("wanted", ["Nothing", "0x7fffffff", "4294967295", "99999999999"])
def test_a_window_that_is_not_there_is_unavailable(display: VirtualDisplay, wanted: str) -> None:
    with pytest.raises(SourceUnavailable, match="There is no window") as caught:
        open_local(f"window={wanted}", display.desktop)

    assert caught.value.reason == "no-such-window"


def test_a_display_that_dies_takes_its_windows_along(display: VirtualDisplay) -> None:
    with Painted(display, "Chess", left=50, top=40, size=(200, 100)):
        source = open_local("window=Chess", display.desktop)
        source.grab()
        display.kill()

        with pytest.raises(SourceLost):
            source.grab()
        source.close()
