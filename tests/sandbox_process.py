"""`manage.py sandbox_gateway`, as a process of a test."""

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Self

import requests

from tests.serving import ROOT

PATIENCE_S = 60.0


class SandboxProcess:
    """environment: of the server whose gateway it is.  callback_url: "" for no callbacks."""

    def __init__(self, environment: Mapping[str, str], *, callback_url: str = "") -> None:
        self._environment = environment
        self._callback_url = callback_url

    def __enter__(self) -> Self:
        command = [sys.executable, "manage.py", "sandbox_gateway", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--callback-url", self._callback_url],
            cwd=ROOT,
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        where = self._process.stdout.readline()
        key = self._process.stdout.readline()
        found = re.search(r"http://\S+", where)
        assert found, where + key
        self.url = found.group()
        self._headers = {"Authorization": f"Bearer {key.split()[-1]}"}
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdout
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def charges(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/charges", headers=self._headers, timeout=PATIENCE_S)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def behave(self, **wanted: Any) -> None:
        answer = requests.put(
            f"{self.url}/behaviour", json=wanted, headers=self._headers, timeout=PATIENCE_S
        )
        assert answer.ok, answer.text
