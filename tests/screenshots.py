"""Pictures of every page: `make screenshots`.

A real server with a home of its own, real data, and each page in {light, dark} x {English,
Chinese} x {1280, 390} into var/screenshots; the README's pictures into docs/images.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

import tests.environment  # noqa: F401 - names the settings, so it comes first
from tests.journeys.conftest import ARGUMENTS, signed_in_state, slow_down
from tests.journeys.files import AIRPORTS, STOCKS, WEATHER, copy_as, repeated, spoiled_weather
from tests.needs import CHROMIUM
from tests.serving import ROOT, Server

SHOTS = ROOT / "var" / "screenshots"
README_IMAGES = ROOT / "docs" / "images"
SCHEMES = ("light", "dark")
LOCALES = {"en": "en", "zh-hans": "zh-CN"}
WIDTHS = (1280, 390)
HEIGHT = 800
SLOW_BYTES_PER_S = 900_000


@dataclass(frozen=True)
class Look:
    """One way of looking at every page."""

    scheme: str
    language: str
    width: int

    @property
    def options(self) -> dict[str, Any]:
        return {
            "color_scheme": self.scheme,
            "locale": LOCALES[self.language],
            "viewport": {"width": self.width, "height": HEIGHT},
            "reduced_motion": "reduce",
        }

    def path(self, name: str) -> Path:
        return SHOTS / f"{name}-{self.scheme}-{self.language}-{self.width}.png"


LOOKS = [Look(*each) for each in product(SCHEMES, LOCALES, WIDTHS)]


class Studio:
    """A browser on a server, and the pictures taken of it."""

    def __init__(self, browser: Browser, server: Server, folder: Path) -> None:
        self._browser = browser
        self._state = signed_in_state(browser, server)
        self.server = server
        self.folder = folder

    @contextmanager
    def page(self, look: Look, *, signed_in: bool = True, **options: Any) -> Iterator[Page]:
        context = self._browser.new_context(
            base_url=self.server.url,
            storage_state=self._state if signed_in else None,
            **{**look.options, **options},
        )
        yield context.new_page()
        context.close()

    def shoot(self, page: Page, look: Look, name: str) -> None:
        settle(page)
        page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
        page.screenshot(path=look.path(name), full_page=True)


def settle(page: Page) -> None:
    expect(page.locator(".skeleton")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#file-input", list(files))


def go(page: Page, at: int = 0) -> None:
    """Press the button that imports, on card number `at`."""
    page.locator("article form button[type=submit]").nth(at).click()


def shoot_empty(studio: Studio, look: Look) -> None:
    with studio.page(look) as page:
        for name in ("", "import", "jobs", "datasets"):
            page.goto(f"/{name}")
            studio.shoot(page, look, f"{name or 'home'}-empty")


def bring_data(studio: Studio) -> None:
    """What the pages with something on them show."""
    with studio.page(LOOKS[0]) as page:
        page.goto("/import/")
        for source in (STOCKS, AIRPORTS):
            choose(page, copy_as(studio.folder, source.name, source))
            go(page)
            expect(page.locator("article[data-phase=done]")).to_have_count(1)
            discard_all(page)
        choose(page, spoiled_weather(studio.folder, WEATHER.name))
        page.get_by_label("Type of column 3").select_option("decimal")
        go(page)
        expect(page.locator("article[data-phase=done]")).to_have_count(1)


def shoot_sending(studio: Studio, look: Look) -> None:
    """One file on its way, one paused, one waiting."""
    with studio.page(look) as page:
        page.goto("/import/")
        speed_up = slow_down(page, bytes_per_s=SLOW_BYTES_PER_S)
        choose(
            page, *[studio.folder / name for name in ("flights.csv", "sensors.csv", "prices.csv")]
        )
        pause = page.locator("article .card-head").first.locator("button").first
        page.wait_for_timeout(2500)
        pause.click()
        page.wait_for_timeout(3500)
        page.evaluate("document.activeElement?.blur()")
        page.screenshot(path=look.path("import-sending"), full_page=True)
        speed_up()
        discard_all(page)


def discard_all(page: Page) -> None:
    for left in range(page.locator("article").count(), 0, -1):
        page.locator("article .card-head").last.locator("button").last.click()
        expect(page.locator("article")).to_have_count(left - 1)


def shoot_check(studio: Studio, look: Look) -> None:
    """The preview of a real file."""
    with studio.page(look) as page:
        page.goto("/import/")
        choose(page, studio.folder / AIRPORTS.name)
        expect(page.locator("article form .choices")).to_be_visible()
        studio.shoot(page, look, "import-check")
        page.locator("article form input[type=radio]").last.check()
        studio.shoot(page, look, "import-append")
        discard_all(page)


def shoot_done(studio: Studio, look: Look) -> None:
    """A result with refused rows, and files that are none."""
    name = f"weather-{2010 + LOOKS.index(look)}.csv"
    with studio.page(look) as page:
        page.goto("/import/")
        choose(page, spoiled_weather(studio.folder, name))
        page.locator("article select").nth(5).select_option("decimal")
        go(page)
        expect(page.locator("article[data-phase=done] .scroll")).to_be_visible()
        choose(page, studio.folder / "empty.csv", studio.folder / "picture.csv")
        expect(page.locator("article[data-phase=failed]")).to_have_count(2)
        studio.shoot(page, look, "import-done")
        discard_all(page)


def shoot_lists(studio: Studio, look: Look) -> None:
    with studio.page(look) as page:
        for path, name in {
            "/": "home",
            "/jobs/": "jobs",
            "/datasets/": "datasets",
            "/datasets/seattle-weather/": "dataset",
            "/datasets/airports/?order=latitude.desc": "dataset-sorted",
            "/no/such/page": "not-found",
        }.items():
            page.goto(path)
            studio.shoot(page, look, name)
        page.goto("/import/")
        page.keyboard.press("?")
        page.screenshot(path=look.path("keys"))


def shoot_examples(studio: Studio, look: Look) -> None:
    """As it is found, and with the answer."""
    with studio.page(look) as page:
        page.goto("/examples/#put")
        studio.shoot(page, look, "examples")
        page.locator("#example button[type=submit]").click()
        expect(page.locator(".answer .status-line")).to_contain_text("200")
        studio.shoot(page, look, "examples-sent")


def shoot_unwell(studio: Studio, look: Look) -> None:
    """The home page while the server does not answer."""
    with studio.page(look) as page:
        page.route("**/api/status/", lambda route: route.abort())
        page.goto("/")
        expect(page.locator("#server-state .advice")).to_be_visible()
        studio.shoot(page, look, "home-unwell")


def shoot_strangers(studio: Studio, look: Look) -> None:
    with studio.page(look, signed_in=False) as page:
        page.goto("/")
        studio.shoot(page, look, "welcome")
        page.goto("/login/")
        studio.shoot(page, look, "login")
        page.fill("#id_username", "alice")
        page.fill("#id_password", "wrong")
        page.locator("main button").click()
        studio.shoot(page, look, "login-wrong")
        page.goto("/login/used-already/")
        studio.shoot(page, look, "link-used")


def shoot_menu(studio: Studio, look: Look) -> None:
    if look.width > 820:
        return
    with studio.page(look) as page:
        page.goto("/")
        settle(page)
        page.locator(".menu-button").click()
        page.screenshot(path=look.path("menu"))


SCENES: dict[str, Callable[[Studio, Look], None]] = {
    "lists": shoot_lists,
    "check": shoot_check,
    "done": shoot_done,
    "sending": shoot_sending,
    "examples": shoot_examples,
    "unwell": shoot_unwell,
    "strangers": shoot_strangers,
    "menu": shoot_menu,
}


def shoot_readme(studio: Studio) -> None:
    """The pictures of the READMEs, in both languages, sharp on dense screens too."""
    README_IMAGES.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        look = Look("light", language, 1280)
        suffix = "" if language == "en" else f".{language}"
        with studio.page(look, device_scale_factor=1.5) as page:
            page.goto("/")
            settle(page)
            page.screenshot(path=README_IMAGES / f"home{suffix}.png")
            page.goto("/import/")
            choose(page, copy_as(studio.folder, "airports-2026.csv", AIRPORTS))
            expect(page.locator("article form .choices")).to_be_visible()
            page.screenshot(path=README_IMAGES / f"import{suffix}.png")
            discard_all(page)


def prepare_files(folder: Path) -> None:
    for name, times in (("flights.csv", 30), ("sensors.csv", 25), ("prices.csv", 2)):
        repeated(folder, name, AIRPORTS, times=times)
    (folder / "empty.csv").touch()
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENES, action="append", help="only these scenes")
    scenes = parser.parse_args().only
    SHOTS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sluice-screenshots-"))
    prepare_files(folder)
    try:
        with Server(folder / "home") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            studio = Studio(browser, server, folder)
            if not scenes:
                for look in LOOKS:
                    shoot_empty(studio, look)
            bring_data(studio)
            if not scenes:
                shoot_readme(studio)
            for name in scenes or SCENES:
                for look in LOOKS:
                    SCENES[name](studio, look)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(list(SHOTS.glob('*.png')))} pictures in {SHOTS}")


if __name__ == "__main__":
    main()
