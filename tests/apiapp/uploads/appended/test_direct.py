"""Bodies read from their socket, on a real server: what is tus itself is tested without one."""

import hashlib
import random
import socket
import time

import requests

from tests.serving import Server

CONTENT = random.Random(5).randbytes(3 * 2**20)
PATIENCE_S = 60


class Uploading:
    """One upload on the shared server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers.update(
            {
                "Authorization": f"Bearer {server.key}",
                "Tus-Resumable": "1.0.0",
                "Content-Type": "application/offset+octet-stream",
            }
        )
        length = {"Upload-Length": str(len(CONTENT))}
        made = self.session.post(
            f"{server.url}/api/tus/", headers={**length, "Content-Type": ""}, timeout=PATIENCE_S
        )
        self.url = made.headers["Location"]

    def begin_patch(self, *, offset: int, sent_bytes: int) -> socket.socket:
        """A PATCH of all the rest, of which only so much is sent."""
        port = int(self.server.url.rpartition(":")[2].strip("/"))
        opened = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        told = {
            "Host": "127.0.0.1",
            **self.session.headers,
            "Upload-Offset": str(offset),
            "Content-Length": str(len(CONTENT) - offset),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        path = "/" + self.url.split("/", 3)[3]
        opened.sendall(f"PATCH {path} HTTP/1.1\r\n{lines}\r\n".encode())
        opened.sendall(CONTENT[offset : offset + sent_bytes])
        return opened

    def offset(self) -> int:
        return int(self.session.head(self.url, timeout=PATIENCE_S).headers["Upload-Offset"])

    def patch(self, *, offset: int, **headers: str) -> requests.Response:
        told = {"Upload-Offset": str(offset), **headers}
        return self.session.patch(self.url, data=CONTENT[offset:], headers=told, timeout=PATIENCE_S)

    def told(self, name: str, wanted: str | int) -> str | int:
        """What is said of it, once that is `wanted`, or in the end."""
        file_id = self.url.rstrip("/").rpartition("/")[2]
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            url = f"{self.server.url}/api/uploads/{file_id}/"
            found: str | int = self.session.get(url, timeout=PATIENCE_S).json()[name]
            if found == wanted:
                break
            time.sleep(0.05)
        return found

    def is_whole(self) -> bool:
        """Once it is verified."""
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        return self.told("sha256", sha256) == sha256


def test_what_a_hung_client_sent_is_kept_for_the_one_that_comes_back(server: Server):
    upload = Uploading(server)

    with upload.begin_patch(offset=0, sent_bytes=1_234_567):
        again = upload.patch(offset=upload.offset())
        if again.status_code == 409:  # the first one was not there yet when the offset was asked
            again = upload.patch(offset=upload.offset())

    assert again.status_code == 204
    assert upload.is_whole()


def test_a_client_that_leaves_amid_a_body_has_left_what_it_sent(server: Server):
    upload = Uploading(server)

    upload.begin_patch(offset=0, sent_bytes=1_000_001).close()

    assert upload.told("received", 1_000_001) == 1_000_001
    assert upload.patch(offset=1_000_001).status_code == 204
    assert upload.is_whole()


def test_a_refused_body_leaves_its_connection_usable(server: Server):
    upload = Uploading(server)

    refused = upload.patch(offset=0, **{"Upload-Offset": "7"})
    mismatched = upload.patch(offset=0, **{"Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="})
    taken = upload.patch(offset=0)

    assert [refused.status_code, mismatched.status_code, taken.status_code] == [409, 460, 204]
    assert upload.is_whole()
