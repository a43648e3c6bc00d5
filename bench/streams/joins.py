"""How long a new viewer waits for the first picture of a screen of 1920x1080.

    python -m bench.streams.joins [--joins 20] [--scene still]

From opening the connection to having the whole first picture, which is one that stands alone: when
nothing runs and the source has to be opened first, when the source is open and nobody watches, and
beside a viewer who watches already.
"""

import argparse
import asyncio
import math
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from bench.api._servers import default_server, manage, sluice_environment
from bench.streams._display import virtual_screen
from bench.streams._painter import SCENES
from bench.streams._results import TITLES
from bench.streams._viewers import Counter, counter_for
from bench.streams.screens import OURS, missing_screen, painted

CLOSED_AFTER_S = 0.1  # of a server on which nothing runs between two viewers
CLOSED_S, OPEN_S = 1.5, 0.5  # between two viewers
FIRST_S = 20.0


@contextmanager
def sluice(display: str, home: Path, **more: str) -> Iterator[tuple[int, str]]:
    """Port and key of a server that shows the display."""
    environment = sluice_environment(home, SCREEN_SOURCE="local", DISPLAY=display, **more)
    manage(environment, "migrate", "-v0")
    key = manage(environment, "create_api_key", "--user", "bench", "--create-user", "--staff")
    with default_server(environment) as port:
        yield port, key


@asynccontextmanager
async def watching(port: int, path: str, key: str) -> AsyncIterator[Counter]:
    """A viewer who has had a picture."""
    loop = asyncio.get_running_loop()
    transport, viewer = await loop.create_connection(
        lambda: counter_for(path, key), "127.0.0.1", port
    )
    try:
        async with asyncio.timeout(FIRST_S):
            await viewer.first
        yield viewer
    finally:
        transport.close()


async def waits_ms(port: int, path: str, key: str, *, joins: int, pause_s: float) -> list[float]:
    """Of one viewer after the other."""
    waits = []
    for _ in range(joins):
        await asyncio.sleep(pause_s)
        began = time.monotonic()
        async with watching(port, path, key):
            waits.append((time.monotonic() - began) * 1000)
    return waits


async def waits_beside_another(port: int, path: str, key: str, *, joins: int) -> list[float]:
    async with watching(port, path, key):
        return await waits_ms(port, path, key, joins=joins, pause_s=OPEN_S)


def row(codec: str, when: str, waits: list[float]) -> str:
    ordered = sorted(waits)
    p95 = ordered[math.ceil(len(ordered) * 0.95) - 1]
    middle = statistics.median(ordered)
    return f"| {TITLES[codec]} | {when} | {middle:.0f} ms | {p95:.0f} ms | {ordered[-1]:.0f} ms |"


def measure(display: str, joins: int) -> Iterator[str]:
    """The rows of the table, as they are found."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        closing = {"SCREEN_IDLE_S": str(CLOSED_AFTER_S)}
        with sluice(display, Path(home), **closing) as (port, key):
            for codec, path in OURS.items():
                waits = asyncio.run(waits_ms(port, path, key, joins=joins, pause_s=CLOSED_S))
                yield row(codec, "nothing runs", waits)
        with sluice(display, Path(home)) as (port, key):
            for codec, path in OURS.items():
                waits = asyncio.run(waits_ms(port, path, key, joins=joins, pause_s=OPEN_S))
                yield row(codec, "the source is open", waits)
                waits = asyncio.run(waits_beside_another(port, path, key, joins=joins))
                yield row(codec, "somebody watches", waits)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams.joins")
    parser.add_argument("--joins", type=int, default=20)
    parser.add_argument("--scene", choices=list(SCENES), default="still")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    if why := missing_screen():
        print(why)
        return
    print(f"Load of this machine before: {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores.\n")
    print("| first picture | when | median | p95 | longest |\n| --- | --- | ---: | ---: | ---: |")
    with ExitStack() as running:
        display = running.enter_context(virtual_screen())
        running.enter_context(painted(display, asked.scene))
        for line in measure(display, asked.joins):
            print(line, flush=True)


if __name__ == "__main__":
    main()
