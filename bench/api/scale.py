"""One POST as production wants it, at scale: Sluice under granian, beside FastAPI.

    python -m bench.api.scale [--rounds 5] [--seconds 4]

Both: key check (HMAC), rate limit in Redis, validation, one INSERT into PostgreSQL, 201 with
Location.  Two processes each, the same PostgreSQL and Redis, databases of their own.  32
connections of wrk, one after the other; medians are printed.
"""

import argparse
import http.client
import secrets
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg

from bench.api._load import Call, Table, is_installed, load
from bench.api._servers import (
    PEERS,
    POSTGRES_URL,
    REDIS_URL,
    ROOT,
    free_port,
    manage,
    own_database,
    peers_python,
    served,
    sluice_environment,
)

OURS = "Sluice, granian WSGI"
PEER = "FastAPI, SQLAlchemy async"
PROCESSES = 2
POOL_SIZE = 8
BODY = '{"title": "A title", "content": "What it is about, in a few words"}'


def call_with(key: str) -> Call:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    return Call("POST", "/api/v1/posts/", BODY, headers)


def require_created(name: str, port: int, call: Call) -> None:
    """A server that refuses would be measured at less work."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(call.method, call.path, call.body.encode(), call.headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 201 or not response.headers["Location"]:
        raise SystemExit(f"{name}: {response.status} {content!r}")


def sluice(running: ExitStack, home: Path, *, threads: int) -> tuple[int, Call]:
    environment = sluice_environment(
        home,
        DATABASE_URL=running.enter_context(own_database()),
        DATABASE_POOL_SIZE=str(POOL_SIZE),
        REDIS_URL=REDIS_URL,
        RATE_LIMIT_ENABLED="1",
        RATE_LIMIT_CALLERS="100000000/m",
    )
    manage(environment, "migrate", "-v0")
    key = manage(environment, "create_api_key", "--user", "tester", "--create-user")
    site_packages = next(peers_python().parents[1].glob("lib/python*/site-packages"))
    port = free_port()
    command = [
        *(sys.executable, str(ROOT / "bench" / "api" / "_granian.py"), str(site_packages)),
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(PROCESSES), "--blocking-threads", str(threads)),
        *("--no-access-log", "myproject.wsgi:application"),
    ]
    python_path = {"PYTHONPATH": str(ROOT)}
    running.enter_context(
        served(command, port=port, path="/healthz", cwd=ROOT, environment=environment | python_path)
    )
    return port, call_with(key)


def fastapi(running: ExitStack) -> tuple[int, Call]:
    url = running.enter_context(own_database())
    environment = {
        "DATABASE_URL": url.replace("postgres://", "postgresql+asyncpg://"),
        "REDIS_URL": REDIS_URL,
        "SERVER_SECRET": secrets.token_hex(),
    }
    secret, python = secrets.token_urlsafe(32), str(peers_python())
    prepare = f"import asyncio, fastapi_posts; asyncio.run(fastapi_posts.prepare({secret!r}))"
    subprocess.run([python, "-c", prepare], cwd=PEERS, env=environment, check=True)
    port = free_port()
    command = [
        *(python, "-m", "uvicorn", "fastapi_posts:app", "--port", str(port)),
        *("--workers", str(PROCESSES), "--no-access-log", "--log-level", "warning"),
    ]
    running.enter_context(served(command, port=port, path="/healthz", environment=environment))
    return port, call_with(f"bench.{secret}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2, help="of each granian process")
    asked = parser.parse_args()
    try:
        psycopg.connect(POSTGRES_URL).close()
    except psycopg.OperationalError:
        print("no PostgreSQL at SLUICE_TEST_POSTGRES_URL: nothing was measured")
        return
    if not is_installed():
        print("wrk is not installed: nothing was measured")
        return
    title = "POST /api/v1/posts/: key, limit, validation, INSERT, 201"
    with ExitStack() as running, tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        contenders = {
            OURS: sluice(running, Path(home), threads=asked.threads),
            PEER: fastapi(running),
        }
        for name, (port, call) in contenders.items():
            require_created(name, port, call)
            load(port, call, seconds=1)  # until it is warm
        table = Table(OURS)
        for _ in range(asked.rounds):
            for name, (port, call) in contenders.items():
                table.add(title, name, load(port, call, seconds=asked.seconds))
        table.show()
        running.close()


if __name__ == "__main__":
    main()
