"""The servers that files are sent to."""

import hashlib
import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bench.api._servers import ROOT, free_port, manage, served_by, sluice_environment

PEERS = Path(__file__).resolve().parent / "peers"
FINISH_S = 120.0


class Contender(Protocol):
    """A server that runs.  headers: of every request.  pid: of the process above all its others."""

    name: str
    pid: int
    port: int
    collection: str
    headers: str

    def finish(self, urls: list[str], wanted: list[str]) -> None:
        """Return once nothing is left to be done; raises unless the files have these SHA-256."""

    def remove(self, urls: list[str]) -> None:
        """Delete the uploads."""


class Sluice:
    """`manage.py serve` as it comes: an API key for every request, limits counted, SQLite."""

    name = "Sluice"
    collection = "/api/tus/"

    def __init__(self, pid: int, port: int, key: str) -> None:
        self.pid, self.port = pid, port
        self.headers = f"Authorization: Bearer {key}\r\n"
        self._key = key

    def finish(self, urls: list[str], wanted: list[str]) -> None:
        deadline = time.monotonic() + FINISH_S
        for url, sha256 in zip(urls, wanted, strict=True):
            while (told := self._ask("GET", url))["state"] != "finished":
                if told["state"] == "failed" or time.monotonic() > deadline:
                    raise SystemExit(f"not finished: {told}")
                time.sleep(0.05)
            if told["sha256"] != sha256:
                raise SystemExit(f"other bytes than were sent: {told}")

    def remove(self, urls: list[str]) -> None:
        for url in urls:
            self._ask("DELETE", url)

    def _ask(self, method: str, url: str) -> dict[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FINISH_S)
        file_id = url.rstrip("/").rpartition("/")[2]
        headers = {"Authorization": f"Bearer {self._key}"}
        connection.request(method, f"/api/uploads/{file_id}/", headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status not in (200, 204):
            raise SystemExit(f"{method} {url}: {answer.status} {content!r}")
        found: dict[str, str] = json.loads(content or b"{}")
        return found


class TusServer:
    """@tus/server with its FileStore: nobody is asked for a key, nothing is synced or verified."""

    name = "@tus/server"
    collection = "/files"
    headers = ""

    def __init__(self, pid: int, port: int, folder: Path) -> None:
        self.pid, self.port = pid, port
        self._folder = folder

    def finish(self, urls: list[str], wanted: list[str]) -> None:
        for url, sha256 in zip(urls, wanted, strict=True):
            if sha256_of(self._folder / url.rpartition("/")[2]) != sha256:
                raise SystemExit(f"other bytes than were sent: {url}")

    def remove(self, urls: list[str]) -> None:
        for path in self._folder.iterdir():
            path.unlink()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def sluice(home: Path) -> Iterator[Sluice]:
    environment = sluice_environment(home, RATE_LIMIT_ENABLED="1", RATE_LIMIT_CALLERS="100000000/m")
    manage(environment, "migrate", "-v0")
    key = manage(environment, "create_api_key", "--user", "tester", "--create-user")
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with served_by(command, port=port, path="/readyz", cwd=ROOT, environment=environment) as server:
        yield Sluice(server.pid, port, key)


@contextmanager
def tus_server(folder: Path) -> Iterator[TusServer]:
    folder.mkdir()
    port = free_port()
    program = installed_peers() / "tus_server.mjs"
    command = ["node", str(program), str(port), str(folder)]
    with served_by(command, port=port, path="/", cwd=folder, status=404) as server:
        yield TusServer(server.pid, port, folder)


def installed_peers() -> Path:
    """A folder with the programs of peers/ and what they need, installed the first time."""
    folder = Path(sys.prefix) / "peers-node"
    locked, installed = PEERS / "package-lock.json", folder / "installed.json"
    if not installed.exists() or installed.read_bytes() != locked.read_bytes():
        print(f"installing the peers into {folder}, once ...", flush=True)
        shutil.copytree(PEERS, folder, dirs_exist_ok=True)
        npm = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        subprocess.run(npm, cwd=folder, check=True, capture_output=True)
        installed.write_bytes(locked.read_bytes())
    shutil.copy(PEERS / "tus_server.mjs", folder)
    return folder
