"""Fields that nobody may write are in every body: ignored or refused, never applied."""

from typing import Any

import pytest

from tests.contracts.attacks.surface import JSON, Caller, operations_of
from tests.contracts.world import World

SERVERS_OWN: dict[str, Any] = {
    "owner": 1,
    "owner_id": 1,
    "user": 1,
    "created_at": "2001-02-03T04:05:06Z",
    "updated_at": "2001-02-03T04:05:06Z",
    "expires_at": "2101-02-03T04:05:06Z",
    "state": "finished",
    "received": 10,
    "job_id": 1,
    "import_id": 1,
    "file_id": "planted",
    "row_count": 10**6,
    "rows_loaded": 10**6,
    "table": "auth_user",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "scopes": ["admin"],
    "pk": 999_999,
    "_id": 999_999,
    "_import": 1,
    "__proto__": {"is_staff": True},
    "owner__is_staff": True,
}
TRACES = ("2001-02-03", "2101-02-03", "999999", "1000000", "planted")


@pytest.fixture(scope="module")
def alice(world: World) -> Caller:
    return Caller(world, "alice")


WELL: dict[str, dict[str, Any]] = {
    "/api/uploads/": {"filename": "a.csv", "size": 10},
    "/api/v1/users/": {"name": "made", "age": 3},
    "/api/v1/posts/": {"title": "made"},
    "/api/v1/items/": {"id": 77_001, "name": "made"},
    "/api/v1/resources/": {"id": "made", "data": {}},
    "/api/screens/": {"name": "made"},
    "/api/outbound/connections/": {"name": "made", "base_url": "https://a.example"},
    "/api/webhooks/subscriptions/": {"url": "https://a.example"},
}


@pytest.mark.parametrize("path", WELL)
@pytest.mark.parametrize("kind", ["json", "form"])
def test_what_is_made_is_the_callers_and_new(path: str, kind: str, world: World, alice: Caller):
    body = {**SERVERS_OWN, **WELL[path]}
    if "id" in body:
        body["id"] = (
            {"json": 77_001, "form": 77_002}[kind] if path.endswith("items/") else f"m-{kind}"
        )
    elif path != "/api/uploads/":
        body["id"] = 999_999
    if path in ("/api/screens/", "/api/outbound/connections/"):
        body["name"] = f"made-{kind}"
    sent = {"json": body} if kind == "json" else {"data": {k: str(v) for k, v in body.items()}}
    sent = {"data": {**sent["data"], "data": "{}"}} if kind == "form" else sent

    answer = alice.send("post", path, **sent)

    assert answer.status_code in (200, 201, 400, 422), answer.text
    if answer.ok:
        made = answer.json()
        shown = alice.send("get", answer.headers["Location"].removeprefix(world.url)).text
        assert [trace for trace in TRACES if trace in answer.text + shown] == []
        assert made.get("owner", f"alice-{world.mark}") == f"alice-{world.mark}"
        assert made.get("state", "receiving") != "finished"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_is_changed_stays_what_it_was_beside(method: str, world: World, alice: Caller):
    """Every operation that replaces or changes an object of alice's."""
    tried = 0
    for operation in operations_of(world.document):
        is_open = (operation.method, operation.path) in world.open_operations
        if operation.method != method or JSON not in operation.body_types or is_open:
            continue
        path = operation.path.format(**world.values(operation.path))
        before = alice.send("get", path)
        if before.status_code in (403, 405):  # staff's alone, or told elsewhere
            continue
        shown = before.json()
        wanted = {**shown, **SERVERS_OWN, "id": 999_999} if method == "put" else SERVERS_OWN

        answer = alice.send(
            method, path, json=wanted, headers={"If-Match": before.headers.get("ETag", "*")}
        )

        assert answer.status_code in (200, 204, 400, 422), (path, answer.text)
        after = alice.send("get", path).json()
        tried += 1
        changed = {k for k in after if after[k] != shown.get(k)} - {"updated_at"}
        assert changed == set(), (path, changed)
        assert "2001-02-03" not in str(after)
    assert tried >= 4


def test_nobody_becomes_staff_by_saying_so(world: World, alice: Caller):
    for operation in operations_of(world.document):
        if JSON in operation.body_types and operation.method in ("post", "put", "patch"):
            path = operation.path.format(**world.values(operation.path), user_id_=0)
            alice.send(operation.method, path, json=SERVERS_OWN)
            alice.send(operation.method, f"{path}?is_staff=true&scopes=admin")

    others = Caller(world, "bob").send("get", "/api/v1/items/").json()["results"]
    assert {each["owner"] for each in others} <= {None, f"bob-{world.mark}"}
    seen = alice.send("get", "/api/uploads/").json()["results"]
    assert seen != []
    status = alice.send("get", "/admin/")
    assert status.status_code in (302, 403)


def test_an_import_is_ones_own_whatever_the_body_says(world: World, alice: Caller):
    body = {"file_id": world.alices["file_id"], "user_id": 1, "owner": 1}

    assert alice.send("post", "/api/import", json=body).status_code in (403, 404)


def test_a_row_keeps_its_id_and_its_import(world: World, alice: Caller):
    path = f"/api/datasets/{world.alices['slug']}/rows/"
    made = alice.send("post", path, json={"name": "x", "_id": 999_999, "_import": 1})

    assert made.status_code in (201, 400, 422)
    assert "999999" not in alice.send("get", path).text
