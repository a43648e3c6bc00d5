"""Screens on a real server: every kind of client, and what becomes of the bad ones."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest
import requests
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.core.sources.time_row import read_time
from tests.serving import ROOT, Server, children_of
from tests.streaming.watching import PATIENCE_S, PATTERN, Canvas

STALLED_S = 2
STOPS_WITHIN_S = 5.0
VIEWERS = 25  # of sockets, and as many of MJPEG
END_OF_CHUNKS = b"\r\n0\r\n\r\n"  # of a whole answer, not of one that was cut off
ENVIRONMENT = {
    "SCREEN_SOURCE": PATTERN,
    "SCREEN_STALLED_S": str(STALLED_S),
    "SCREEN_MAX_VIEWERS": "700",
    "SHARE": "1",
}
Headers = dict[str, str]


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose screen `main` is a small moving pattern."""
    with Server(tmp_path_factory.mktemp("screens") / "home", ENVIRONMENT) as server:
        yield server


def url_of(server: Server, name: str = "main", codec: str = "h264", query: str = "") -> str:
    return f"ws://localhost:{server.port}/ws/screens/{name}/?codec={codec}{query}"


def links_of(server: Server) -> str:
    return f"{server.url}/api/screens/main/links/"


def new_link(server: Server) -> tuple[int, str]:
    """To the screen `main`: its id and its token."""
    made = requests.post(links_of(server), json={}, headers=server.headers, timeout=10)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["url"].rstrip("/").rpartition("/")[2]


def token_of(server: Server) -> str:
    """Of a new link to the screen `main`."""
    return new_link(server)[1]


def revoke(server: Server, link_id: int) -> None:
    requests.delete(f"{links_of(server)}{link_id}/", headers=server.headers, timeout=10)


def basic(name: str, password: str) -> Headers:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@asynccontextmanager
async def opened(url: str, headers: Headers | None = None) -> AsyncIterator[ClientConnection]:
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as found:
        yield found


async def see_movement(connection: ClientConnection, canvas: Canvas, times: int = 3) -> None:
    """Until so many new moments were read from the pictures."""
    enough = len(canvas.times) + times
    async with asyncio.timeout(PATIENCE_S):
        while len(canvas.times) < enough:
            message = await connection.recv()
            if isinstance(message, bytes):
                canvas.take(message)


async def code_of_end(connection: ClientConnection) -> tuple[int, str]:
    """Read on until the socket is closed: with which code, and the last text."""
    last = ""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await connection.recv()
                last = message if isinstance(message, str) else last
    except ConnectionClosed as error:
        return (error.rcvd.code if error.rcvd else 1006), last


def times_in(address: str, count: int = 3) -> list[int | None]:
    """What OpenCV reads from so many pictures."""
    capture = cv2.VideoCapture(address)
    try:
        found = []
        while len(found) < count:
            is_there, picture = capture.read()
            assert is_there, address
            found.append(read_time(picture))
        return found
    finally:
        capture.release()


# --- clients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["h264", "tiles", "jpeg"])
async def test_every_codec_shows_the_moving_picture(screens: Server, codec: str):
    canvas = Canvas()

    async with opened(url_of(screens, codec=codec), screens.headers) as connection:
        await see_movement(connection, canvas, times=10)


def test_opencv_reads_the_stream_with_a_key_in_its_address(screens: Server):
    address = f"http://player:{screens.key}@localhost:{screens.port}/video_feed"

    times = times_in(address)

    assert None not in times
    assert len(set(times)) == len(times)


def test_opencv_reads_the_stream_with_the_token_of_a_link(screens: Server):
    address = f"{screens.url}/screens/main/mjpeg?token={token_of(screens)}"

    assert None not in times_in(address)


def test_a_client_of_http_1_0_gets_parts_and_no_chunks(screens: Server):
    asked = f"GET /video_feed HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {screens.key}\r\n\r\n"
    received = b""
    with socket.create_connection(("127.0.0.1", screens.port), timeout=PATIENCE_S) as client:
        client.sendall(asked.encode())
        while received.count(b"--frame\r\n") < 3:
            received += client.recv(65536)

    head, _, body = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"\r\nconnection: close\r\n" in head.lower()
    assert body.startswith(b"--frame\r\nContent-Type: image/jpeg\r\n")
    assert body.split(b"\r\n\r\n", 1)[1].startswith(b"\xff\xd8")


