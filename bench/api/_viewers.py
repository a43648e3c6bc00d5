"""Viewers, in a process of their own: `python -m bench.api._viewers PORT KEY COUNT`.

COUNT sockets that follow all jobs and COUNT readers of /stream, until the process is ended.  One
line is printed once all are there.
"""

import asyncio
import sys

from websockets.asyncio.client import connect

CHUNK_BYTES = 4096


async def follow(url: str, key: str, ready: asyncio.Semaphore) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(url, additional_headers=headers) as socket:
        await socket.send('{"type": "follow_all"}')
        ready.release()
        async for _ in socket:
            pass


async def watch(port: int, ready: asyncio.Semaphore) -> None:
    """Read the page to its end, again and again."""
    is_ready = False
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while await reader.read(CHUNK_BYTES):
            if not is_ready:
                is_ready = True
                ready.release()
        writer.close()


async def main(port: int, key: str, count: int) -> None:
    ready = asyncio.Semaphore(0)
    url = f"ws://127.0.0.1:{port}/ws/jobs/"
    tasks = [asyncio.create_task(follow(url, key, ready)) for _ in range(count)]
    tasks += [asyncio.create_task(watch(port, ready)) for _ in range(count)]
    for _ in tasks:
        await ready.acquire()
    print("ready", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
