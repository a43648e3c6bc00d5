"""A running server with two users and staff, and something of everything that one of them owns."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import requests

from tests.serving import Server

CSV = b"name,price\nvolvo,12\nsaab,ninety\nfiat,8\n"
UNSAFE = ("post", "put", "patch", "delete")


@dataclass
class World:
    """A running server, three users' keys, and what alice owns there.

    mark: what all of their names have in them.
    """

    url: str
    keys: dict[str, str]
    alices: dict[str, Any]
    operations: list[tuple[str, str]]
    open_operations: set[tuple[str, str]]
    mark: str
    document: dict[str, Any]

    def call(self, who: str, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who != "nobody" else {}
        return requests.request(method, self.url + path, headers=headers, timeout=20, **options)

    def wait_for_job(self, job_id: int) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.call("alice", "get", f"/api/jobs/{job_id}/").json()
            if job["state"] in ("succeeded", "failed", "cancelled"):
                return job
            time.sleep(0.05)
        raise AssertionError("the job does not end")


def key_of(server: Server, user: str, *more: str) -> str:
    made = server.manage("create_api_key", "--user", user, "--create-user", *more)
    return made.stdout.strip()


def made_world(server: Server) -> World:
    mark = secrets.token_hex(3)
    keys = {
        "alice": key_of(server, f"alice-{mark}"),
        "bob": key_of(server, f"bob-{mark}"),
        "staff": key_of(server, f"staff-{mark}", "--staff"),
        "staff without admin": key_of(
            server,
            f"staff-{mark}",
            *(f"--scope={s}" for s in ("uploads", "imports", "datasets:read", "datasets:write")),
        ),
    }
    document = requests.get(f"{server.url}/openapi.json").json()
    world = World(server.url, keys, {}, [], set(), mark, document)
    upload = world.call("alice", "post", "/api/upload", files={"file": ("cars.csv", CSV)}).json()
    me = server.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import User; "
        f"print(User.objects.get(username='alice-{mark}').pk)",
    ).stdout.split()[-1]
    started = world.call(
        "alice",
        "post",
        "/api/import",
        json={
            "file_id": upload["file_id"],
            "user_id": int(me),
            "dataset": f"Alice's cars {mark}",
            "columns": [
                {"name": "name", "label": "name", "type": "text"},
                {"name": "price", "label": "price", "type": "integer"},
            ],
        },
    ).json()
    world.wait_for_job(started["job_id"])
    row = world.call("alice", "get", f"/api/datasets/{started['dataset']}/rows/").json()["results"][
        0
    ]
    twins = {  # what she makes behind /api/v1/
        "users": {"name": f"Alice's {mark}", "age": 1},
        "posts": {"title": f"Alice's {mark}"},
        "items": {"id": int(mark, 16), "name": f"Alice's {mark}"},
        "resources": {"id": f"alices-{mark}", "data": {}},
    }
    twin_ids = {
        f"{kind[:-1]}_id": world.call("alice", "post", f"/api/v1/{kind}/", json=body).json()["id"]
        for kind, body in twins.items()
    }
    world.alices = {
        **twin_ids,
        "file_id": upload["file_id"],
        "index": 0,
        "job_id": started["job_id"],
        "import_id": started["import_id"],
        "slug": started["dataset"],
        "row_id": row["_id"],
    }
    for path, methods in document["paths"].items():
        for method in {"get", *UNSAFE} & set(methods):
            if methods[method]["security"] == [{}]:
                world.open_operations.add((method, path))
            else:
                world.operations.append((method, path))
    return world


def body_for(method: str, path: str) -> dict[str, Any]:
    """A body of the kind the endpoint reads: two take forms with a file, the others JSON."""
    if method == "post" and path.endswith(("/api/upload/", "/chunks/")):
        return {"files": {"file": ("a.csv", CSV), "chunk": ("a", CSV)}, "data": {"index": "0"}}
    return {"json": {}}
