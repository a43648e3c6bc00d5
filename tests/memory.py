"""How much memory a server takes, as the kernel counts it (Linux)."""

from pathlib import Path

from tests.serving import Server, children_of


def web_process(server: Server) -> Path:
    """Its folder in /proc."""
    assert server.process
    for pid in children_of(server.process.pid):
        process = Path(f"/proc/{pid}")
        if b"web" in (process / "cmdline").read_bytes().split(b"\0"):
            return process
    raise AssertionError("there is no web process")


def resident_bytes(server: Server) -> int:
    lines = (web_process(server) / "status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
