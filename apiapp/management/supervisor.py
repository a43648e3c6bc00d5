"""Child processes that belong together: started, restarted when they die, ended without orphans.

Plain Python, blocking.
"""

import ctypes
import os
import signal
import subprocess  # nosec B404 # see Popen below
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

ON_LINUX = sys.platform.startswith("linux")
ON_WINDOWS = sys.platform == "win32"
PR_SET_PDEATHSIG = 1  # linux/prctl.h

STOP_S = 4.0  # how long children may take to finish by themselves: 5 s is promised in all
RESTART_PAUSE_S = 0.5
RESTART_PAUSE_MAX_S = 30.0
STEADY_S = 10.0  # one that ran this long is restarted at once
POLL_S = 0.1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent is gone, however it went.  Linux only."""
    if ON_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@dataclass
class Child:
    """One process to keep running: what it is called, its command, its environment."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    pause_s: float = RESTART_PAUSE_S
    start_again_at: float | None = None

    def start(self) -> None:
        self.started_at, self.start_again_at = time.monotonic(), None
        # A session of its own: Ctrl-C on the terminal reaches the supervisor alone, which then
        # ends the child with all that it started.
        self.process = subprocess.Popen(  # nosec B603 # our own commands, no shell
            self.command,
            env=self.environment,
            pass_fds=() if ON_WINDOWS else tuple(self.pass_fds),
            start_new_session=not ON_WINDOWS,
            preexec_fn=die_with_parent if ON_LINUX else None,
        )

    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def kill_group(self) -> None:
        """End the child and whatever it started, also when the child itself is gone already."""
        if not self.process:
            return
        if ON_WINDOWS:
            self.process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Runs children until told to stop.

    say: how to tell the person at the terminal.
    """

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say
        self._asked_to_stop_at: float | None = None

    def stop_soon(self, *_signal: object) -> None:
        """May be called from a signal handler."""
        self._asked_to_stop_at = self._asked_to_stop_at or time.monotonic()

    def run(self, *, on_tick: Callable[[], None]) -> float:
        """Start all, restart those that die, and return once told to stop and all have ended: how
        many seconds that took."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self.stop_soon)
        for child in self._children:
            child.start()
        try:
            while self._asked_to_stop_at is None:
                for child in self._children:
                    self._keep_running(child)
                on_tick()
                time.sleep(POLL_S)
        finally:
            self._stop_all()
        return time.monotonic() - (self._asked_to_stop_at or time.monotonic())

    def _keep_running(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                child.start()
            return
        code = child.exit_code()
        if code is None:
            return
        child.kill_group()  # what it started must not outlive it
        steady = now - child.started_at >= STEADY_S
        child.pause_s = RESTART_PAUSE_S if steady else min(child.pause_s * 2, RESTART_PAUSE_MAX_S)
        child.start_again_at = now + child.pause_s
        self._say(f"{child.name} ended ({describe_exit(code)}); starting it again")

    def _stop_all(self) -> None:
        for child in self._children:
            child.ask_to_stop()
        # From when it was asked, not from now: what is promised counts from there.
        deadline = (self._asked_to_stop_at or time.monotonic()) + STOP_S
        while time.monotonic() < deadline and any(
            child.process and child.exit_code() is None for child in self._children
        ):
            time.sleep(0.02)
        for child in self._children:
            child.kill_group()


def describe_exit(code: int) -> str:
    """What a process's exit code says: a signal's name, or the code."""
    if code < 0:
        return f"by {signal.Signals(-code).name}"
    return f"with code {code}"
