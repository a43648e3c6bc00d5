"""What /monitor/ says of a load, beside what the one who loads has counted: the same, to the request.

    python bench/monitoring/counted.py [seconds [threads]]

Starts a server of its own, loads it for so long (600 for the full proof), then opens the page in
Chromium, and compares each route's count and share of 4xx, and the percentiles with the client's own.
"""

import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import requests
from playwright.sync_api import Page, sync_playwright

import tests.environment  # noqa: F401 - names the settings, so it comes first
from tests.journeys.conftest import ARGUMENTS, signed_in_state
from tests.needs import CHROMIUM
from tests.serving import Server

SECONDS, THREADS = 20.0, 4
WRITTEN_S = 60  # within which all processes have written what they counted
ROUTES = ("/api/data", "/api/post", "/api/users", "/get_example/{user_id}", "(unknown)")

# (route, first digit of the status) -> how long each request took, in seconds.
Taken = dict[tuple[str, int], list[float]]


def load(url: str, until: float, seed: int) -> Taken:
    """Requests that succeed, that are refused, and to nowhere."""
    chance, taken = random.Random(seed), defaultdict(list)
    with requests.Session() as session:
        while time.monotonic() < until:
            route, method, path, body = chance.choice(
                [
                    ("/api/data", "GET", "/api/data/", None),
                    ("/api/post", "POST", "/api/post/", {"name": "a", "age": 3}),
                    ("/api/post", "POST", "/api/post/", [chance.random()]),
                    ("/api/users", "GET", "/api/users/?name=x", None),
                    ("/api/users", "DELETE", "/api/users/", None),
                    ("/get_example/{user_id}", "GET", f"/get_example/{chance.randrange(99)}", None),
                    ("(unknown)", "GET", f"/nothing/{chance.random()}", None),
                ]
            )
            began = time.perf_counter()
            answer = session.request(method, url + path, json=body, timeout=60)
            taken[route, answer.status_code // 100].append(time.perf_counter() - began)
    return taken


def counted_by(taken: Taken, route: str) -> tuple[int, str]:
    """All, and the share of 4xx, as the page writes them."""
    count = sum(len(each) for (name, _), each in taken.items() if name == route)
    share = 100 * len(taken.get((route, 4), [])) / count
    return count, f"{share:.2f}".rstrip("0").rstrip(".") + "%"


def told_by(page: Page, route: str) -> tuple[int, str]:
    page.goto("/monitor/?range=24h")
    page.get_by_label("Route", exact=True).locator(f"option[value='{route}']").wait_for(
        state="attached"
    )
    page.get_by_label("Route", exact=True).select_option(route)
    page.locator("#charts canvas").first.wait_for()
    page.wait_for_load_state("networkidle")
    tiles = page.locator("#summary dd").all_text_contents()
    return int(tiles[0].replace(",", "")), tiles[5]


def agreed(page: Page, taken: Taken) -> Iterator[bool]:
    for route in ROUTES:
        wanted, deadline = counted_by(taken, route), time.monotonic() + WRITTEN_S
        while (told := told_by(page, route)) != wanted and time.monotonic() < deadline:
            page.wait_for_timeout(1000)
        print(f"{route:24} counted {wanted[0]:8,} {wanted[1]:>7}   told {told[0]:8,} {told[1]:>7}")
        yield told == wanted


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else THREADS
    folder = Path(tempfile.mkdtemp(prefix="sluice-counted-"))
    with Server(folder / "home") as server, sync_playwright() as playwright:
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda seed: load(server.url, until, seed), range(threads)))
        taken: Taken = defaultdict(list)
        for part in parts:
            for key, durations in part.items():
                taken[key] += durations
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        state = signed_in_state(browser, server)
        page = browser.new_context(base_url=server.url, storage_state=state, locale="en").new_page()
        is_same = list(agreed(page, taken))
        every = [each for durations in taken.values() for each in durations]
        centiles = statistics.quantiles(every, n=100)
        print(f"client's P50 {centiles[49] * 1e3:.1f} ms, P99 {centiles[98] * 1e3:.1f} ms")
        print(f"{len(every):,} requests: {'the same' if all(is_same) else 'NOT THE SAME'}")
        browser.close()
    if not all(is_same):
        sys.exit(1)


if __name__ == "__main__":
    main()
