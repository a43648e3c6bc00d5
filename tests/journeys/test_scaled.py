"""The same journey where PostgreSQL, Redis and RabbitMQ have taken over, by settings alone."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import kombu
import psycopg
import pytest
import requests

from tests.needs import RABBITMQ_URL, REDIS_URL
from tests.serving import PostgresDatabase, Server

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.rabbitmq]

CSV = b"name,price\nvolvo,12.50\nsaab,ninety\nfiat,8\n"


@pytest.fixture
def scaled(home: Path) -> Iterator[tuple[Server, PostgresDatabase]]:
    with PostgresDatabase(is_migrated=True) as database:
        environment = {
            "DATABASE_URL": database.url,
            "REDIS_URL": REDIS_URL,
            "CELERY_BROKER_URL": RABBITMQ_URL,
            "CELERY_QUEUE": f"sluice-{uuid.uuid4().hex[:8]}",
        }
        with Server(home, environment) as server:
            yield server, database
        with kombu.Connection(RABBITMQ_URL) as broker:
            broker.default_channel.queue_delete(environment["CELERY_QUEUE"])


def test_a_file_becomes_a_table_that_sql_can_read(scaled: tuple[Server, PostgresDatabase]):
    server, database = scaled
    mine = requests.Session()
    mine.headers.update(server.headers)
    me = server.manage(
        "shell",
        "-v0",
        "-c",
        "from django.contrib.auth.models import User; "
        "print(User.objects.get(username='tester').pk)",
    ).stdout.split()[-1]

    sent = mine.post(f"{server.url}/api/upload", files={"file": ("cars.csv", CSV)}).json()
    wanted = {
        "file_id": sent["file_id"],
        "user_id": int(me),
        "dataset": "Cars",
        "columns": [{"type": "text"}, {"type": "decimal"}],
    }
    started = mine.post(f"{server.url}/api/import", json=wanted).json()
    job = wait_for(mine, f"{server.url}/api/jobs/{started['job_id']}/")
    refused = mine.get(f"{server.url}/api/imports/{started['import_id']}/errors/").json()["results"]

    assert job["state"] == "succeeded"
    assert [(cell["row_number"], cell["value"]) for cell in refused] == [(2, "ninety")]
    with psycopg.connect(database.url) as connection:
        (table,) = connection.execute(
            "SELECT table_name FROM imports_dataset WHERE slug = %s", [started["dataset"]]
        ).fetchone() or ("",)
        rows = connection.execute(
            f'SELECT name, price::text FROM datasets."{table}" ORDER BY _id'
        ).fetchall()
    assert rows == [("volvo", "12.50"), ("fiat", "8")]


def test_a_session_lives_in_the_shared_cache(scaled: tuple[Server, PostgresDatabase]):
    server, _ = scaled
    browser = requests.Session()

    browser.get(server.login_link())

    assert browser.get(f"{server.url}/admin/", allow_redirects=False).status_code == 200


def wait_for(client: requests.Session, url: str) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job: dict[str, str] = client.get(url).json()
        if job["state"] in ("succeeded", "failed", "cancelled"):
            return job
        time.sleep(0.05)
    raise AssertionError("the job does not end")