async def test_a_link_opens_a_socket_by_its_token_in_every_way(screens: Server):
    token = token_of(screens)
    ways: list[tuple[str, Headers]] = [
        (f"&token={token}", {}),
        ("", {"Authorization": f"Bearer {token}"}),
        ("", basic("", token)),
    ]

    for query, headers in ways:
        async with opened(url_of(screens, query=query), headers) as connection:
            await see_movement(connection, Canvas(), times=1)


async def test_a_session_opens_a_socket_from_our_own_pages_alone(screens: Server):
    browser = requests.Session()
    browser.get(screens.login_link(), timeout=10)
    cookie = "; ".join(f"{each.name}={each.value}" for each in browser.cookies)
    own, foreign = {"Origin": screens.url}, {"Origin": "http://evil.example"}

    async with opened(url_of(screens), {"Cookie": cookie, **own}) as connection:
        await see_movement(connection, Canvas(), times=1)
    for origin in (foreign, {}):
        with pytest.raises(InvalidStatus):
            async with opened(url_of(screens), {"Cookie": cookie, **origin}):
                pass


async def test_a_stranger_sees_nothing(screens: Server):
    async with opened(url_of(screens)) as connection:
        assert (await code_of_end(connection))[0] == 4401
    async with opened(url_of(screens, query="&token=slk_guessed")) as connection:
        assert (await code_of_end(connection))[0] == 4410
    answer = await asyncio.to_thread(requests.get, f"{screens.url}/video_feed", timeout=10)
    assert answer.status_code == 401


def test_five_hundred_open_streams_cost_no_thread(screens: Server):
    web = web_process(screens)
    clients = [stream_client(screens, "?fps=0.2") for _ in range(20)]
    before = threads_of(web)
    clients += [stream_client(screens, "?fps=0.2") for _ in range(480)]
    after = threads_of(web)
    for client in clients:
        client.close()

    assert after <= before + 2  # one more may have been asked about the rows


def test_a_server_that_shares_prints_a_link_by_which_others_watch(screens: Server):
    link = re.search(r"watch by +(http\S+/screens/main/open/\S+)", screens.greeting())
    assert link

    other = requests.Session()
    page = other.get(link[1], timeout=10)
    picture = other.get(f"{screens.url}/screens/main/snapshot.jpg", timeout=10)

    assert page.url == f"{screens.url}/screens/main/"
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert "▄" in screens.greeting()  # the code for phones


# --- bad ones -------------------------------------------------------------------------------------


async def test_a_viewer_that_takes_nothing_costs_others_no_picture_and_is_let_go(screens: Server):
    other = {"Authorization": f"Bearer {token_of(screens)}"}
    before = {each["started_at"] for each in await sessions(screens)}
    with raw_viewer(screens, "jpeg"):
        async with opened(url_of(screens), other) as connection:
            await see_movement(connection, Canvas())
            reading = asyncio.create_task(code_of_end(connection))
            stalled = await ended_session(screens, "stalled", before)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        left = await ended_session(screens, "left", before)

    assert stalled["codec"] == "jpeg"
    assert left["dropped"] == 0
    assert left["frames"] > 10 * STALLED_S


