"""What it costs a request to be counted: `python -m bench.counting`.

An ASGI application that does next to nothing is asked with and without the counting around it.
"""

import asyncio
import os
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from apiapp.monitoring.measuring import Counted
from apiapp.monitoring.tally import Tally
from myproject.asgi import application

REQUESTS = 50_000
RUNS = 5
PATHS = {
    "one path": ["/api/data"],
    "20,000 paths of one route": [f"/api/v1/users/{number}" for number in range(20_000)],
    "20,000 unknown paths": [f"/x/{number}/y" for number in range(20_000)],
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["method"] == "POST":
        await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"abc"}


async def send(message: dict[str, Any]) -> None: ...


async def us_each(asked: Any, method: str, paths: list[str]) -> float:
    began_at = time.perf_counter()
    for number in range(REQUESTS):
        scope = {"type": "http", "method": method, "path": paths[number % len(paths)]}
        await asked(scope, receive, send)
    return (time.perf_counter() - began_at) / REQUESTS * 1e6


async def main() -> None:
    counted = Counted(app, tally=Tally(), route_of=application._route_of)
    for method in ("GET", "POST"):
        for what, paths in PATHS.items():
            with_it = [await us_each(counted, method, paths) for _ in range(RUNS)]
            without = [await us_each(app, method, paths) for _ in range(RUNS)]
            print(f"{method}, {what}: {min(with_it) - min(without):.1f} us more")


if __name__ == "__main__":
    asyncio.run(main())
