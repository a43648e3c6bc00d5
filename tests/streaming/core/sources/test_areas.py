import pytest

from streaming.core.errors import BadSource, SourceUnavailable
from streaming.core.sources.areas import Everything, Monitor, Region, Window, parse_area, place

TWO = [
    {"left": -1280, "top": 0, "width": 3200, "height": 1080},
    {"left": -1280, "top": 56, "width": 1280, "height": 1024, "is_primary": False},
    {"left": 0, "top": 0, "width": 1920, "height": 1080, "is_primary": True},
]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("", Monitor()),
        ("1", Monitor(1)),
        ("12", Monitor(12)),
        ("all", Everything()),
        ("0,0,1280x720", Region(0, 0, 1280, 720)),
        ("-100,-5,1x1", Region(-100, -5, 1, 1)),
        ("window=Budget: 2026.ods", Window("Budget: 2026.ods")),
        ("window=0x3a00007", Window("0x3a00007")),
        ("window=预算", Window("预算")),
    ],
)
def test_a_part_of_the_screen_is_read(text: str, area: object) -> None:
    assert parse_area(text) == area


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "100",
        "1.5",
        "two",
        "ALL",
        "1,2,3,4",
        "0,0,0x720",
        "0,0,10x0",
        "0,0,x",
        "window=",
        "window= ",
        "999999,0,1x1",
        " 1",
        "1 ",
        "٣",
        "0,0,1280x720,9",
    ],  # fmt: skip
)
def test_what_is_no_part_of_a_screen_is_refused(text: str) -> None:
    with pytest.raises(BadSource):
        parse_area(text)


@pytest.mark.parametrize(
    ("area", "region"),
    [
        (Monitor(), Region(0, 0, 1920, 1080)),
        (Monitor(1), Region(-1280, 56, 1280, 1024)),
        (Monitor(2), Region(0, 0, 1920, 1080)),
        (Everything(), Region(-1280, 0, 3200, 1080)),
        (Region(-10, 10, 20, 20), Region(-10, 10, 20, 20)),
        (Region(1900, 1070, 100, 100), Region(1900, 1070, 20, 10)),
        (Region(-9000, -9000, 20000, 20000), Region(-1280, 0, 3200, 1080)),
    ],
)
def test_a_part_lies_where_the_monitors_are(area: Monitor, region: Region) -> None:
    assert place(area, TWO) == region


def test_without_a_primary_monitor_the_first_one_is_taken() -> None:
    assert place(Monitor(), [TWO[0], TWO[1]]) == Region(-1280, 56, 1280, 1024)


def test_a_server_that_tells_of_no_monitors_has_one() -> None:
    assert place(Monitor(), TWO[:1]) == place(Monitor(1), TWO[:1]) == Region(-1280, 0, 3200, 1080)
    with pytest.raises(SourceUnavailable):
        place(Monitor(2), TWO[:1])


@pytest.mark.parametrize(
    ("area", "monitors", "sentence"),
    [
        (Monitor(3), TWO, "no monitor 3 here. 2 monitors are connected; choose local:1 to local:2"),
        (Monitor(2), TWO[:2], "One monitor is connected; choose local."),
        (Region(5000, 0, 10, 10), TWO, "lies outside the screen, which is 3200x1080 from -1280,0"),
    ],
)
def test_a_part_that_is_not_there_is_named_with_those_that_are(
    area: Monitor, monitors: list, sentence: str
) -> None:
    with pytest.raises(SourceUnavailable, match=sentence) as caught:
        place(area, monitors)

    assert caught.value.reason == "no-such-monitor"


def test_a_monitor_that_reaches_beyond_the_screen_is_cut() -> None:
    """Xvfb tells of such after its size was changed."""
    screen = {"left": 0, "top": 0, "width": 800, "height": 600}
    monitor = {"left": 0, "top": 0, "width": 1920, "height": 1080}

    assert place(Monitor(1), [screen, monitor]) == Region(0, 0, 800, 600)
