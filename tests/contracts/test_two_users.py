"""Every endpoint, as seen by its owner, by another user, by staff and by nobody.

The endpoints are read from the server's own OpenAPI document: a new one is in here at once.
"""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.serving import Server

CSV = b"name,price\nvolvo,12\nsaab,ninety\nfiat,8\n"
UNSAFE = ("post", "put", "patch", "delete")
TWINS = {  # what alice makes behind /api/v1/
    "users": {"name": "Alice's", "age": 1},
    "posts": {"title": "Alice's"},
    "items": {"id": 4711, "name": "Alice's"},
    "resources": {"id": "alices", "data": {}},
}
OPEN = {
    ("get", "/get_example/{user_id}/"),
    ("post", "/post_example/"),
    ("put", "/put_example/{item_id}/"),
    ("delete", "/delete_example/"),
    *((method, "/api/resource/{resource_id}/") for method in ("get", "post", "put", "delete")),
    ("post", "/api/post/"),
    ("post", "/api/form/"),
    ("get", "/api/data/"),
    ("get", "/api/users/"),
    ("get", "/stream/"),
}


@dataclass
class World:
    """A running server, three users' keys, and what alice owns there."""

    url: str
    keys: dict[str, str]
    alices: dict[str, Any]
    operations: list[tuple[str, str]]
    open_operations: set[tuple[str, str]]

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


@pytest.fixture(scope="module")
def world(server: Server) -> Iterator[World]:
    keys = {
        "alice": key_of(server, "matrix-alice"),
        "bob": key_of(server, "matrix-bob"),
        "staff": key_of(server, "matrix-staff", "--staff"),
        "staff without admin": key_of(
            server,
            "matrix-staff",
            *(f"--scope={s}" for s in ("uploads", "imports", "datasets:read", "datasets:write")),
        ),
    }
    world = World(server.url, keys, {}, [], set())
    upload = world.call("alice", "post", "/api/upload", files={"file": ("cars.csv", CSV)}).json()
    me = server.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import User; "
        "print(User.objects.get(username='matrix-alice').pk)",
    ).stdout.split()[-1]
    started = world.call(
        "alice",
        "post",
        "/api/import",
        json={
            "file_id": upload["file_id"],
            "user_id": int(me),
            "dataset": "Alice's cars",
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
    twins = {
        f"{kind[:-1]}_id": world.call("alice", "post", f"/api/v1/{kind}/", json=body).json()["id"]
        for kind, body in TWINS.items()
    }
    world.alices = {
        **twins,
        "file_id": upload["file_id"],
        "index": 0,
        "job_id": started["job_id"],
        "import_id": started["import_id"],
        "slug": started["dataset"],
        "row_id": row["_id"],
    }
    document = requests.get(f"{server.url}/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in {"get", *UNSAFE} & set(methods):
            if methods[method]["security"] == [{}]:
                world.open_operations.add((method, path))
            else:
                world.operations.append((method, path))
    yield world


def body_for(method: str, path: str) -> dict[str, Any]:
    """A body of the kind the endpoint reads: two take forms with a file, the others JSON."""
    if method == "post" and path.endswith(("/api/upload/", "/chunks/")):
        return {"files": {"file": ("a.csv", CSV), "chunk": ("a", CSV)}, "data": {"index": "0"}}
    return {"json": {}}


def of_objects(world: World) -> list[tuple[str, str]]:
    """The operations on one object, with alice's filled in."""
    return [(m, path.format(**world.alices)) for m, path in world.operations if "{" in path]


def test_the_document_names_operations_on_every_kind_of_object(world: World):
    paths = {path for _, path in world.operations}

    for kind in world.alices:
        assert any(f"{{{kind}}}" in path for path in paths), kind


def test_the_examples_are_open_and_nothing_else_is(world: World):
    assert world.open_operations == OPEN


def test_anothers_object_is_not_there_for_any_method(world: World):
    answers = {
        (method, path): world.call("bob", method, path, **body_for(method, path)).status_code
        for method, path in of_objects(world)
    }

    assert {call: status for call, status in answers.items() if status != 404} == {}
    assert len(answers) > 15


def test_staff_see_it_with_the_scope_admin_and_only_with_it(world: World):
    reads = [path for method, path in of_objects(world) if method == "get"]

    with_it = {path: world.call("staff", "get", path).status_code for path in reads}
    without = {path: world.call("staff without admin", "get", path).status_code for path in reads}

    assert set(with_it.values()) <= {200, 405}
    assert set(without.values()) <= {404, 405}


def test_its_owner_sees_it(world: World):
    reads = [path for method, path in of_objects(world) if method == "get"]

    assert {world.call("alice", "get", path).status_code for path in reads} <= {200, 405}


def test_nobody_gets_in_anywhere_without_showing_who_they_are(world: World):
    every = of_objects(world) + [(m, path) for m, path in world.operations if "{" not in path]
    answers = {}
    for method, path in every:
        answer = world.call("nobody", method, path, **body_for(method, path))
        answers[method, path] = answer.status_code
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Content-Type"].startswith("application/problem+json")

    assert {call: status for call, status in answers.items() if status != 401} == {}


def test_lists_show_ones_own_alone(world: World):
    reads = [path for method, path in world.operations if method == "get" and "{" not in path]
    lists = [path for path in reads if "results" in world.call("alice", "get", path).json()]

    assert len(lists) >= 4
    for path in lists:
        hers = json.dumps(world.call("alice", "get", path).json()["results"])
        others = world.call("bob", "get", path).json()["results"]
        # Behind /api/v1/ are rows that belong to nobody, and say so.
        assert [row for row in others if row.get("owner", "somebody")] == [], path
        assert hers != "[]", path
        assert world.call("staff", "get", path).json()["results"] != [], path


def test_a_key_without_the_scope_is_told_which_one_it_lacks(world: World, server: Server):
    world.keys["outbound only"] = key_of(server, "matrix-alice", "--scope=outbound")

    for method, path in of_objects(world):
        answer = world.call("outbound only", method, path, **body_for(method, path))
        if path.startswith("/api/jobs/"):
            continue  # work of every feature: whoever may call may look at their own
        if path.startswith("/api/v1/") and method == "get":
            continue  # there only changes need a scope
        assert answer.status_code == 403, (method, path)
        assert "lacks the scope" in answer.json()["detail"]


def test_an_import_for_somebody_else_is_for_staff(world: World):
    mine = world.call("bob", "post", "/api/upload", files={"file": ("b.csv", io.BytesIO(CSV))})
    body = {"file_id": mine.json()["file_id"], "user_id": 1, "dataset": "not mine"}

    assert world.call("bob", "post", "/api/import", json=body).status_code in (403, 404)
