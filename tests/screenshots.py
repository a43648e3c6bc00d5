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

import requests
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
MENU = {"filter": 2, "statistics": 3, "type": 11}  # places in the menu of a column of text
SHOWN = {"SCREEN_SOURCE": "pattern:1280x720"}


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
    expect(page.locator(".skeleton:visible")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def choose(page: Page, *files: Path) -> None:
    page.set_input_files("#file-input", list(files))


def go(page: Page, at: int = 0) -> None:
    """Press the button that imports, on card number `at`."""
    page.locator("article form button[type=submit]").nth(at).click()


def shoot_empty(studio: Studio, look: Look) -> None:
    with studio.page(look) as page:
        for name in ("", "import", "uploads", "jobs", "datasets"):
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
    """Two files on their way and one paused; how they are listed; what a reload finds."""
    with studio.page(look) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/import/")
        speed_up = slow_down(page, bytes_per_s=SLOW_BYTES_PER_S)
        choose(
            page, *[studio.folder / name for name in ("flights.csv", "sensors.csv", "prices.csv")]
        )
        page.wait_for_timeout(2500)
        page.locator(".uppy-Dashboard-Item-progressIndicator").first.click()
        page.wait_for_timeout(3500)
        page.evaluate("document.activeElement?.blur()")
        page.screenshot(path=look.path("import-sending"), full_page=True)
        page.goto("/uploads/")
        page.locator(".uploads summary").first.click()
        studio.shoot(page, look, "uploads-arriving")
        page.goto("/import/")
        expect(page.locator(".uppy-Dashboard-serviceMsg")).to_be_visible()
        studio.shoot(page, look, "import-kept")
        speed_up()
        page.locator(".uploader .uppy-DashboardContent-back").click()
        expect(page.locator(".uppy-Dashboard-Item")).to_have_count(0)
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
            "/uploads/": "uploads",
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


def shoot_dataset(studio: Studio, look: Look) -> None:
    """What opens on the page of a dataset."""
    with studio.page(look) as page:
        page.goto("/datasets/seattle-weather/")
        settle(page)
        page.locator(".grid-body [role=rowheader]").nth(1).click()
        page.screenshot(path=look.path("dataset-row"))
        page.locator("#row-panel .close").click()
        page.locator(".export-menu summary").click()
        page.screenshot(path=look.path("dataset-export"))
        page.keyboard.press("Escape")
        page.locator("#share").click()
        page.locator(".give-away summary").click()
        page.screenshot(path=look.path("dataset-share"))
        page.keyboard.press("Escape")


def shoot_column(studio: Studio, look: Look) -> None:
    """What the menu of a column leads to."""
    with studio.page(look) as page:
        page.goto("/datasets/seattle-weather/")
        settle(page)
        open_column_menu(page, "weather")
        page.screenshot(path=look.path("column-menu"))
        page.get_by_role("menuitem").nth(MENU["filter"]).click()
        page.locator(".filter-form select").select_option("one_of")
        page.locator(".frequent-values").wait_for()
        page.screenshot(path=look.path("column-filter"))
        page.keyboard.press("Escape")
        open_column_menu(page, "weather")
        page.get_by_role("menuitem").nth(MENU["type"]).click()
        page.locator(".retype-dialog .actions button").first.click()
        page.locator(".retype-dialog [role=status]").wait_for()
        page.screenshot(path=look.path("column-type"))
        page.keyboard.press("Escape")
        open_column_menu(page, "weather")
        page.get_by_role("menuitem").nth(MENU["statistics"]).click()
        page.locator(".statistics dl").wait_for()
        studio.shoot(page, look, "column-statistics")


def open_column_menu(page: Page, name: str) -> None:
    header = page.locator(f"[role=columnheader][data-name={name}]")
    if not header.count():  # beyond what is seen of the columns
        page.locator("#rows").evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    header.locator(".column-menu").click()


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


def bring_screens(studio: Studio) -> None:
    """A screen beside this machine's own, which nobody shares at the moment."""
    url, headers = f"{studio.server.url}/api/screens/", studio.server.headers
    requests.post(url, json={"name": "team", "title": "Design review"}, headers=headers, timeout=30)
    requests.patch(f"{url}main/", json={"sharing": "link"}, headers=headers, timeout=30)


def shoot_screens(studio: Studio, look: Look) -> None:
    """The list, its dialog with a new link, a live picture, one that is not there, and sharing."""
    bring_screens(studio)
    with studio.page(look) as page:
        page.goto("/screens/")
        expect(page.locator("[data-name=main] img")).to_be_visible()
        studio.shoot(page, look, "screens")
        page.locator("[data-name=main]").get_by_role("button").click()
        page.locator(".link-form button").click()
        expect(page.locator(".made-link")).to_be_visible()
        page.screenshot(path=look.path("screen-sharing"))
        page.goto("/screens/main/")
        expect(page.locator("#canvas")).to_have_attribute("data-state", "live")
        page.keyboard.press("i")
        page.wait_for_timeout(2500)
        page.screenshot(path=look.path("screen"))
        page.keyboard.press("k")
        page.screenshot(path=look.path("screen-paused"))
        page.goto("/screens/team/")
        expect(page.locator("#canvas")).to_have_attribute("data-state", "waiting")
        page.screenshot(path=look.path("screen-waiting"))
        page.goto("/screens/share/")
        studio.shoot(page, look, "screen-share")


def shoot_watchers(studio: Studio, look: Look) -> None:
    """What those see who were sent a link, and how a device comes to trust the server."""
    url, headers = f"{studio.server.url}/api/screens/main/links/", studio.server.headers
    link = requests.post(url, json={"pin": "4711"}, headers=headers, timeout=30).json()
    with studio.page(look, signed_in=False) as page:
        page.goto(link["url"])
        page.locator("main form input:not([type=hidden])").wait_for()
        studio.shoot(page, look, "screen-pin")
        page.goto("/screens/main/open/slk_none/")
        studio.shoot(page, look, "screen-link-gone")
        page.goto("/https/")
        studio.shoot(page, look, "https")


def shoot_trust(browser: Browser, folder: Path) -> None:
    """How a device comes to trust a server that has HTTPS of its own."""
    with Server(folder / "https", {"HTTPS": "1"}) as server:
        for look in LOOKS:
            context = browser.new_context(base_url=server.url, **look.options)
            page = context.new_page()
            page.goto("/https/")
            page.screenshot(path=look.path("https-trust"), full_page=True)
            context.close()


def shoot_monitor(studio: Studio, look: Look) -> None:
    """Figures of what these pictures have asked for, and an alert that fires."""
    url, headers = f"{studio.server.url}/api/monitoring/rules/", studio.server.headers
    wanted = {"figure": "jobs_waiting", "threshold": -1, "for_s": 0}
    rules = requests.get(url, headers=headers, timeout=30).json()["results"]
    if not any(each["figure"] == "jobs_waiting" for each in rules):
        requests.post(url, json=wanted, headers=headers, timeout=30)
    with studio.page(look) as page:
        page.goto("/monitor/?range=15m")
        expect(page.locator("#firing .note")).to_be_visible(timeout=60_000)
        expect(page.locator("#charts canvas")).to_have_count(4, timeout=60_000)
        studio.shoot(page, look, "monitor")
        page.goto("/monitor/?range=15m&route=/nobody/asked/for/this")
        expect(page.locator("#charts .empty")).to_be_visible()
        studio.shoot(page, look, "monitor-empty")


SCENES: dict[str, Callable[[Studio, Look], None]] = {
    "lists": shoot_lists,
    "dataset": shoot_dataset,
    "column": shoot_column,
    "check": shoot_check,
    "done": shoot_done,
    "sending": shoot_sending,
    "examples": shoot_examples,
    "unwell": shoot_unwell,
    "strangers": shoot_strangers,
    "screens": shoot_screens,
    "watchers": shoot_watchers,
    "menu": shoot_menu,
    "monitor": shoot_monitor,
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
        with Server(folder / "home", SHOWN) as server, sync_playwright() as playwright:
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
            if not scenes or "watchers" in scenes:
                shoot_trust(browser, folder)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(list(SHOTS.glob('*.png')))} pictures in {SHOTS}")


if __name__ == "__main__":
    main()
