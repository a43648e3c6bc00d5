"""A screen of 1920x1080 as viewers get it, beside the documents' method and ffmpeg.

    python -m bench.streams [--rounds 3] [--seconds 4] [--viewers 1 5 20 100]
                            [--scenes still typing scrolling full-motion]
                            [--streams h264 tiles mjpeg documents ffmpeg] [--keep FILE]

A painter of our own draws the scenes on an Xvfb, 60 pictures a second, each with the time in it; one
viewer decodes and reads that time, the others count.  Medians of the rounds are printed as tables in
Markdown, also when it is ended early (Ctrl-C).  With --keep each run is written to a file, and
those that are in it already are not measured again.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.api._servers import default_server, free_port, manage, sluice_environment
from bench.streams._display import virtual_screen
from bench.streams._painter import SCENES
from bench.streams._results import Case, Results, titled
from bench.streams._watching import ROOT, NotMeasured, Stream, cpu_s, line_of, viewer, watch

PAINTED_FPS = 60
OURS = {
    "h264": "/ws/screens/main/?codec=h264",
    "tiles": "/ws/screens/main/?codec=tiles",
    "mjpeg": "/screens/main/mjpeg",
}
PEERS = ("documents", "ffmpeg")
REQUESTS_PER_S = 200


@contextmanager
def painted(display: str, scene: str) -> Iterator[None]:
    """Draw for the length of a `with` block.  Raises NotMeasured."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.streams._painter", display, scene, str(PAINTED_FPS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if not line_of(process):
            raise NotMeasured(f"the scene {scene} could not be painted")
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def sluice(display: str, home: Path) -> Iterator[Callable[[str], Stream]]:
    environment = sluice_environment(home, SCREEN_SOURCE="local", DISPLAY=display)
    manage(environment, "migrate", "-v0")
    key = manage(environment, "create_api_key", "--user", "bench", "--create-user", "--staff")
    with default_server(environment) as port:
        process_id = server_on(port)
        yield lambda name: Stream(name, port, OURS[name], key, process_id)


def server_on(port: int) -> int:
    """The process that `default_server` has started."""
    wanted = ("serve", "--port", str(port))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if tuple(words[2:5]) == wanted:
            return int(folder.name)
    raise SystemExit("the server's process was not found")


@contextmanager
def documents(display: str) -> Iterator[Stream]:
    port, script = free_port(), ROOT / "bench" / "streams" / "peers" / "documents_screen.py"
    command = [sys.executable, str(script), display, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        yield Stream("the documents' method", port, "/video_feed", "", process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def ffmpeg(display: str) -> Iterator[Stream]:
    """It serves one viewer, and then ends."""
    port = free_port()
    process = subprocess.Popen(
        [
            *("ffmpeg", "-loglevel", "error", "-f", "x11grab", "-framerate", "30"),
            *("-video_size", "1920x1080", "-i", display, "-c:v", "mjpeg", "-q:v", "5"),
            *("-pix_fmt", "yuvj420p", "-vsync", "vfr", "-r", "30", "-threads", "1"),
            *("-f", "mpjpeg", "-boundary_tag", "frame", "-listen", "1"),
            f"http://127.0.0.1:{port}/",
        ],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1.5)
        yield Stream("ffmpeg, x11grab to mpjpeg", port, "/", "", process.pid, most_viewers=1)
    finally:
        process.kill()
        process.wait()


PEER_STREAMS = {"documents": documents, "ffmpeg": ffmpeg}


@contextmanager
def requests(port: int, key: str) -> Iterator[None]:
    """Requests to the API all the while."""
    with viewer("_requests", str(port), "/api/data", key, str(REQUESTS_PER_S)):
        yield


def show_idle(stream: Stream, *, seconds: float) -> None:
    before = cpu_s(stream.process_id)
    time.sleep(seconds)
    print(f"CPU while nobody watches: {(cpu_s(stream.process_id) - before) / seconds:.1%}.\n")


def say(words: str) -> None:
    """To who waits; the tables alone are printed to be kept."""
    print(words, file=sys.stderr, flush=True)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 5, 20, 100])
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=list(SCENES))
    streams = [*OURS, *PEERS]
    parser.add_argument("--streams", nargs="+", choices=streams, default=streams)
    parser.add_argument("--keep", type=Path, help="a file, to go on another time")
    return parser.parse_args()


def missing_screen() -> str | None:
    return None if shutil.which("Xvfb") else "Xvfb is not installed: nothing was measured"


def leave_out_missing(asked: argparse.Namespace) -> None:
    if "ffmpeg" in asked.streams and not shutil.which("ffmpeg"):
        asked.streams.remove("ffmpeg")
        say("ffmpeg is not installed: it is left out")


class Measurement:
    """What was asked for, of a display that Sluice shows too.  ours: opens a stream of Sluice's."""

    def __init__(
        self,
        display: str,
        ours: Callable[[str], Stream],
        asked: argparse.Namespace,
        results: Results,
    ) -> None:
        self._display = display
        self._ours = ours
        self._asked = asked
        self._results = results

    def scene(self, scene: str) -> None:
        with painted(self._display, scene):
            for number in range(self._asked.rounds):
                for name in self._asked.streams:
                    for viewers in self._asked.viewers:
                        self._run(Case(scene, name, viewers), number)

    def beside_requests(self) -> None:
        scene = f"full-motion, beside {REQUESTS_PER_S} requests/s to the API of the same server"
        stream = self._ours("h264")
        with painted(self._display, "full-motion"), requests(stream.port, stream.key):
            for number in range(self._asked.rounds):
                self._run(Case(scene, "h264", 20), number)

    def _run(self, case: Case, number: int) -> None:
        """One more round of it, unless it has so many."""
        if self._results.count(case) > number:
            return
        try:
            with ExitStack() as running:
                stream = (
                    self._ours(case.stream)
                    if case.stream in OURS
                    else running.enter_context(PEER_STREAMS[case.stream](self._display))
                )
                if case.viewers > stream.most_viewers:
                    return
                run = watch(stream, case.viewers, seconds=self._asked.seconds)
        except NotMeasured as error:
            self._results.fail(case, str(error))
            say(f"{case.scene}: {titled(case)}: {error}")
        else:
            self._results.add(case, run)
            say(f"{case.scene}: {titled(case)}: {run.fps:.1f} frames/s, {run.cpu:.0%} CPU")


def measure(asked: argparse.Namespace, results: Results) -> None:
    with ExitStack() as running:
        home = running.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-"))
        display = running.enter_context(virtual_screen())
        ours = running.enter_context(sluice(display, Path(home)))
        measurement = Measurement(display, ours, asked, results)
        show_idle(ours("h264"), seconds=asked.seconds)
        steps = [partial(measurement.scene, scene) for scene in asked.scenes]
        if "h264" in asked.streams and "full-motion" in asked.scenes:
            steps.append(measurement.beside_requests)
        for step in steps:
            try:
                step()
            except NotMeasured as error:
                say(str(error))


def main() -> None:
    asked = read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    if why := missing_screen():
        print(why)
        return
    leave_out_missing(asked)
    results = Results(asked.keep)
    print(f"Load of this machine before: {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores.")
    try:
        measure(asked, results)
    except KeyboardInterrupt:
        say("ended early")
    finally:
        print(results.tables())


if __name__ == "__main__":
    main()
