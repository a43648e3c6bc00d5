"""A running server with two users and staff, and something of everything that one of them owns."""

import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from standardwebhooks.webhooks import Webhook

from tests.serving import Server

CSV = b"name,price\nvolvo,12\nsaab,ninety\nfiat,8\n"
TUS = {
    "Tus-Resumable": "1.0.0",
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": "0",
    "Upload-Length": "5",
}
RESUMABLE = {
    "Content-Type": "application/partial-upload",
    "Upload-Offset": "0",
    "Upload-Complete": "?0",
}
UNSAFE = ("post", "put", "patch", "delete")


@dataclass
class World:
    """A running server, five users' keys, and what alice owns there.

    The viewer and the editor are that of her dataset.

    mark: what all of their names have in them.
    """

    url: str
    keys: dict[str, str]
    alices: dict[str, Any]
    operations: list[tuple[str, str]]
    open_operations: set[tuple[str, str]]
    mark: str
    document: dict[str, Any]
    resumable_id: str = ""

    def values(self, path: str) -> dict[str, Any]:
        """Of the parameters of an operation's path: alice's.  A resumable upload is another file,
        one whose protocol has been that from its beginning; a column has a name, as a screen has."""
        if "/columns/" in path:
            return {**self.alices, "name": "price"}
        if path.startswith("/api/resumable/"):
            return {**self.alices, "file_id": self.resumable_id}
        return self.alices

    def call(self, who: str, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} if who != "nobody" else {}
        headers |= options.pop("headers", {})
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


# One start of manage.py in place of one for each key.
MAKE_KEYS = """
import json
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from apiapp.keys import scopes, services
from apiapp.monitoring.models import Alert
from apiapp.payments.models import Gateway, Payment

made = {{}}
for who, (name, is_staff, wanted) in {users!r}.items():
    owner, _ = User.objects.get_or_create(username=name, defaults={{"is_staff": is_staff}})
    _, key = services.create_api_key(
        owner=owner, name="test", key_scopes=wanted or scopes.ALL_SCOPES,
        server_secret=settings.SECRET_KEY,
    )
    made[who] = owner.pk, key
alert = Alert.objects.create(figure="p99_s", threshold=1, value=2, fired_at=timezone.now())
made["alert"] = alert.pk, ""
gateway, _ = Gateway.objects.get_or_create(name="of nobody", defaults={{"is_active": False}})
payment = Payment.objects.create(
    owner_id=made["alice"][0], gateway=gateway, order_id="Alice's", amount_minor=1250,
    currency="EUR", created_at=timezone.now(),
)
made["payment"] = payment.pk, ""
print(json.dumps(made))
"""


