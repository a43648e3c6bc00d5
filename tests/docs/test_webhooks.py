"""docs/webhooks.md: the receiver that it shows takes what a real server sends, and nothing else."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from apiapp.webhooks.event_types import ALL_TYPES
from tests.serving import ROOT, Server, free_port

PAGE = ROOT / "docs" / "webhooks.md"
PATIENCE_S = 120.0


@pytest.fixture
def hook(server: Server) -> dict[str, str]:
    """A subscription whose receiver is not there yet, and its secret."""
    base = f"{server.url}/api/webhooks/subscriptions/"
    port = free_port()
    wanted = {"url": f"http://127.0.0.1:{port}/", "allow_private": True}
    made = requests.post(base, json=wanted, headers=server.headers, timeout=PATIENCE_S)
    assert made.status_code == 201, made.text
    at = f"{base}{made.json()['id']}/"
    shown = requests.get(f"{at}secrets/", headers=server.headers, timeout=PATIENCE_S).json()
    return {"at": at, "secret": shown["secrets"][0], "port": str(port)}


@pytest.fixture
def told(hook: dict[str, str], tmp_path: Path) -> Iterator["queue.Queue[str]"]:
    """What the receiver of the page prints."""
    code = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    script = tmp_path / "receiver.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "WEBHOOK_SECRET": hook["secret"], "PORT": hook["port"]}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reading = threading.Thread(target=read_into, args=(process, lines))
    reading.start()
    yield lines
    process.kill()
    reading.join()
    process.wait()


def read_into(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    assert process.stdout
    with process.stdout as printed:
        for line in printed:
            lines.put(line)


def test_the_receiver_of_the_page_is_told_what_a_server_sends(
    server: Server, hook: dict[str, str], told: "queue.Queue[str]"
):
    wait_until_it_listens(f"http://127.0.0.1:{hook['port']}/")

    sent = requests.post(f"{hook['at']}test/", headers=server.headers, timeout=PATIENCE_S)
    first = told.get(timeout=PATIENCE_S)
    upload = requests.post(
        f"{server.url}/api/upload",
        files={"file": ("a.csv", b"n\n1\n")},
        headers=server.headers,
        timeout=PATIENCE_S,
    ).json()
    second = told.get(timeout=PATIENCE_S)

    assert sent.status_code == 202, sent.text
    assert first.startswith("webhook.test ")
    assert second.startswith("upload.finished ")
    assert upload["file_id"] in second


def wait_until_it_listens(url: str) -> None:
    """It refuses what nobody signed."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            assert requests.post(url, data=b"{}", timeout=PATIENCE_S).status_code == 400
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the receiver does not listen")


def test_the_page_names_every_event():
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in ALL_TYPES if f"`{name}`" not in page] == []
