"""Clients of tus that nobody here wrote, against a real server."""

import asyncio
import hashlib
import io
import json
import random
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiotus
import pytest
import requests
from tusclient.client import TusClient
from tusclient.fingerprint.fingerprint import Fingerprint
from tusclient.storage.filestorage import FileStorage

from tests.lives import Lives
from tests.needs import NODE
from tests.serving import ROOT, Server, prepared_home

CONTENT = random.Random(8).randbytes(3 * 2**20 + 1)
UNICODE = "Ärger 数据 😀.csv"
SCRIPT = Path(__file__).parent / "js" / "tus_upload.mjs"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / UNICODE
    path.write_bytes(CONTENT)
    return path


def endpoint(server: Any) -> str:
    return f"{server.url}/api/tus/"


def upload_of(server: Server, url: str) -> dict[str, Any]:
    """The upload by the other API, once it has been verified."""
    file_id = url.rstrip("/").rpartition("/")[2]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        got: dict[str, Any] = requests.get(
            f"{server.url}/api/uploads/{file_id}/", headers=server.headers, timeout=10
        ).json()
        if got["state"] not in ("receiving", "verifying"):
            return got
        time.sleep(0.05)
    raise AssertionError(got)


def require_arrived(server: Server, url: str, content: bytes, name: str = UNICODE) -> None:
    got = upload_of(server, url)
    assert (got["state"], got["size"], got["filename"]) == ("finished", len(content), name)
    assert got["md5"] == hashlib.md5(content).hexdigest()


# --- tuspy


@pytest.mark.parametrize("chunk_bytes", [400_000, 2**30])
@pytest.mark.parametrize("has_checksum", [False, True])
def test_tuspy_sends_a_file(server: Server, file: Path, chunk_bytes: int, has_checksum: bool):
    uploader = TusClient(endpoint(server), headers=server.headers).uploader(
        str(file),
        chunk_size=chunk_bytes,
        metadata={"filename": UNICODE, "empty": ""},
        upload_checksum=has_checksum,
    )

    uploader.upload()

    require_arrived(server, uploader.url, CONTENT)


def test_tuspy_goes_on_after_a_pause_in_another_process(server: Server, file: Path, tmp_path: Path):
    def uploader() -> Any:
        storage = FileStorage(str(tmp_path / "urls.json"))
        return TusClient(endpoint(server), headers=server.headers).uploader(
            str(file),
            chunk_size=500_000,
            store_url=True,
            url_storage=storage,
            fingerprinter=Fingerprint(),
            metadata={"filename": UNICODE},
        )

    first = uploader()
    first.upload(stop_at=1_000_000)
    second = uploader()

    assert (second.url, second.offset) == (first.url, 1_000_000)
    second.upload()
    require_arrived(server, second.url, CONTENT)


def test_tuspy_sends_a_file_without_bytes(server: Server):
    uploader = TusClient(endpoint(server), headers=server.headers).uploader(
        file_stream=io.BytesIO(b""), metadata={"filename": "empty.csv"}
    )
    uploader.upload()

    require_arrived(server, uploader.url, b"", "empty.csv")


# --- aiotus


def test_aiotus_sends_a_file_and_reads_its_metadata(server: Server, file: Path):
    async def scenario() -> tuple[Any, Any]:
        told: dict[str, bytes | None] = {"filename": UNICODE.encode(), "alone": None}
        with file.open("rb") as source:
            url = await aiotus.upload(
                endpoint(server), source, told, headers=server.headers, chunksize=700_000
            )
        assert url
        return url, await aiotus.metadata(url, headers=server.headers)

    url, metadata = asyncio.run(scenario())

    assert metadata == {"filename": UNICODE.encode(), "alone": None}
    require_arrived(server, str(url), CONTENT)


def test_aiotus_sends_parts_at_the_same_time(server: Server):
    parts = [io.BytesIO(CONTENT[at : at + 800_000]) for at in range(0, len(CONTENT), 800_000)]

    url = asyncio.run(
        aiotus.upload_multiple(
            endpoint(server), parts, {"filename": UNICODE.encode()}, headers=server.headers
        )
    )

    require_arrived(server, str(url), CONTENT)


def test_aiotus_sends_a_file_without_bytes(server: Server):
    told = {"filename": b"empty.csv"}

    url = asyncio.run(
        aiotus.upload(endpoint(server), io.BytesIO(b""), told, headers=server.headers)
    )

    require_arrived(server, str(url), b"", "empty.csv")


# --- tus-js-client


