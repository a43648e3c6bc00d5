"""A whole server whose finished files stay on S3: in by each protocol, out in ranges and rows."""

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from apiapp.uploads.stores.s3_location import Location
from tests.apiapp.uploads.made import md5_of
from tests.serving import Server

LONG_S = 40.0
MIB = 2**20
TABLE = b"name,age\n" + b"".join(f"\xe5\xbc\xa0{n},{n}\n".encode() for n in range(1000))
LARGE = os.urandom(11 * MIB + 7)


@pytest.fixture
def served(home: Path, location: Location, client: Any) -> Iterator[Server]:
    options = f"endpoint={location.endpoint}&region=us-east-1&addressing=path&part_mib=5"
    url = f"s3://{location.bucket}/{location.prefix}?{options}"
    with Server(home, {"UPLOAD_STORE": url, "JOB_LEASE_S": "3"}) as server:
        yield server


def ended(look: Callable[[], str]) -> str:
    deadline = time.monotonic() + LONG_S
    while (state := look()) in ("receiving", "verifying", "queued", "running"):
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def test_files_that_come_by_every_protocol_stay_on_s3_though_the_server_is_killed(
    served: Server, keys: Any
):
    with requests.Session() as session:
        session.headers.update(served.headers)
        by_protocol = {
            "tus": by_tus(served, LARGE),
            "parts of tus": by_parts_of_tus(session, served, LARGE),
            "chunks": by_chunks(session, served, LARGE),
            "form": by_form(session, served, TABLE),
        }
        served.kill()  # while some are verified, some are moved, and some are there
        served.start()
        for protocol, file_id in by_protocol.items():
            one = f"{served.url}/api/uploads/{file_id}/"
            assert ended(lambda one=one: session.get(one).json()["state"]) == "finished", protocol
            content = session.get(f"{one}content/").content
            assert md5_of(content) == session.get(one).json()["md5"], protocol
            assert content == (TABLE if protocol == "form" else LARGE), protocol
        left = [path for path in (served.home / "uploads").rglob("*") if path.is_file()]
        assert left == []
        assert sorted(keys()) == sorted(f"sluice/finished/{each}" for each in by_protocol.values())

        imported(session, served, by_protocol["form"])

        for file_id in by_protocol.values():
            assert session.delete(f"{served.url}/api/uploads/{file_id}/").status_code == 204
        assert keys() == []


def by_tus(served: Server, content: bytes) -> str:
    uploader = TusClient(f"{served.url}/api/tus/", headers=served.headers).uploader(
        file_stream=io.BytesIO(content),
        chunk_size=5 * MIB,
        metadata={"filename": "大文件.bin"},
    )
    uploader.upload()
    return str(uploader.url).rstrip("/").rpartition("/")[2]


def by_parts_of_tus(session: requests.Session, served: Server, content: bytes) -> str:
    """Of uneven parts, which have to be copied together."""
    urls = []
    for piece in (content[: 4 * MIB], content[4 * MIB :]):
        headers = {"Tus-Resumable": "1.0.0", "Upload-Concat": "partial"}
        made = session.post(
            f"{served.url}/api/tus/",
            data=piece,
            headers={
                **headers,
                "Upload-Length": str(len(piece)),
                "Content-Type": "application/offset+octet-stream",
            },
        )
        assert made.status_code == 201, made.text
        urls.append(made.headers["Location"])
    concat = {"Tus-Resumable": "1.0.0", "Upload-Concat": f"final;{' '.join(urls)}"}
    made = session.post(f"{served.url}/api/tus/", headers=concat)
    assert made.status_code == 201, made.text
    return made.headers["Location"].rstrip("/").rpartition("/")[2]


def by_chunks(session: requests.Session, served: Server, content: bytes) -> str:
    told = {"filename": "chunks.bin", "size": len(content), "chunk_size": 4 * MIB}
    made = session.post(f"{served.url}/api/uploads/", json=told).json()
    one = f"{served.url}/api/uploads/{made['file_id']}"
    for index in reversed(range(made["total_chunks"])):
        chunk = content[index * 4 * MIB : (index + 1) * 4 * MIB]
        assert session.put(f"{one}/chunks/{index}", data=chunk).status_code == 200
    assert session.post(f"{one}/complete/", json={"md5": md5_of(content)}).status_code == 202
    return str(made["file_id"])


def by_form(session: requests.Session, served: Server, content: bytes) -> str:
    got = session.post(f"{served.url}/api/upload", files={"file": ("表格.csv", content)})
    assert got.status_code == 200, got.text
    assert got.json()["md5"] == md5_of(content)
    return str(got.json()["file_id"])


def imported(session: requests.Session, served: Server, file_id: str) -> None:
    looked = session.post(f"{served.url}/api/imports/preview/", json={"file_id": file_id})
    assert [each["label"] for each in looked.json()["columns"]] == ["name", "age"], looked.text
    # The key is of staff, who may import for anybody.
    began = session.post(f"{served.url}/api/import", json={"file_id": file_id, "user_id": 1})
    assert began.status_code == 202, began.text
    job = f"{served.url}/api/jobs/{began.json()['job_id']}/"
    assert ended(lambda: session.get(job).json()["state"]) == "succeeded"
    assert session.get(job).json()["result"]["rows_loaded"] == 1000
