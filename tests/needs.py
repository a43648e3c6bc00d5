"""What the optional parts of the suite need: found, or named in the reason for a skip."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

POSTGRES_URL = os.environ.get(
    "SLUICE_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
REDIS_URL = os.environ.get("SLUICE_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
RABBITMQ_URL = os.environ.get("SLUICE_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
NODE = shutil.which("node") or ""
NODE_MODULES = Path(__file__).parent.parent / "node_modules"
CLIENTS = ("tus-js-client", "resumablejs", "@flowjs/flow.js")

REQUIRED = set(filter(None, os.environ.get("SLUICE_REQUIRE", "").split(",")))


def listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), 1.0):
            return True
    except OSError:
        return False


# marker -> (is it there, what to do)
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "postgres": (lambda: listens(POSTGRES_URL), "no PostgreSQL at SLUICE_TEST_POSTGRES_URL"),
    "redis": (lambda: listens(REDIS_URL), "no Redis at SLUICE_TEST_REDIS_URL"),
    "rabbitmq": (lambda: listens(RABBITMQ_URL), "no RabbitMQ at SLUICE_TEST_RABBITMQ_URL"),
    "chromium": (lambda: bool(CHROMIUM), "the program chromium is not installed"),
    "node": (
        lambda: bool(NODE) and all((NODE_MODULES / client).is_dir() for client in CLIENTS),
        f"no program node, or npm ci was not run: {', '.join(CLIENTS)} are not all there",
    ),
    "xvfb": (lambda: bool(shutil.which("Xvfb")), "the program Xvfb is not installed"),
}
