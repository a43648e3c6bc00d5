"""A server on 127.0.0.1 that says byte by byte what a test wants it to, and notes what it was sent."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Heard:
    """A request as it came.  connection: its number, from 1."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    connection: int


Behaviour = Callable[["Talk", Heard], object]


class Talk:
    """One connection, as a behaviour uses it."""

    def __init__(self, sock: socket.socket, is_over: threading.Event) -> None:
        self.sock = sock
        self.is_over = is_over
        self.file = sock.makefile("rb")

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """A whole answer; `Retry_After="1"` is the header Retry-After."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.say("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reset(self) -> None:
        """Break off without a word."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.file.close()
        self.sock.close()
        raise ConnectionResetError

    def hold(self) -> None:
        """Say nothing until the client goes or the test is over."""
        self.file.read(1)
        raise ConnectionResetError

    def drip(self, byte: bytes, every_s: float = 0.05) -> None:
        """One byte after the other, never late, never done."""
        while not self.is_over.wait(every_s):
            self.say(byte)


class HostileServer:
    """`on[path]` is what happens to a request for that path."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.on: dict[str, Behaviour] = {}
        self.heard: list[Heard] = []
        self.takes_bodies = True
        self.names_shown: list[str | None] = []  # by TLS (SNI)
        self.over = threading.Event()
        self._tls = tls
        if tls:
            tls.sni_callback = lambda _sock, name, _context: self.names_shown.append(name)
        self._listener = socket.create_server((address, 0))
        self.port: int = self._listener.getsockname()[1]
        self.scheme = "https" if tls else "http"
        self.url = f"{self.scheme}://{address}:{self.port}"
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._accepted = 0

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        socket.socket.shutdown(self._listener, socket.SHUT_RDWR)
        for sock in self._open:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        self._listener.close()

    def named(self, name: str) -> str:
        return f"{self.scheme}://{name}:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [heard.path for heard in self.heard]

    def _begin(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._accepted += 1
            self._begin(self._serve, sock, self._accepted)

    def _serve(self, sock: socket.socket, number: int) -> None:
        self._open.append(sock)
        sock.settimeout(30)
        try:
            with self._tls.wrap_socket(sock, server_side=True) if self._tls else sock as wrapped:
                self._open.append(wrapped)
                talk = Talk(wrapped, self.over)
                with talk.file:
                    while self._has_answered(talk, number):
                        pass
        except (OSError, ValueError):  # the client went away: what most of these tests are about
            return

    def _has_answered(self, talk: Talk, number: int) -> bool:
        """Whether the connection goes on: a behaviour that returns something ends it."""
        first = talk.file.readline().decode("latin-1").split()
        if not first:
            return False
        headers = {}
        while line := talk.file.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0)) if self.takes_bodies else 0
        body = talk.file.read(length)
        heard = Heard(first[0], first[1], headers, body, number)
        self.heard.append(heard)
        return self.on[heard.path.partition("?")[0]](talk, heard) is None


def authority_and_server(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """The file of a certificate authority, and what a server needs that it vouches for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "of a test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    authority = folder / "authority.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return authority, context
