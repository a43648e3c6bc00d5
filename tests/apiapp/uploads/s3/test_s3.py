"""What is S3's own: parts, what broke off, and a service that is away."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import IncompleteReadError

from apiapp.uploads.errors import StoredFileMissing, StoreUnavailable
from apiapp.uploads.stores.s3 import FinishedBucket, client_for, why_unusable
from apiapp.uploads.stores.s3_reading import ObjectReader
from tests.serving import ROOT

FILE_ID = "0123456789abcdef" * 2
MIB = 2**20
LARGE = os.urandom(11 * MIB)
LATER = datetime.now(UTC) + timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # moto says the same old date of all that was begun


class Killed(BaseException):
    pass


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(LARGE)
    return path


def killed_once(sent_at_least: int) -> Callable[[int], None]:
    def on_sent(sent_bytes: int) -> None:
        if sent_bytes >= sent_at_least:
            raise Killed

    return on_sent


def content_of(bucket: FinishedBucket) -> bytes:
    with bucket.open(FILE_ID) as file:
        return file.read()


def test_a_large_file_goes_in_parts_and_says_how_far_it_is(bucket, source, client):
    told: list[int] = []

    bucket.keep(FILE_ID, source, on_sent=told.append)

    assert client.calls.count("UploadPart") == 3
    assert told[0] == 0
    assert told == sorted(told)
    assert told[-1] == len(LARGE)


def test_a_move_that_was_killed_goes_on_with_the_parts_that_are_there(bucket, source, client):
    with pytest.raises(Killed):
        bucket.keep(FILE_ID, source, on_sent=killed_once(len(LARGE)))
    assert source.exists()
    assert not bucket.has(FILE_ID)
    client.calls.clear()

    bucket.keep(FILE_ID, source)

    assert "UploadPart" not in client.calls
    assert content_of(bucket) == LARGE


MOVE = """
import sys
from pathlib import Path

from apiapp.uploads.stores import s3, s3_sending
from apiapp.uploads.stores.s3_location import parse_location

def tell(sent_bytes):
    print(sent_bytes, flush=True)
    if sent_bytes:
        sys.stdin.read()  # until it is killed

