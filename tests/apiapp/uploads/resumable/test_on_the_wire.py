"""Clients of a real server: one that did not mean to break off, and one that nobody here wrote."""

import random
import re
import socket
import time
from pathlib import Path

import pytest
import requests

from tests.apiapp.uploads.resumable.resumable_requests import BODY_TYPE
from tests.journeys.test_tus_clients import TusJs
from tests.serving import Server

CONTENT = random.Random(13).randbytes(2_000_000)
HALF = len(CONTENT) // 2
PATIENCE_S = 40


def begun(server: Server) -> socket.socket:
    """A POST of the whole file of which half has been sent."""
    told = {
        **server.headers,
        "Host": f"localhost:{server.port}",
        "Upload-Draft-Interop-Version": "8",
        "Upload-Complete": "?1",
        "Content-Length": str(len(CONTENT)),
        "Content-Disposition": 'inline; filename="half.bin"',
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    connection.sendall(f"POST /api/resumable/ HTTP/1.1\r\n{lines}\r\n".encode())
    connection.sendall(CONTENT[:HALF])
    return connection


def head_of(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(1)
        assert piece, head
        head += piece
    return head.decode()


def finished(server: Server, file_id: str) -> bytes:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        url = f"{server.url}/api/uploads/{file_id}"
        seen = requests.get(f"{url}/", headers=server.headers, timeout=PATIENCE_S).json()
        if seen["state"] == "finished":
            got = requests.get(f"{url}/content/", headers=server.headers, timeout=PATIENCE_S)
            return got.content
        time.sleep(0.05)
    raise AssertionError(seen)


def test_an_upload_that_was_not_meant_to_break_off_goes_on(server: Server):
    connection = begun(server)

    interim = head_of(connection)

    assert interim.startswith("HTTP/1.1 104 Upload Resumption Supported\r\n")
    assert "\r\nupload-draft-interop-version: 8\r\n" in interim
    found = re.search(r"\r\nlocation: (\S+)\r\n", interim)
    assert found
    url = found[1]

    with connection:
        told = requests.head(url, headers=server.headers, timeout=PATIENCE_S)
        assert head_of(connection).startswith("HTTP/1.1 409 ")
    assert (told.status_code, told.headers["upload-complete"]) == (204, "?0")
    assert told.headers["upload-length"] == str(len(CONTENT))
    offset = int(told.headers["upload-offset"])
    assert 0 <= offset <= HALF
    rest = {"Content-Type": BODY_TYPE, "Upload-Offset": str(offset), "Upload-Complete": "?1"}
    last = requests.patch(
        url, data=CONTENT[offset:], headers={**server.headers, **rest}, timeout=PATIENCE_S
    )
    assert (last.status_code, last.headers["upload-complete"]) == (202, "?1")
    assert finished(server, last.json()["file_id"]) == CONTENT


@pytest.mark.node
def test_tus_js_client_which_speaks_an_older_draft_pauses_and_goes_on(
    server: Server, tmp_path: Path
):
    file = tmp_path / "half.bin"
    file.write_bytes(CONTENT)
    wanted = {
        "endpoint": f"{server.url}/api/resumable/",
        "options": {"protocol": "ietf-draft-05", "chunkSize": 300_000},
    }

    with TusJs(server, server.headers, file, **wanted, stopAt=900_000) as client:
        paused = client.next()
        assert paused["event"] == "paused"
        client.go_on()
        done = client.next()

    assert done["url"] == paused["url"]
    assert finished(server, done["url"].rstrip("/").rpartition("/")[2]) == CONTENT
