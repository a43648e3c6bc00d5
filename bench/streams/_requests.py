"""Requests at a steady rate: `python -m bench.streams._requests PORT PATH KEY PER_S`.

One line is printed with the first answer; for each line on standard input comes one of JSON with
how many ms each answer took since the last.
"""

import asyncio
import json
import sys
import time

CONNECTIONS = 4


class Asking:
    def __init__(self, port: int, path: str, key: str) -> None:
        self._port = port
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
        ).encode()
        self.took_ms: list[float] = []
        self.has_answer = asyncio.Event()

    async def run(self, every_s: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        due = time.monotonic()
        while True:
            began = time.monotonic()
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"refused: {head!r}")
            lengths = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
            await reader.readexactly(int(lengths[0].split(b":")[1]))
            self.took_ms.append((time.monotonic() - began) * 1000)
            self.has_answer.set()
            due = max(due + every_s, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def main(port: int, path: str, key: str, per_s: float) -> None:
    loop = asyncio.get_running_loop()
    asking = Asking(port, path, key)
    tasks = [asyncio.create_task(asking.run(CONNECTIONS / per_s)) for _ in range(CONNECTIONS)]
    await asking.has_answer.wait()
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        took, asking.took_ms = asking.took_ms, []
        print(json.dumps(took), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])))
