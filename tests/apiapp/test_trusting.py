import pytest

from apiapp.trusting import SYSTEMS, systems_for


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", "macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "iPhone and iPad"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile", "Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0", "Linux, Chrome and Chromium"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0", "Firefox"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko Firefox/140.0", "Firefox"),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_the_visitors_own_system_is_open(user_agent: str, name: str | None) -> None:
    opened = [str(each.name) for each in systems_for(user_agent) if each.is_visitors]

    assert len(opened) == (name is not None)
    assert not name or opened[0].startswith(name)


def test_every_system_is_there_for_everybody() -> None:
    assert len(systems_for("curl")) == len(SYSTEMS) == 7
    assert all(each.steps for each in SYSTEMS)
