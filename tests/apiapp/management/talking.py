"""A connection to an app that uvicorn serves in this process, by a protocol of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.serving import free_port


@asynccontextmanager
async def connected(
    app: Any, protocol: Any, **more: Any
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """more: settings of uvicorn."""
    port = free_port()
    config = uvicorn.Config(app, port=port, http=protocol, log_config=None, lifespan="off", **more)
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await running
