"""/api/outbound/: as a program uses it, with a real server on the other side."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apiapp.jobs import services as jobs
from apiapp.outbound import calling, configured, tasks
from apiapp.outbound.models import CallRecord, Connection
from tests.apiapp.outbound.hostile_server import HostileServer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

CONNECTIONS, CALLS = "/api/outbound/connections/", "/api/outbound/calls/"
SECRET = "a secret of the other side"


def connect(client: Any, there: HostileServer, **more: Any) -> dict[str, Any]:
    wanted = {"name": "them", "base_url": there.url, "allow_private": True, **more}
    answer = client.post(CONNECTIONS, wanted)
    assert answer.status_code == 201, answer.json()
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    configured.client().connections.close()


@pytest.fixture
def carol(api: Any, staff: User) -> Any:
    return api(staff)


@pytest.fixture
def alice(api: Any, user: User) -> Any:
    return api(user)


# --- connections ---------------------------------------------------------------------------------
def test_a_secret_is_never_shown_nor_stored_as_it_is(alice: Any):
    wanted = {"name": "a", "base_url": "https://a.example", "auth": "bearer", "secret": SECRET}

    made = alice.post(CONNECTIONS, wanted)
    path = f"{CONNECTIONS}{made.json()['id']}/"
    shown = [made, alice.get(CONNECTIONS), alice.get(path), alice.patch(path, {"name": "b"})]

    assert all(SECRET not in answer.content.decode() for answer in shown)
    assert shown[-1].json()["has_secret"] is True
    assert SECRET not in str(Connection.objects.values().get())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://a.example"),
        ("base_url", "http://a:b@a.example"),
        ("base_url", "http://0x7f.1"),
        ("base_url", "https://a.example/?a=1"),
        ("headers", {"X": "a\r\nb"}),
        ("headers", {"Host": "b.example"}),
        ("headers", {"X": {"a": 1}}),
        ("headers", ["X"]),
        ("total_s", 0),
        ("total_s", 1e9),
        ("attempts", 0),
        ("answer_limit_bytes", 10**12),
        ("auth", "magic"),
        ("allow_private", True),
    ],
)
def test_a_connection_that_cannot_be_is_refused(field: str, value: Any, alice: Any):
    wanted = {"name": "a", "base_url": "https://a.example", field: value}

    answer = alice.post(CONNECTIONS, wanted)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not Connection.objects.exists()


def test_a_secret_that_cannot_be_a_header_is_refused(alice: Any):
    wanted = {"name": "a", "base_url": "https://a.example", "auth": "header", "auth_name": "X Y"}

    assert alice.post(CONNECTIONS, {**wanted, "secret": "x"}).status_code == 422
    wanted["auth_name"] = "X"
    assert alice.post(CONNECTIONS, {**wanted, "secret": "x\ny"}).status_code == 422


def test_a_name_is_there_once(alice: Any, api: Any, other_user: User):
    wanted = {"name": "a", "base_url": "https://a.example"}
    alice.post(CONNECTIONS, wanted)

    again = alice.post(CONNECTIONS, wanted)

    assert (again.status_code, again.json()["type"]) == (409, "urn:sluice:problem:name-taken")
    assert api(other_user).post(CONNECTIONS, wanted).status_code == 201


def test_a_connection_says_whether_it_is_left_alone(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(500)
    made = connect(carol, there, attempts=5)
    assert made["circuit"] == {"state": "closed", "failures": 0, "left_s": 0.0}

    for _ in range(5):
        carol.post(CALLS, {"connection": made["id"], "method": "POST"})
    circuit = carol.get(f"{CONNECTIONS}{made['id']}/").json()["circuit"]
    refused = carol.post(CALLS, {"connection": made["id"]}).json()

    assert (circuit["state"], circuit["failures"]) == ("open", 5)
    assert 0 < circuit["left_s"] <= 30
    assert (refused["state"], len(there.heard)) == ("network", 5)


def test_a_secret_does_not_go_where_it_was_not_meant_for(alice: Any, user: User):
    made = alice.post(
        CONNECTIONS,
        {"name": "a", "base_url": "https://a.example", "auth": "bearer", "secret": SECRET},
    ).json()
    Connection.objects.update(allow_private=True)  # as staff did
    path = f"{CONNECTIONS}{made['id']}/"

    same = alice.patch(path, {"base_url": "https://a.example/v2"}).json()
    moved = alice.patch(path, {"base_url": "https://a.example:8443/v2"}).json()

    assert (same["has_secret"], same["allow_private"]) == (True, True)
    assert (moved["has_secret"], moved["allow_private"]) == (False, False)


def test_anothers_connection_is_not_there(alice: Any, api: Any, other_user: User):
    made = alice.post(CONNECTIONS, {"name": "a", "base_url": "https://a.example"}).json()
    bob = api(other_user)

    path = f"{CONNECTIONS}{made['id']}/"
    answers = [bob.get(path), bob.patch(path, {"name": "b"}), bob.delete(path)]
    answers.append(bob.post(CALLS, {"connection": made["id"]}))

    assert [answer.status_code for answer in answers] == [404] * 4
    assert bob.get(CONNECTIONS).json()["results"] == []


# --- calls ---------------------------------------------------------------------------------------
def test_a_call_is_made_and_recorded(carol: Any, there: HostileServer):
    there.on["/v1/orders"] = lambda talk, heard: talk.answer(
        201, b'{"id": 7}', Content_Type="application/json", Set_Cookie="session=theirs"
    )
    made = connect(
        carol, there, base_url=f"{there.url}/v1/", auth="header", auth_name="X-Pass", secret=SECRET
    )

    answer = carol.post(
        CALLS,
        {
            "connection": made["id"],
            "method": "POST",
            "url": "/orders",
            "query": {"dry": "1", "token": "t0ken"},
            "headers": {"X-Trace": "abc"},
            "json": {"amount": 5},
        },
    )

    call, heard = answer.json(), there.heard[0]
    assert (answer.status_code, call["state"], call["status"]) == (201, "ok", 201)
    assert (heard.path, heard.body) == ("/v1/orders?dry=1&token=t0ken", b'{"amount":5}')
    assert heard.headers["x-pass"] == SECRET
    assert json.loads(call["answer_text"]) == {"id": 7}
    assert call["request_headers"] == {"X-Pass": "[redacted]", "X-Trace": "abc"}
    assert call["url"].endswith("/v1/orders?dry=1&token=[redacted]")
    assert ["Set-Cookie", "[redacted]"] in call["answer_headers"]
    assert (call["sent_bytes"], call["received_bytes"], call["attempts"]) == (12, 9, 1)
    assert carol.get(answer["Location"]).json() == call
    stored = str(CallRecord.objects.values().get())
    assert SECRET not in stored
    assert "t0ken" not in stored


BODIES = {
    "json": ({"json": None}, "application/json", b"null"),
    "form": ({"form": {"a": "1"}}, "application/x-www-form-urlencoded", b"a=1"),
    "xml": ({"xml": "<a/>"}, "application/xml; charset=utf-8", b"<a/>"),
    "text": ({"text": " ü"}, "text/plain; charset=utf-8", " ü".encode()),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_sent_as_its_kind(kind: str, carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()
    sent, content_type, body = BODIES[kind]

    carol.post(CALLS, {"connection": connect(carol, there)["id"], "method": "PUT", **sent})

    assert (there.heard[0].headers["content-type"], there.heard[0].body) == (content_type, body)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"scheme": "basic", "name": "a", "secret": "b"}, "Basic YTpi"),
        ({"scheme": "bearer", "secret": "abc"}, "Bearer abc"),
    ],
)
def test_a_call_can_have_credentials_of_its_own(
    auth: dict[str, str], header: str, carol: Any, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()

    call = carol.post(CALLS, {"connection": connect(carol, there)["id"], "auth": auth})

    assert there.heard[0].headers["authorization"] == header
    assert header not in call.content.decode()
    assert call.json()["request_headers"] == {"Authorization": "[redacted]"}


@pytest.mark.parametrize(("status", "state"), [(404, "business"), (500, "system"), (204, "ok")])
def test_what_came_of_it_is_said(status: int, state: str, carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(status)
    made = connect(carol, there, attempts=1)

    answer = carol.post(CALLS, {"connection": made["id"]})

    assert (answer.status_code, answer.json()["state"]) == (201, state)


def test_no_answer_is_recorded_too(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.reset()
    made = connect(carol, there, attempts=1)

    call = carol.post(CALLS, {"connection": made["id"]}).json()

    assert (call["state"], call["status"]) == ("network", None)
    assert call["error"]


def test_what_is_no_text_is_told_in_base64(carol: Any, there: HostileServer, settings: Any):
    there.on["/"] = lambda talk, _: talk.answer(200, b"\xff\0", X="a\0b")

    call = carol.post(CALLS, {"connection": connect(carol, there)["id"]}).json()

    assert (base64.b64decode(call["answer_base64"]), call["answer_text"]) == (b"\xff\0", None)
    assert call["answer_is_whole"] is True


@pytest.mark.parametrize(
    ("body", "data", "trouble"),
    [
        (b'<order id="7"><line>a</line></order>', {"order": {"@id": "7", "line": "a"}}, ""),
        (b"<order>", None, "the XML cannot be read at line 1, column 8"),
        (b"<o>" + b"x" * 300_000 + b"</o>", None, "only the beginning of the answer is kept"),
    ],
)
def test_an_xml_answer_is_shown_as_data_or_said_to_be_broken(
    body: bytes, data: Any, trouble: str, carol: Any, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer(200, body, Content_Type="text/xml")

    call = carol.post(CALLS, {"connection": connect(carol, there)["id"]}).json()

    assert (call["state"], call["answer_data"], call["answer_data_error"]) == ("ok", data, trouble)
    assert call["answer_text"] == body[:262_144].decode()


def test_our_own_machine_is_not_called_without_leave(alice: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()

    for url in (there.url, there.named("localhost")):
        call = alice.post(CALLS, {"url": url}).json()
        assert (call["state"], call["attempts"]) == ("refused", 1)

    assert there.heard == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "url"),
        ({"url": "example.org"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://2130706433/"}, "url"),
        ({"url": "http://a.example/\nHost:b"}, "url"),
        ({"url": "https://a.example", "method": "BREW"}, "method"),
        ({"url": "https://a.example", "headers": {"X": "a\r\nb"}}, "headers"),
        ({"url": "https://a.example", "headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"url": "https://a.example", "json": 1, "xml": "<a/>"}, "non_field_errors"),
        ({"url": "https://a.example", "connection": "x"}, "connection"),
        ({"url": "https://a.example", "auth": {"scheme": "bearer", "secret": "a\nb"}}, "url"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_not_recorded(
    asked: dict[str, Any], field: str, alice: Any
):
    answer = alice.post(CALLS, asked)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not CallRecord.objects.exists()


@pytest.mark.parametrize(
    "path", ["../admin", "a/../../b", "%2e%2e/b", "%252e%252e/b", "..\\b", "http://b.example/"]
)
def test_a_path_stays_below_the_base_address(path: str, carol: Any, there: HostileServer):
    made = connect(carol, there, base_url=f"{there.url}/v1")

    assert carol.post(CALLS, {"connection": made["id"], "url": path}).status_code == 422
    assert there.heard == []


def test_the_same_request_calls_once(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(200, b"done")
    asked = {"connection": connect(carol, there)["id"], "method": "POST"}

    first, second = (carol.post(CALLS, asked, HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2))

    assert len(there.heard) == 1
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"


def run(call: dict[str, Any]) -> None:
    """As a worker does."""
    (job,) = jobs.lease_due(tasks=["outbound.call"], at_most=1, now=timezone.now(), lease_s=60)
    tasks.call(job_id=job.pk, lease=job.lease_token, call_id=call["id"])


def test_a_job_calls_in_the_background(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(200, b"done")

    answer = carol.post(CALLS, {"connection": connect(carol, there)["id"], "background": True})
    placed = answer.json()
    run(placed)

    call = carol.get(answer["Location"]).json()
    job = carol.get(f"/api/jobs/{placed['job_id']}/").json()
    assert (answer.status_code, placed["state"], call["state"]) == (202, "queued", "ok")
    assert (job["state"], job["result"]) == ("succeeded", {"call_id": call["id"], "status": 200})


def test_a_job_whose_call_ends_badly_fails(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(404)

    placed = carol.post(
        CALLS, {"connection": connect(carol, there)["id"], "background": True}
    ).json()
    run(placed)

    job = carol.get(f"/api/jobs/{placed['job_id']}/").json()
    assert (job["state"], "404" in job["error"]) == ("failed", True)


@pytest.mark.parametrize(
    ("method", "headers", "state", "calls"),
    [
        ("GET", {}, "ok", 1),
        ("POST", {}, "interrupted", 0),
        ("POST", {"Idempotency-Key": "1"}, "ok", 1),
    ],
)
def test_after_a_worker_died_over_it_a_call_is_made_again_if_that_is_safe(
    method: str, headers: Any, state: str, calls: int, carol: Any, there: HostileServer
):
    there.on["/"] = lambda talk, _: talk.answer()
    asked = {"connection": connect(carol, there)["id"], "method": method, "headers": headers}
    placed = carol.post(CALLS, {**asked, "background": True}).json()
    CallRecord.objects.update(state="running", started_at=timezone.now())

    run(placed)

    assert CallRecord.objects.get().state == state
    assert len(there.heard) == calls


def test_what_nobody_ends_any_more_is_ended_for_them(carol: Any, there: HostileServer):
    asked = {"connection": connect(carol, there)["id"], "method": "POST", "background": True}
    cancelled, dead, waiting = (carol.post(CALLS, asked).json() for _ in range(3))
    carol.post(f"/api/jobs/{cancelled['job_id']}/cancel/")
    CallRecord.objects.filter(pk=dead["id"]).update(
        state="running", job=None, created_at=timezone.now() - timedelta(hours=1)
    )

    calling.settle_lost(now=timezone.now())

    states = [
        carol.get(f"{CALLS}{each['id']}/").json()["state"] for each in (cancelled, dead, waiting)
    ]
    assert states == ["refused", "interrupted", "queued"]


def test_pruning_forgets_old_calls_alone(carol: Any, there: HostileServer, settings: Any):
    there.on["/"] = lambda talk, _: talk.answer()
    made = connect(carol, there)
    old, new = (carol.post(CALLS, {"connection": made["id"]}).json() for _ in range(2))
    keep = timedelta(seconds=settings.OUTBOUND.keep_s + 1)
    CallRecord.objects.filter(pk=old["id"]).update(created_at=timezone.now() - keep)
    now = timezone.now()
    jobs.ensure_periodic(name="outbound.prune", task="outbound.prune", period_s=9, now=now)
    (job,) = jobs.lease_due(tasks=["outbound.prune"], at_most=1, now=now, lease_s=60)

    tasks.prune(job_id=job.pk, lease=job.lease_token)

    assert [call["id"] for call in carol.get(CALLS).json()["results"]] == [new["id"]]


def test_a_replay_asks_the_same_with_todays_secret(carol: Any, there: HostileServer):
    there.on["/a"] = lambda talk, _: talk.answer(404)
    made = connect(carol, there, auth="bearer", secret="old")
    asked = {"connection": made["id"], "method": "POST", "url": "a", "json": [1]}
    first = carol.post(CALLS, {**asked, "headers": {"X": "1"}}).json()
    there.on["/a"] = lambda talk, _: talk.answer(200)
    carol.patch(f"{CONNECTIONS}{made['id']}/", {"secret": "new"})

    again = carol.post(f"{CALLS}{first['id']}/replay/").json()

    before, after = there.heard
    assert (again["state"], again["replay_of"]) == ("ok", first["id"])
    assert (before.body, before.headers["x"]) == (after.body, after.headers["x"])
    assert (before.headers["authorization"], after.headers["authorization"]) == (
        "Bearer old",
        "Bearer new",
    )


def test_without_its_connection_a_call_is_not_replayed(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()
    made = connect(carol, there)
    first = carol.post(CALLS, {"connection": made["id"]}).json()
    carol.delete(f"{CONNECTIONS}{made['id']}/")

    refused = carol.post(f"{CALLS}{first['id']}/replay/")

    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:sluice:problem:connection-gone",
    )
    assert len(there.heard) == 1


def test_lists_are_by_state_and_connection(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer()
    made = connect(carol, there)
    carol.post(CALLS, {"connection": made["id"]})
    carol.post(CALLS, {"url": there.url})

    def states(query: str) -> list[str]:
        return [call["state"] for call in carol.get(f"{CALLS}?{query}").json()["results"]]

    assert states("") == ["refused", "ok"]
    assert states("state=ok") == states(f"connection={made['id']}") == ["ok"]
    assert carol.get(f"{CALLS}?state=nonsense").status_code == 422


def test_no_more_calls_wait_at_once_than_may(carol: Any, there: HostileServer, settings: Any):
    there.on["/"] = lambda talk, _: talk.answer()
    made = connect(carol, there)
    limit = settings.OUTBOUND.at_once
    turns = [configured.turn() for _ in range(limit)]
    for turn in turns:
        turn.__enter__()
    try:
        refused = carol.post(CALLS, {"connection": made["id"]})
    finally:
        for turn in turns:
            turn.__exit__(None, None, None)

    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert not CallRecord.objects.exists()
    assert carol.post(CALLS, {"connection": made["id"]}).json()["state"] == "ok"


def test_an_answer_that_may_be_kept_is_not_asked_for_twice(carol: Any, there: HostileServer):
    there.on["/"] = lambda talk, _: talk.answer(200, b"kept", Cache_Control="max-age=600")
    made = connect(carol, there)

    calls = [carol.post(CALLS, {"connection": made["id"]}).json() for _ in range(2)]

    assert [call["cache"] for call in calls] == ["miss", "hit"]
    assert [call["answer_text"] for call in calls] == ["kept", "kept"]
    assert (calls[1]["attempts"], len(there.heard)) == (0, 1)
