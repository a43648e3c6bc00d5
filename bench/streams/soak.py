"""`python -m bench.streams.soak [--minutes 10]`: viewers that come, stall and go, for long.

Viewers of every codec and tier, some of them of a screen whose publisher comes and goes: most leave
as browsers do, some break off, some take nothing until they are let go.  Memory, open files and
threads of the web process are sampled; when all have left they must be what they were.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from bench.api._servers import default_server, manage, sluice_environment
from bench.streams._watching import cpu_s
from bench.streams.screens import server_on
from streaming.core.wire import Kind, pack, pack_config

VIEWERS = 16
SAMPLE_S = 5.0
STALLED_S = 4
SETTLED_S = 15.0  # idle_s of a screen, and some
WARM_UP_PARTS = 5  # the first of so many parts of the time does not count
SOURCE = "pattern:960x540"
FAR = (640, 360, 15)
WAYS = ("h264", "h264", "tiles", "jpeg", "mjpeg", "mjpeg", "snapshot.jpg")
ENDS = ("leaves", "leaves", "leaves", "breaks off", "stalls")


@dataclass(frozen=True)
class Sample:
    rss_mb: float
    files: int
    threads: int


def sample(pid: int) -> Sample:
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return Sample(
        rss_mb=int(fields["VmRSS"].split()[0]) / 1024,
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(fields["Threads"]),
    )


@dataclass(frozen=True)
class Server:
    """process_id: of its web process."""

    port: int
    key: str
    process_id: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def web_process(port: int) -> int:
    """The process that speaks to clients, a child of the one that was started."""
    for child in Path(f"/proc/{server_on(port)}/task").glob("*/children"):
        for pid in map(int, child.read_text().split()):
            if "web" in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                return pid
    raise SystemExit("the web server's process was not found")


# --- viewers --------------------------------------------------------------------------------------


def request(server: Server, name: str, way: str, tier: str) -> bytes:
    """The head of a request for pictures, of a socket or of an answer."""
    is_answer = way in ("mjpeg", "snapshot.jpg")
    query = f"tier={tier}" if is_answer else f"codec={way}&tier={tier}"
    path = f"/screens/{name}/{way}" if is_answer else f"/ws/screens/{name}/"
    lines = [f"GET {path}?{query} HTTP/1.1", "Host: localhost", "Connection: close"]
    if not is_answer:
        lines[2] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
        lines.append("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    lines.append(f"Authorization: Bearer {server.key}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def view_once(server: Server, seen: Counter[str]) -> None:
    """Come, watch for a while, and end in one of ENDS."""
    name, way = random.choice(("main", "main", "far")), random.choice(WAYS)
    end, tier = random.choice(ENDS), random.choice(("full", "full", "light"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=2**16)
    try:
        writer.write(request(server, name, way, tier))
        received = await read_for(reader, random.uniform(1, 8))
        if end == "stalls":
            await asyncio.sleep(STALLED_S + 5)
        seen[f"{name} {way}"] += 1
        seen[end] += 1
        seen["bytes"] += received
    finally:
        if end == "breaks off":
            writer.transport.abort()
        writer.close()


async def read_for(reader: asyncio.StreamReader, seconds: float) -> int:
    received = 0
    try:
        async with asyncio.timeout(seconds):
            while piece := await reader.read(2**16):
                received += len(piece)
    except TimeoutError:
        pass
    return received


async def view(server: Server, until: float, seen: Counter[str]) -> None:
    while time.monotonic() < until:
        try:
            await view_once(server, seen)
        except OSError as error:
            seen[f"error {type(error).__name__}"] += 1
        await asyncio.sleep(random.uniform(0, 1))


async def publish(server: Server, until: float, seen: Counter[str]) -> None:
    """The screen `far`: there for a while, broken off or stopped, and there again."""
    width, height, fps = FAR
    url = f"ws://localhost:{server.port}/ws/screens/far/publish/"
    config = {"codec": "jpeg", "width": width, "height": height, "fps": fps}
    while time.monotonic() < until:
        stays_until = time.monotonic() + random.uniform(5, 20)
        try:
            async with connect(url, additional_headers=server.headers, compression=None) as socket:
                await socket.send(pack_config(config))
                sequence = 0
                while time.monotonic() < min(until, stays_until):
                    await socket.send(picture(sequence))
                    sequence += 1
                    await asyncio.sleep(1 / fps)
                if random.random() < 0.5:
                    socket.transport.abort()
            seen["publishers"] += 1
        except (OSError, ConnectionClosed, InvalidMessage) as error:
            seen[f"publisher's {type(error).__name__}"] += 1
        await asyncio.sleep(random.uniform(0.5, 4))


def picture(sequence: int) -> bytes:
    width, height, _ = FAR
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, sequence * 8 % width :][:, :40] = sequence % 256
    jpeg = simplejpeg.encode_jpeg(pixels, quality=80)
    now_us = time.time_ns() // 1000
    return pack(Kind.JPEG, jpeg, is_key=True, sequence=sequence, captured_at_us=now_us)


# --- figures --------------------------------------------------------------------------------------


async def watch_process(pid: int, until: float) -> list[Sample]:
    samples = []
    while time.monotonic() < until:
        await asyncio.sleep(SAMPLE_S)
        samples.append(sample(pid))
        print(json.dumps(vars(samples[-1])), flush=True)
    return samples


def in_parts(samples: list[Sample], parts: int) -> list[list[Sample]]:
    size = max(1, len(samples) // parts)
    return [samples[i * size : (i + 1) * size] for i in range(parts)]


def report(before: Sample, samples: list[Sample], after: Sample, idle_ratio: float) -> None:
    print(f"\n{'':24}{'RSS MB':>10}{'files':>8}{'threads':>9}")
    rows: list[tuple[str, list[Sample]]] = [("before", [before])]
    parts = in_parts(samples, WARM_UP_PARTS)
    rows += [(f"part {i + 1} of {WARM_UP_PARTS}", part) for i, part in enumerate(parts)]
    for label, found in [*rows, ("when all have left", [after])]:
        figures = [
            statistics.median(getattr(each, name) for each in found) for name in vars(found[0])
        ]
        print(f"{label:24}{figures[0]:10.1f}{figures[1]:8.0f}{figures[2]:9.0f}")
    second, last = (
        statistics.median(each.rss_mb for each in part) for part in (parts[1], parts[-1])
    )
    print(
        f"RSS, last part to second: {last / second:.3f}; CPU when all have left: {idle_ratio:.1%}"
    )


async def soak(server: Server, minutes: float) -> None:
    pid, seen = server.process_id, Counter[str]()
    before = sample(pid)
    until = time.monotonic() + minutes * 60
    works: list[Any] = [view(server, until, seen) for _ in range(VIEWERS)]
    samples, *_ = await asyncio.gather(
        watch_process(pid, until), publish(server, until, seen), *works
    )
    await asyncio.sleep(SETTLED_S)
    used_s = cpu_s(pid)
    await asyncio.sleep(SAMPLE_S)
    idle_ratio = (cpu_s(pid) - used_s) / SAMPLE_S
    report(before, samples, sample(pid), idle_ratio)
    print(json.dumps(dict(seen.most_common())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = sluice_environment(
            Path(home), SCREEN_SOURCE=SOURCE, SCREEN_STALLED_S=str(STALLED_S)
        )
        manage(environment, "migrate", "-v0")
        key = manage(environment, "create_api_key", "--user", "soak", "--create-user", "--staff")
        with default_server(environment) as port:
            asyncio.run(soak(Server(port, key, web_process(port)), options.minutes))


if __name__ == "__main__":
    main()