def made_world(server: Server) -> World:
    mark = secrets.token_hex(3)
    scopes = ["uploads", "imports", "datasets:read", "datasets:write", "screens"]
    scopes += ["outbound", "webhooks", "payments"]
    users = {
        "alice": (f"alice-{mark}", False, None),
        "bob": (f"bob-{mark}", False, None),
        "staff": (f"staff-{mark}", True, None),
        "staff without admin": (f"staff-{mark}", True, scopes),
        "viewer": (f"viewer-{mark}", False, None),
        "editor": (f"editor-{mark}", False, None),
    }
    said = server.manage("shell", "-c", MAKE_KEYS.format(users=users)).stdout
    made = json.loads(said.splitlines()[-1])
    alert_id, _ = made.pop("alert")
    payment_id, _ = made.pop("payment")
    keys = {name: key for name, (_, key) in made.items()}
    document = requests.get(f"{server.url}/openapi.json").json()
    world = World(server.url, keys, {}, [], set(), mark, document)
    upload = world.call("alice", "post", "/api/upload", files={"file": ("cars.csv", CSV)}).json()
    started = world.call(
        "alice",
        "post",
        "/api/import",
        json={
            "file_id": upload["file_id"],
            "user_id": made["alice"][0],
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
    shared = f"/api/datasets/{started['dataset']}/permissions/"
    grants = {
        role: world.call(
            "alice", "post", shared, json={"user": f"{role}-{mark}", "role": role}
        ).json()
        for role in ("viewer", "editor")
    }
    history = world.call("alice", "get", f"/api/datasets/{started['dataset']}/history/").json()
    world.resumable_id = file_begun(world)
    world.alices = {
        **twin_ids,
        **made_screen(world),
        **made_call(world),
        "rule_id": made_rule(world),
        "alert_id": alert_id,
        **made_webhooks(world),
        "payment_id": payment_id,
        "file_id": upload["file_id"],
        "index": 0,
        "job_id": started["job_id"],
        "import_id": started["import_id"],
        "slug": started["dataset"],
        "row_id": row["_id"],
        "event_id": history["results"][0]["id"],
        "permission_id": grants["viewer"]["id"],
    }
    for path, methods in document["paths"].items():
        for method in {"get", *UNSAFE} & set(methods):
            if methods[method]["security"] == [{}]:
                world.open_operations.add((method, path))
            else:
                world.operations.append((method, path))
    return world


def file_begun(world: World) -> str:
    """The id of a resumable upload of alice's, of which nothing has come."""
    begun = world.call("alice", "post", "/api/resumable/", headers={"Upload-Complete": "?0"})
    return begun.headers["Location"].rstrip("/").rpartition("/")[2]


def made_screen(world: World) -> dict[str, Any]:
    """A screen of alice's, and a link to it."""
    name = f"alices-{world.mark}"
    world.call("alice", "post", "/api/screens/", json={"name": name})
    link = world.call("alice", "post", f"/api/screens/{name}/links/", json={}).json()
    return {"name": name, "link_id": link["id"]}


def made_call(world: World) -> dict[str, Any]:
    """A connection of alice's, and a call that was refused: nothing is sent to this machine."""
    wanted = {"name": f"Alice's {world.mark}", "base_url": "http://127.0.0.1:9"}
    connection = world.call("alice", "post", "/api/outbound/connections/", json=wanted).json()
    asked = {"connection": connection["id"]}
    call = world.call("alice", "post", "/api/outbound/calls/", json=asked).json()
    return {"connection_id": connection["id"], "call_id": call["id"]}


def made_rule(world: World) -> int:
    """A rule of alerts, which is staff's alone."""
    wanted = {"figure": "jobs_waiting", "threshold": 1e9}
    return int(world.call("staff", "post", "/api/monitoring/rules/", json=wanted).json()["id"])


def made_webhooks(world: World) -> dict[str, Any]:
    """A subscription of alice's, a test event for it, and a source that told her something."""
    base = "/api/webhooks"
    wanted = {"url": "http://127.0.0.1:9/"}
    made = world.call("alice", "post", f"{base}/subscriptions/", json=wanted).json()
    sent = world.call("alice", "post", f"{base}/subscriptions/{made['id']}/test/").json()
    name = f"alices-{world.mark}"
    world.call("alice", "post", f"{base}/sources/", json={"name": name})
    asked = world.call("alice", "get", f"{base}/sources/{name}/secrets/").json()
    at = datetime.now(UTC)
    signature = Webhook(asked["secrets"][0]).sign("msg_1", at, "{}")
    signed = {"webhook-id": "msg_1", "webhook-signature": signature}
    signed["webhook-timestamp"] = str(int(at.timestamp()))
    world.call("nobody", "post", f"{base}/incoming/{name}/", data=b"{}", headers=signed)
    return {"subscription_id": made["id"], "delivery_id": sent["id"], "source": name}


def body_for(method: str, path: str) -> dict[str, Any]:
    """A body of the kind the endpoint reads: two take forms with a file, the others JSON."""
    if method == "post" and path.endswith(("/api/upload/", "/chunks/")):
        return {"files": {"file": ("a.csv", CSV), "chunk": ("a", CSV)}, "data": {"index": "0"}}
    if path.startswith("/api/tus/"):
        return {"headers": TUS, "data": b""}
    if path.startswith("/api/resumable/"):
        return {"headers": RESUMABLE, "data": b""}
    return {"json": {}}