s3_sending.THREADS = 1
s3.FinishedBucket(parse_location(sys.argv[1])).keep(sys.argv[2], Path(sys.argv[3]), on_sent=tell)
"""


def test_a_process_that_is_killed_in_the_middle_of_a_move_leaves_the_rest_to_the_next(
    bucket, source, client, location
):
    options = f"endpoint={location.endpoint}&region=us-east-1&addressing=path&part_mib=5"
    url = f"s3://{location.bucket}/{location.prefix}?{options}"
    command = [sys.executable, "-c", MOVE, url, FILE_ID, str(source)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as moving:
        assert moving.stdout
        told = [moving.stdout.readline(), moving.stdout.readline()]
        moving.kill()
    assert told == ["0\n", f"{5 * MIB}\n"]
    assert not bucket.has(FILE_ID)
    client.calls.clear()

    bucket.keep(FILE_ID, source)

    assert client.calls.count("UploadPart") == 2
    assert content_of(bucket) == LARGE


def test_parts_of_another_content_are_not_taken_for_those_of_the_file(bucket, source):
    with pytest.raises(Killed):
        bucket.keep(FILE_ID, source, on_sent=killed_once(len(LARGE)))
    other = LARGE[:-1] + b"!" if LARGE[-1:] != b"!" else LARGE[:-1] + b"?"
    source.write_bytes(other)

    bucket.keep(FILE_ID, source)

    assert content_of(bucket) == other


def test_a_move_that_was_killed_at_its_very_end_is_seen_to_be_done(bucket, source, client):
    bucket.keep(FILE_ID, source)
    source.write_bytes(LARGE)
    client.calls.clear()

    bucket.keep(FILE_ID, source)

    assert not {"UploadPart", "PutObject", "CreateMultipartUpload"} & set(client.calls)
    assert not source.exists()


def test_of_two_moves_at_once_the_slower_finds_it_done(bucket, source, client, location):
    second = FinishedBucket(location)

    def other_run(sent_bytes: int) -> None:
        if sent_bytes == len(LARGE):
            copy = source.with_name("copy")
            copy.write_bytes(LARGE)
            second.keep(FILE_ID, copy)

    bucket.keep(FILE_ID, source, on_sent=other_run)

    assert content_of(bucket) == LARGE
    assert list(bucket.begun(before=LATER)) == []


def test_parts_that_were_forgotten_are_found_and_deleted(bucket, source, client, location):
    with pytest.raises(Killed):
        bucket.keep(FILE_ID, source, on_sent=killed_once(1))
    strange = f"{location.prefix}finished/strange"
    client.create_multipart_upload(Bucket=location.bucket, Key=strange)

    assert list(bucket.begun(before=LONG_AGO)) == []
    assert list(bucket.begun(before=LATER)) == [FILE_ID]
    bucket.forget_begun(FILE_ID)

    assert list(bucket.begun(before=LATER)) == []
    left = client.list_multipart_uploads(Bucket=location.bucket)["Uploads"]
    assert [each["Key"] for each in left] == [strange]


def test_the_files_that_are_there_are_told_by_their_ids(bucket, source, client, location):
    bucket.keep(FILE_ID, source)
    for key in ("finished/readme", "other", f"finished/{FILE_ID}/x"):
        client.put_object(Bucket=location.bucket, Key=location.prefix + key, Body=b"")

    assert list(bucket.kept(before=LATER)) == [FILE_ID]
    assert list(bucket.kept(before=LONG_AGO)) == []


# --- a service that is away, or does not let us in -----------------------------------------------


def refused_by(status: int, code: str) -> Callable[..., AWSResponse]:
    """What the service answers instead."""

    class Raw:
        def stream(self) -> list[bytes]:
            return [f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()]

    return lambda request, **_: AWSResponse(request.url, status, {}, Raw())


def every_use(bucket: FinishedBucket, source: Path) -> list[Callable[[], Any]]:
    return [
        lambda: bucket.keep(FILE_ID, source),
        lambda: bucket.has(FILE_ID),
        lambda: bucket.open(FILE_ID),
        lambda: list(bucket.kept(before=LATER)),
        lambda: list(bucket.begun(before=LATER)),
        lambda: bucket.forget_begun(FILE_ID),
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch"),
        (403, "AccessDenied"),
        (400, "ExpiredToken"),
    ],
)
def test_a_service_that_does_not_let_us_in_is_no_loss(bucket, source, client, status, code):
    client.meta.events.register("before-send.s3", refused_by(status, code))

    for use in every_use(bucket, source):
        with pytest.raises(StoreUnavailable):
            use()
    bucket.delete(FILE_ID)  # later

    assert source.read_bytes() == LARGE


def test_without_credentials_nothing_is_lost(location, source, monkeypatch, client):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StoreUnavailable):
        FinishedBucket(location).keep(FILE_ID, source)

    assert source.exists()
    assert "credentials" in why_unusable(location)


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_a_service_that_fails_for_a_moment_is_asked_again(bucket, source, client, status, code):
    answers = [refused_by(status, code), refused_by(status, code)]
    client.meta.events.register(
        "before-send.s3.UploadPart", lambda **it: answers.pop()(**it) if answers else None
    )

    bucket.keep(FILE_ID, source)

    assert content_of(bucket) == LARGE


def test_a_bucket_that_is_not_there_is_not_a_file_that_is_gone(location, source, client):
    bucket = FinishedBucket(replace(location, bucket="nobody-has-this"), client=client)

    for use in every_use(bucket, source):
        with pytest.raises(StoreUnavailable):
            use()

    assert source.exists()


def test_a_service_that_does_not_answer_is_told_as_unavailable(location, source):
    with socket.socket() as silent:  # bound, and nobody listens
        silent.bind(("127.0.0.1", 0))
        away = replace(location, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        client = client_for(away)

        with pytest.raises(StoreUnavailable):
            FinishedBucket(away, client=client).has(FILE_ID)

        assert "Could not connect" in why_unusable(away)
    assert source.exists()


class Breaking:
    """Gives a few bytes, then breaks."""

    def __init__(self, content: bytes, *, until: int) -> None:
        self.content, self.left = content, until

    def read(self, size: int) -> bytes:
        if not self.left:
            raise IncompleteReadError(actual_bytes=0, expected_bytes=len(self.content))
        size = min(size, self.left)
        self.left -= size
        piece, self.content = self.content[:size], self.content[size:]
        return piece

    def close(self) -> None:
        pass


def test_reading_goes_on_where_a_connection_broke():
    content = os.urandom(100)
    reader = ObjectReader(lambda at, end: Breaking(content[at:end], until=7), size_bytes=100)

    assert reader.read() == content


def test_who_reads_a_little_asks_for_a_little_and_who_reads_on_asks_seldom(bucket, source, client):
    bucket.keep(FILE_ID, source)
    asked: list[str] = []
    client.meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: asked.append(params["Range"])
    )

    with bucket.open(FILE_ID) as file:
        file.seek(5 * MIB)
        assert file.read(10) == LARGE[5 * MIB : 5 * MIB + 10]
        assert asked == [f"bytes={5 * MIB}-{6 * MIB - 1}"]
        file.seek(0)
        assert file.read() == LARGE

    assert [each.split("-")[0] for each in asked[1:]] == [
        f"bytes={mib * MIB}" for mib in (0, 1, 3, 7)
    ]


def test_reading_ends_when_connections_keep_breaking():
    reader = ObjectReader(lambda at, end: Breaking(b"x", until=0), size_bytes=1)

    with pytest.raises(StoreUnavailable):
        reader.read(1)
    with pytest.raises(ValueError, match="before the begin"):
        reader.seek(-1)


def test_a_file_that_was_deleted_while_it_is_read_is_not_read_to_a_wrong_end(bucket, source):
    bucket.keep(FILE_ID, source)

    with bucket.open(FILE_ID) as file:
        bucket.delete(FILE_ID)
        with pytest.raises(StoreUnavailable):
            file.read(1)
    with pytest.raises(StoredFileMissing):
        bucket.open(FILE_ID)
