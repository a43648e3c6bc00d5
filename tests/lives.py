"""A web server, or a worker, that can be killed and is back at once: each life is a fork that was ready
before.

Run as a program, it serves the ASGI app on the port it is given, or is a worker if it is given none,
and reads commands from its standard input: `kill` ends the life by SIGKILL and starts the next.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.serving import OF_A_RUN, ROOT, free_port


class Lives:
    """The server in a process of its own; `environment` says which home and database."""

    def __init__(self, home: Path, environment: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in OF_A_RUN}
        self.environment = {**inherited, "SLUICE_HOME": str(home), "LOG_LEVEL": "WARNING"}
        self.environment |= {"RATE_LIMIT_ENABLED": "0", **(environment or {})}

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lives", *self._arguments()],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._next_pid()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin and self._process.stdout
        with self._process.stdin, self._process.stdout:
            os.kill(self.pid, signal.SIGCONT)
            self._process.stdin.write("end\n")
        self._process.wait(20)

    def _arguments(self) -> list[str]:
        return [str(self.port)]

    def kill(self) -> None:
        """SIGKILL; return once the next life has begun."""
        assert self._process.stdin
        self._process.stdin.write("kill\n")
        self._process.stdin.flush()
        self.pid = self._next_pid()

    def _next_pid(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


class WorkerLives(Lives):
    """`manage.py worker` in their place; what its pool carries out dies with it."""

    def _arguments(self) -> list[str]:
        return []


def serving(port: int) -> Callable[[], object]:
    """What a life of a web server does."""
    import uvicorn  # noqa: PLC0415 - the test process has no use for what follows
    from django.urls import get_resolver  # noqa: PLC0415

    from apiapp.management.connections import requests_within  # noqa: PLC0415
    from myproject.asgi import application  # noqa: PLC0415

    get_resolver().url_patterns  # noqa: B018 - loads all views, or each life would at its beginning
    listening = socket.create_server(("127.0.0.1", port), backlog=200)
    http = requests_within(head_s=60)  # as `serve` has them
    config = uvicorn.Config(application, log_level="warning", loop="uvloop", http=http)
    return lambda: uvicorn.Server(config).run(sockets=[listening])


def working() -> Callable[[], object]:
    """What a life of a worker does."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from myproject.celery import app  # noqa: PLC0415

    django.setup()
    app.loader.import_default_modules()
    return lambda: call_command("worker", concurrency=1)


def main(live: Callable[[], object]) -> None:
    life = born(live)
    for command in sys.stdin:
        os.kill(life, signal.SIGKILL)
        os.waitpid(life, 0)
        if command == "end\n":
            return
        life = born(live)


def born(live: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        return pid
    live()
    os._exit(0)


if __name__ == "__main__":
    main(serving(int(sys.argv[1])) if sys.argv[1:] else working())