class TusJs:
    """tus-js-client in a process; `tell` are its lines."""

    def __init__(self, server: Any, headers: dict[str, str], file: Path, **wanted: Any) -> None:
        wanted = {
            "endpoint": endpoint(server),
            "headers": headers,
            "file": str(file),
            "metadata": {"filename": UNICODE},
            **wanted,
        }
        self.process = subprocess.Popen(
            [NODE, str(SCRIPT), json.dumps(wanted)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def next(self) -> dict[str, Any]:
        assert self.process.stdout
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert told["event"] != "error", told
        return told

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self) -> "TusJs":
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.mark.node
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunkSize": 500_000},
        {"overridePatchMethod": True, "chunkSize": 2_000_000},
        {"uploadDataDuringCreation": True, "chunkSize": 2_000_000},
        {"uploadLengthDeferred": True, "chunkSize": 1_000_000},
        {"parallelUploads": 4},
        {"parallelUploads": 4, "chunkSize": 300_000},
    ],
)
def test_tus_js_client_sends_a_file(server: Server, file: Path, options: dict[str, Any]):
    with TusJs(server, server.headers, file, options=options) as client:
        done = client.next()

    require_arrived(server, done["url"], CONTENT)


@pytest.mark.node
def test_the_parts_of_tus_js_client_become_the_file_without_a_copy(server: Server, file: Path):
    folder = server.home / "uploads"
    options = {"parallelUploads": 4, "chunkSize": 200_000}
    with TusJs(server, server.headers, file, options=options, stopAt=len(CONTENT) // 2) as client:
        client.next()
        shared = {
            each.stat().st_ino for each in (folder / "incoming").iterdir() if each.stat().st_size
        }
        client.go_on()
        done = client.next()

    require_arrived(server, done["url"], CONTENT)
    file_id = done["url"].rstrip("/").rpartition("/")[2]
    assert (folder / "finished" / file_id).stat().st_ino in shared


@pytest.mark.node
def test_tus_js_client_sends_a_file_without_bytes(server: Server, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")

    with TusJs(server, server.headers, empty) as client:
        done = client.next()

    require_arrived(server, done["url"], b"")


@pytest.mark.node
def test_tus_js_client_pauses_and_goes_on(server: Server, file: Path):
    with TusJs(
        server, server.headers, file, options={"chunkSize": 400_000}, stopAt=1_200_000
    ) as client:
        paused = client.next()
        assert paused["event"] == "paused"
        client.go_on()
        done = client.next()

    assert done["url"] == paused["url"]
    require_arrived(server, done["url"], CONTENT)


@pytest.mark.node
def test_another_tus_js_client_goes_on_with_what_one_began(server: Server, file: Path):
    with TusJs(
        server, server.headers, file, options={"chunkSize": 400_000}, stopAt=1_200_000
    ) as client:
        paused = client.next()

    with TusJs(server, server.headers, file, url=paused["url"]) as client:
        done = client.next()

    assert done["url"] == paused["url"]
    require_arrived(server, done["url"], CONTENT)


@pytest.fixture
def lives(home: Path) -> Iterator[Lives]:
    lives = Lives(home)
    lives.manage("migrate", "--verbosity=0")
    with lives:
        yield lives


@pytest.mark.node
@pytest.mark.parametrize("parallel", [1, 4])
def test_tus_js_client_goes_on_by_itself_when_the_server_is_killed(
    lives: Lives, home: Path, tmp_path: Path, parallel: int
):
    content = (
        CONTENT * 6 * parallel
    )  # it does not try again to join its parts: no kill is to be so late
    file = tmp_path / "big"
    file.write_bytes(content)
    key = lives.manage("create_api_key", "--user", "tester", "--create-user", "--staff").strip()
    headers = {"Authorization": f"Bearer {key}"}
    options = {"chunkSize": 300_000, "parallelUploads": parallel}

    with TusJs(lives, headers, file, options=options) as client:
        for _ in range(3):
            time.sleep(0.4)
            lives.kill()
        done = client.next()

    with Server(home) as server:
        require_arrived(server, done["url"], content)


def test_clients_in_python_go_on_by_themselves_when_the_server_is_killed(home: Path):
    content = CONTENT * 6
    headers = {"Authorization": f"Bearer {prepared_home.copy_to(home)}"}

    def by_tuspy() -> str:
        uploader = TusClient(endpoint(lives), headers=headers).uploader(
            file_stream=io.BytesIO(content), chunk_size=300_000, retries=50, retry_delay=0.1
        )
        uploader.upload()
        return str(uploader.url)

    def by_aiotus() -> str:
        patient = aiotus.RetryConfiguration(retry_attempts=50, max_retry_period_seconds=0.2)
        return str(
            asyncio.run(
                aiotus.upload(
                    endpoint(lives),
                    io.BytesIO(content),
                    config=patient,
                    headers=headers,
                    chunksize=300_000,
                )
            )
        )

    with Lives(home) as lives, ThreadPoolExecutor(2) as threads:
        sending = [threads.submit(each) for each in (by_tuspy, by_aiotus)]
        for least_bytes in (10**6, 10**7, 2 * 10**7):
            wait_for_bytes(home, least_bytes)
            lives.kill()
        urls = [each.result(120) for each in sending]

    with Server(home) as server:
        for url in urls:
            require_arrived(server, url, content, "upload")


def wait_for_bytes(home: Path, least_bytes: int) -> None:
    """Until so much lies there of all files that are on their way."""
    incoming, until = home / "uploads" / "incoming", time.monotonic() + 60
    while sum(each.stat().st_size for each in incoming.glob("*")) < least_bytes:
        assert time.monotonic() < until
        time.sleep(0.01)
