"""Every endpoint, as seen by its owner, by another user, by staff and by nobody.

The endpoints are read from the server's own OpenAPI document: a new one is in here at once.
"""

import io
import json
from typing import Any

from tests.contracts.world import CSV, World, body_for, key_of
from tests.serving import Server

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
    ("post", "/api/webhooks/incoming/{source}/"),  # its signature says who it is
}


STAFFS = "/api/monitoring/"  # nobody else's at all: see tests/apiapp/monitoring


def of_objects(world: World) -> list[tuple[str, str]]:
    """The operations on one object, with alice's filled in."""
    return [
        (method, path.format(**world.values(path)))
        for method, path in world.operations
        if "{" in path and not path.startswith(STAFFS)
    ]


def test_the_document_names_operations_on_every_kind_of_object(world: World):
    paths = {path for _, path in world.operations}

    for kind in world.alices:
        assert any(f"{{{kind}}}" in path for path in paths), kind


def test_the_examples_and_what_is_signed_are_open_and_nothing_else_is(world: World):
    assert world.open_operations == OPEN


def test_anothers_object_is_not_there_for_any_method(world: World):
    answers = {
        (method, path): world.call("bob", method, path, **body_for(method, path)).status_code
        for method, path in of_objects(world)
    }

    assert {call: status for call, status in answers.items() if status != 404} == {}
    assert len(answers) > 15


# A delivery that failed is tried again meanwhile, and its subscription notes that.
CHANGING = ("/api/webhooks/deliveries/", "/api/webhooks/subscriptions/")


def test_nothing_of_it_changes_by_what_another_sends(world: World):
    reads = [path for method, path in of_objects(world) if method == "get"]
    reads = [path for path in reads if not path.startswith(CHANGING)]
    before = {path: world.call("alice", "get", path).content for path in reads}
    wanted = {
        "name": "Bob's",
        "title": "Bob's",
        "owner": "bob",
        "data": {"is": "bob's"},
        "price": 1,
    }

    for method, path in of_objects(world):
        if method in ("put", "patch", "delete"):
            world.call("bob", method, path, json=wanted)

    assert {path: world.call("alice", "get", path).content for path in reads} == before


def owned(page: dict[str, Any]) -> list[Any]:
    """What is in a list, less the rows that belong to nobody."""
    return [row for row in page.get("results", []) if row.get("owner", "somebody") is not None]


def test_no_filter_of_a_list_shows_what_is_not_ones_own(world: World):
    lists = [path for m, path in world.operations if m == "get" and "{" not in path]
    filters = [{"owner": f"alice-{world.mark}"}, {"owner_id": "1"}, {"all": "true"}]
    filters += [{"search": "Alice"}, {"name": f"Alice's {world.mark}"}, {"state": "succeeded"}]
    filters += [{"dataset": world.alices["slug"]}, {"id": f"alices-{world.mark}"}]

    for path in lists:
        for asked in filters:
            page = world.call("bob", "get", path, params=asked).json()
            assert owned(page) == [], (path, asked)


def test_a_cursor_of_anothers_list_opens_nothing(world: World):
    lists = [path for m, path in world.operations if m == "get" and "{" not in path]
    for path in lists:
        page = world.call("staff", "get", path, params={"limit": 1}).json()
        following = page.get("next")
        if following:
            mine = world.call("bob", "get", following.removeprefix(world.url)).json()
            assert owned(mine) == [], path


def test_staff_see_it_with_the_scope_admin_and_only_with_it(world: World):
    reads = [path for method, path in of_objects(world) if method == "get"]

    with_it = {path: world.call("staff", "get", path).status_code for path in reads}
    without = {path: world.call("staff without admin", "get", path).status_code for path in reads}

    assert set(with_it.values()) <= {200, 204, 405}
    assert set(without.values()) <= {404, 405}


EDITED = [
    ("patch", "/api/datasets/{slug}/", {"title": "{slug}"}),
    ("post", "/api/datasets/{slug}/rows/", {"name": "kia", "price": 1}),
    ("patch", "/api/datasets/{slug}/rows/{row_id}/", {"price": 12}),
    ("patch", "/api/datasets/{slug}/columns/price/", {"label": "price"}),
    ("post", "/api/import/", {"dataset": "{slug}", "rows": [{"name": "kia", "price": 1}]}),
]
FOR_EDITORS = ("/api/imports/{import_id}/",)
NEVER_SHARED = ("/api/uploads/", "/api/jobs/", "/api/tus/", "/api/resumable/", "/api/v1/")
NEVER_SHARED += ("/api/screens/", "/api/outbound/", "/api/webhooks/", "/api/payments/", STAFFS)


def test_what_is_shared_is_seen_by_its_viewers_and_editors_and_nothing_else(world: World):
    reads = [path for method, path in world.operations if method == "get" and "{" in path]
    answers = {
        (who, path): world.call(who, "get", path.format(**world.values(path))).status_code
        for who in ("viewer", "editor")
        for path in reads
    }

    for (who, path), status in answers.items():
        is_kept = path.startswith(NEVER_SHARED) or (
            who == "viewer" and path.startswith(FOR_EDITORS)
        )
        is_theirs = who == "viewer" or "{permission_id}" not in path
        assert (status in (200, 204)) == (not is_kept and is_theirs), (who, path, status)


def test_editors_change_it_and_viewers_do_not(world: World):
    for method, path, body in EDITED:
        filled = json.loads(json.dumps(body).replace("{slug}", world.alices["slug"]))
        at = path.format(**world.values(path))
        assert world.call("viewer", method, at, json=filled).status_code == 403, (method, path)
        assert world.call("editor", method, at, json=filled).status_code < 300, (method, path)


def test_whoever_it_is_shared_with_can_neither_share_nor_delete_it(world: World):
    base = f"/api/datasets/{world.alices['slug']}/"
    wanted = {"user": f"bob-{world.mark}", "role": "viewer"}

    for who in ("viewer", "editor"):
        assert world.call(who, "post", f"{base}permissions/", json=wanted).status_code == 403
        assert world.call(who, "put", f"{base}owner/", json=wanted).status_code == 403
        assert world.call(who, "delete", base).status_code == 403


def test_its_owner_sees_it(world: World):
    reads = [path for method, path in of_objects(world) if method == "get"]

    assert {world.call("alice", "get", path).status_code for path in reads} <= {200, 204, 405}


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
    world.keys["admin only"] = key_of(server, f"alice-{world.mark}", "--scope=admin")

    for method, path in of_objects(world):
        answer = world.call("admin only", method, path, **body_for(method, path))
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