async def ended_session(server: Server, reason: str, before: Container[str]) -> dict[str, Any]:
    """The session that ended so, once there is one; none of those that began `before`."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            ended = [each for each in await sessions(server) if each["end_reason"] == reason]
            found = [each for each in ended if each["started_at"] not in before]
            if found:
                return found[0]
            await asyncio.sleep(0.1)


async def sessions(server: Server) -> list[dict[str, Any]]:
    """Of the screen `main`, the newest first."""
    url = f"{server.url}/api/screens/main/sessions/"
    answer = await asyncio.to_thread(requests.get, url, headers=server.headers, timeout=10)
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


async def test_a_link_that_is_revoked_ends_every_stream_that_it_opened(screens: Server):
    link_id, token = new_link(screens)
    image = stream_client(screens, f"?token={token}", key="")

    async with opened(url_of(screens, query=f"&token={token}")) as connection:
        await see_movement(connection, Canvas())
        await asyncio.to_thread(revoke, screens, link_id)
        code, said = await code_of_end(connection)

    assert code == 4410
    assert "link-not-valid" in said
    assert drained(image).endswith(END_OF_CHUNKS)


# --- the server's and the publisher's end ---------------------------------------------------------


async def test_a_server_that_stops_tells_its_viewers_first_and_comes_back_with_its_screens(
    screens: Server,
):
    pool = ThreadPoolExecutor(VIEWERS)
    images = [pool.submit(drained, stream_client(screens)) for _ in range(VIEWERS)]
    sockets = [
        await connect(url_of(screens), additional_headers=screens.headers) for _ in range(VIEWERS)
    ]
    for connection in sockets:
        await connection.recv()
    ends = [asyncio.create_task(code_of_end(connection)) for connection in sockets]

    took_s = await asyncio.to_thread(screens.stop)
    told = await asyncio.gather(*ends)
    await asyncio.to_thread(screens.start)
    async with opened(url_of(screens), screens.headers) as connection:
        await see_movement(connection, Canvas())

    assert took_s < STOPS_WITHIN_S
    assert {code for code, _ in told} == {1001}
    assert all("server-stops" in said for _, said in told)
    assert all(image.result().endswith(END_OF_CHUNKS) for image in images)


async def test_viewers_of_a_publisher_that_is_killed_are_told(screens: Server, tmp_path: Path):
    with publisher(screens, tmp_path, name="far") as process:
        async with opened(url_of(screens, "far"), screens.headers) as connection:
            await see_movement(connection, Canvas())
            process.kill()
            code, said = await code_of_end(connection)

    assert code == 4411
    assert "publisher-left" in said or "ended" in said


async def test_a_publisher_comes_back_when_its_server_does(screens: Server, tmp_path: Path):
    with publisher(screens, tmp_path, name="near") as process:
        async with opened(url_of(screens, "near"), screens.headers) as connection:
            await see_movement(connection, Canvas())
        await asyncio.to_thread(screens.stop)
        await asyncio.to_thread(screens.start)
        async with opened(url_of(screens, "near"), screens.headers) as connection:
            await see_movement(connection, Canvas())
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE_S)[0]

    assert process.returncode == 130
    assert "Stopped" in said
    assert "Traceback" not in said


@contextmanager
def publisher(server: Server, folder: Path, *, name: str) -> Iterator["subprocess.Popen[str]"]:
    """`manage.py publish_screen` of a pattern, on a machine without anything of the server's."""
    options = ["--to", server.url, "--key", server.key, "--name", name, "--source", PATTERN]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "publish_screen", *options],
        cwd=ROOT,
        env=os.environ | {"SLUICE_HOME": str(folder / "publishers-home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        while "screens/" not in process.stdout.readline():
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


# --- sockets without a library --------------------------------------------------------------------


def raw_viewer(server: Server, codec: str) -> socket.socket:
    """A WebSocket that asks for pictures and reads none."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(
        f"GET /ws/screens/main/?codec={codec} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {server.key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return client


def stream_client(server: Server, query: str = "", key: str | None = None) -> socket.socket:
    """A client of /video_feed whose first picture has begun to come."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    shown = server.key if key is None else key
    credentials = f"Authorization: Bearer {shown}\r\n" if shown else ""
    client.sendall(
        f"GET /video_feed{query} HTTP/1.1\r\nHost: localhost\r\n{credentials}\r\n".encode()
    )
    begun = b""
    while b"--frame" not in begun:
        begun += client.recv(4096)
    assert begun.startswith(b"HTTP/1.1 200 "), begun
    return client


def drained(client: socket.socket) -> bytes:
    """The last bytes that come, until the other side closes."""
    last = b""
    with client:
        while piece := client.recv(2**16):
            last = (last + piece)[-32:]
    return last


def web_process(server: Server) -> int:
    """Its id."""
    assert server.process
    return next(
        pid
        for pid in children_of(server.process.pid)
        if b"\0web\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def threads_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
