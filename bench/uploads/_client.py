"""A tus client that costs next to nothing: sockets, and the kernel sends the file (sendfile).

A program of its own, so that its processor time is not the servers'.  Reads an Order as JSON from
its first argument; prints the Sent as JSON.
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import FileIO

VERSION = "Tus-Resumable: 1.0.0\r\n"
RECEIVE_BYTES = 65536
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Order:
    """What is to be sent: `path` as `connections` uploads at a time, a slice of it in each.

    collection: where uploads are made.  headers: of every request, each with its line end.
    patch_bytes: of one request at most.
    """

    port: int
    collection: str
    headers: str
    path: str
    size_bytes: int
    patch_bytes: int
    connections: int


@dataclass(frozen=True)
class Sent:
    """seconds: from the first request to the last answer.  cpu_s: of this client.

    urls: paths of the uploads, in the order of the slices.
    """

    seconds: float
    cpu_s: float
    urls: list[str]


class UnexpectedAnswer(Exception):
    pass


class Connection:
    """One upload after the other, over one connection."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._socket = socket.create_connection(("127.0.0.1", order.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""

    def create(self, size_bytes: int) -> str:
        """The path of a new upload."""
        answer = self._request(
            "POST", self._order.collection, f"Upload-Length: {size_bytes}\r\nContent-Length: 0\r\n"
        )
        return "/" + self._answered(answer, 201, "location").split("/", 3)[3]

    def send(self, url: str, file: FileIO, from_bytes: int, size_bytes: int) -> None:
        """Append a slice of the file to an upload, PATCH by PATCH."""
        offset = 0
        while offset < size_bytes:
            length = min(self._order.patch_bytes, size_bytes - offset)
            head = (
                "Content-Type: application/offset+octet-stream\r\n"
                f"Upload-Offset: {offset}\r\nContent-Length: {length}\r\n"
            )
            self._begin("PATCH", url, head)
            self._socket.sendfile(file, from_bytes + offset, length)
            offset += length
            told = int(self._answered(self._answer(), 204, "upload-offset"))
            if told != offset:
                raise UnexpectedAnswer(f"told offset {told}, sent {offset}")

    def _begin(self, method: str, url: str, head: str) -> None:
        lines = f"{method} {url} HTTP/1.1\r\nHost: 127.0.0.1:{self._order.port}\r\n"
        self._socket.sendall(f"{lines}{VERSION}{self._order.headers}{head}\r\n".encode())

    def _request(self, method: str, url: str, head: str) -> str:
        self._begin(method, url, head)
        return self._answer()

    def _answer(self) -> str:
        """The head of the next answer; its body is read and dropped."""
        while b"\r\n\r\n" not in self._got:
            self._receive()
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        if header(text, "transfer-encoding") == "chunked":
            while LAST_CHUNK not in self._got:
                self._receive()
            self._got = self._got.partition(LAST_CHUNK)[2]
            return text
        length = int(header(text, "content-length") or 0)
        while len(self._got) < length:
            self._receive()
        self._got = self._got[length:]
        return text

    def _receive(self) -> None:
        got = self._socket.recv(RECEIVE_BYTES)
        if not got:
            raise UnexpectedAnswer("the server closed the connection")
        self._got += got

    def _answered(self, head: str, status: int, name: str) -> str:
        """A header of an answer that must have this status."""
        if int(head.split(" ", 2)[1]) != status:
            raise UnexpectedAnswer(head)
        return header(head, name)


def header(head: str, name: str) -> str:
    """Its value; empty if it is not there."""
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


def send(order: Order) -> Sent:
    share = order.size_bytes // order.connections
    urls: list[str] = [""] * order.connections

    def send_slice(number: int) -> None:
        connection = connections[number]
        urls[number] = connection.create(share)
        with FileIO(order.path) as file:
            connection.send(urls[number], file, number * share, share)

    connections = [Connection(order) for _ in range(order.connections)]
    cpu_before, before = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(order.connections) as threads:
        list(threads.map(send_slice, range(order.connections)))  # raises what they raise
    return Sent(time.perf_counter() - before, time.process_time() - cpu_before, urls)


if __name__ == "__main__":
    print(json.dumps(asdict(send(Order(**json.loads(sys.argv[1]))))))
