"""/api/webhooks/: as a program uses it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from apiapp.jobs.models import Job
from apiapp.outbound import services as outbound
from apiapp.outbound.configured import sealer
from apiapp.outbox.models import Event
from apiapp.webhooks import queueing, services, tasks
from apiapp.webhooks.models import Delivery, Subscription
from tests.apiapp.outbound.hostile_server import HostileServer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

HOOKS, DELIVERIES = "/api/webhooks/subscriptions/", "/api/webhooks/deliveries/"
SOURCES = "/api/webhooks/sources/"


@pytest.fixture
def alice(api: Any, user: User) -> Any:
    return api(user)


@pytest.fixture
def carol(api: Any, staff: User) -> Any:
    return api(staff)


def made(client: Any, **wanted: Any) -> dict[str, Any]:
    answer = client.post(HOOKS, {"url": "https://a.example/hook", **wanted}, format="json")
    assert answer.status_code == 201, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def test_a_test_event_arrives_and_its_log_tells_of_it(
    carol: Any, there: HostileServer, work: Callable[[], None]
):
    there.on["/hook"] = lambda talk, heard: talk.answer(200, b"thanks")
    row = made(carol, url=f"{there.url}/hook", allow_private=True)
    (secret,) = carol.get(f"{HOOKS}{row['id']}/secrets/").json()["secrets"]

    sent = carol.post(f"{HOOKS}{row['id']}/test/")
    work()

    found = carol.get(f"{DELIVERIES}{sent.json()['id']}/").json()
    told = Webhook(secret).verify(there.heard[0].body, there.heard[0].headers)
    assert sent.status_code == 202
    assert (found["state"], found["status"], found["type"]) == ("delivered", 200, "webhook.test")
    assert found["message"] == told
    assert found["attempt_log"][0]["answer"] == "thanks"
    listed = carol.get(DELIVERIES, {"state": "delivered", "subscription": row["id"]}).json()
    assert [each["id"] for each in listed["results"]] == [found["id"]]


def test_a_replay_sends_the_same_message_under_the_same_id(
    carol: Any, there: HostileServer, work: Callable[[], None]
):
    there.on["/hook"] = lambda talk, heard: talk.answer(200)
    row = made(carol, url=f"{there.url}/hook", allow_private=True)
    first = carol.post(f"{HOOKS}{row['id']}/test/").json()
    work()

    again = carol.post(f"{DELIVERIES}{first['id']}/replay/")
    work()

    assert (again.status_code, again.json()["replay_of"]) == (202, first["id"])
    assert there.heard[0].body == there.heard[1].body
    assert len({heard.headers["webhook-id"] for heard in there.heard}) == 1


def test_what_failed_since_a_time_is_sent_again_in_order_and_only_once(
    carol: Any, there: HostileServer, work: Callable[[], None]
):
    there.on["/hook"] = lambda talk, heard: talk.answer(200)
    row = made(carol, url=f"{there.url}/hook", allow_private=True)
    path = f"{HOOKS}{row['id']}/"
    ids = [carol.post(f"{path}test/").json()["id"] for _ in range(4)]
    work()
    long_ago = timezone.now() - timedelta(days=2)
    Delivery.objects.filter(pk__in=ids[:3]).update(state="failed")
    Delivery.objects.filter(pk=ids[0]).update(created_at=long_ago)
    missed = [Delivery.objects.get(pk=each).event.uid for each in ids[1:3]]
    there.heard.clear()

    since = {"since": (timezone.now() - timedelta(days=1)).isoformat()}
    done = carol.post(f"{path}replay/", since, format="json")
    again = carol.post(f"{path}replay/", since, format="json")
    work()
    later = carol.post(f"{path}replay/", since, format="json")
    all_of_it = carol.post(f"{path}replay/")

    assert (done.status_code, done.json()) == (202, {"replayed": 2, "left": 0})
    assert [heard.headers["webhook-id"] for heard in there.heard] == missed
    assert again.json() == later.json() == {"replayed": 0, "left": 0}
    assert all_of_it.json() == {"replayed": 1, "left": 0}
    first, second = Delivery.objects.filter(replay_of__in=ids[1:3]).order_by("pk")
    assert (first.state, second.state) == ("delivered", "delivered")


def test_more_than_go_at_once_are_left_for_the_next_call(alice: Any, monkeypatch: Any):
    monkeypatch.setattr(queueing, "MOST_REPLAYED", 2)
    path = f"{HOOKS}{made(alice)['id']}/"
    for _ in range(3):
        alice.post(f"{path}test/")
    Delivery.objects.update(state="failed")

    answers = [alice.post(f"{path}replay/").json() for _ in range(3)]

    assert [(each["replayed"], each["left"]) for each in answers] == [(2, 1), (1, 0), (0, 0)]


def test_whoever_paused_it_is_told_why_nothing_is_sent_and_resumes_it(alice: Any):
    path = f"{HOOKS}{made(alice)['id']}/"

    paused = alice.post(f"{path}pause/").json()
    refused = alice.post(f"{path}test/")
    nothing = alice.post(f"{path}replay/")
    resumed = alice.post(f"{path}resume/").json()

    assert (paused["paused"], resumed["paused"]) == ("by_hand", None)
    assert refused.json()["type"] == "urn:sluice:problem:subscription-paused"
    assert nothing.status_code == refused.status_code
    assert alice.post(f"{path}test/").status_code == 202


def test_secrets_are_sealed_rotated_and_kept_for_the_grace(alice: Any):
    path = f"{HOOKS}{made(alice)['id']}/"
    (old,) = alice.get(f"{path}secrets/").json()["secrets"]

    rotated = alice.post(f"{path}rotate/", {"grace_s": 600}, format="json")
    both = alice.get(f"{path}secrets/")
    alice.post(f"{path}rotate/", {"grace_s": 0}, format="json")
    last = alice.get(f"{path}secrets/").json()["secrets"]

    assert rotated.json()["former_secret_until"]
    assert both.json()["secrets"][1] == old
    assert both["Cache-Control"] == "no-store"
    assert len(last) == 1
    stored = Subscription.objects.get().sealed_secrets
    assert [each for each in (old, *last) if each.partition("_")[2] in stored] == []
    assert outbound.reseal(sealer=sealer()) >= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://a.example"),
        ("url", "http://a:b@a.example"),
        ("url", ""),
        ("events", ["import.exploded"]),
        ("events", "x"),
        ("everybody", True),
        ("allow_private", True),
        ("description", "x" * 201),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(field: str, value: Any, alice: Any):
    wanted = {"url": "https://a.example", field: value}

    answer = alice.post(HOOKS, wanted, format="json")

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not Subscription.objects.exists()


def test_a_new_origin_takes_the_leave_for_private_networks_away(alice: Any, user: User):
    row = services.subscribe(
        owner=user, sealer=sealer(), url="http://10.0.0.1/a", allow_private=True
    )
    path = f"{HOOKS}{row.pk}/"

    same = alice.patch(path, {"url": "http://10.0.0.1/b"}).json()
    moved = alice.patch(path, {"url": "http://10.0.0.2/b"}).json()

    assert (same["allow_private"], moved["allow_private"]) == (True, False)


def test_one_user_has_only_so_many(alice: Any, monkeypatch: Any):
    monkeypatch.setattr(services, "MOST_SUBSCRIPTIONS", 1)
    made(alice)

    answer = alice.post(HOOKS, {"url": "https://a.example"}, format="json")

    assert (answer.status_code, answer.json()["limit"]) == (409, 1)


def test_the_same_key_subscribes_once(alice: Any):
    for _ in range(2):
        answer = alice.post(
            HOOKS,
            {"url": "https://a.example"},
            format="json",
            headers={"Idempotency-Key": "once"},
        )
        assert answer.status_code == 201
        assert "whsec_" not in answer.content.decode()

    assert Subscription.objects.count() == 1


def test_anothers_are_not_there(alice: Any, api: Any, other_user: User):
    row = made(alice)
    sent = alice.post(f"{HOOKS}{row['id']}/test/").json()
    alice.post(SOURCES, {"name": "shop"}, format="json")
    bob = api(other_user)

    paths = [f"{HOOKS}{row['id']}/", f"{HOOKS}{row['id']}/secrets/", f"{DELIVERIES}{sent['id']}/"]
    paths += [f"{SOURCES}shop/", f"{SOURCES}shop/secrets/"]
    posts = [
        f"{HOOKS}{row['id']}/{what}/" for what in ("test", "pause", "resume", "rotate", "replay")
    ]
    posts += [f"{DELIVERIES}{sent['id']}/replay/"]

    assert {bob.get(path).status_code for path in paths} == {404}
    assert {bob.post(path).status_code for path in posts} == {404}
    for path in (HOOKS, DELIVERIES, SOURCES):
        assert bob.get(path).json()["results"] == []


def test_a_name_of_a_source_is_there_once_also_for_others(alice: Any, api: Any, other_user: User):
    first = alice.post(SOURCES, {"name": "shop"}, format="json")
    again = api(other_user).post(SOURCES, {"name": "shop"}, format="json")
    bad = alice.post(SOURCES, {"name": "b", "secret": "whsec_x"}, format="json")

    assert [answer.status_code for answer in (first, again, bad)] == [201, 409, 422]
    (secret,) = alice.get(f"{SOURCES}shop/secrets/").json()["secrets"]
    assert secret.startswith("whsec_")


def test_a_key_needs_the_scope(user: User, key_for: Any, client: Any):
    key = key_for(user, "outbound", "imports")

    answer = client.get(HOOKS, headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 403


def test_what_is_old_is_forgotten_and_what_was_asked_for_lately_is_not(alice: Any, user: User):
    path = f"{HOOKS}{made(alice)['id']}/"
    for _ in range(2):
        alice.post(f"{path}test/")
    long_ago = timezone.now() - timedelta(seconds=settings.WEBHOOKS.keep_s + 1)
    Event.objects.update(at=long_ago)
    kept = Delivery.objects.latest("pk")
    Delivery.objects.exclude(pk=kept.pk).update(created_at=long_ago)

    job = Job.objects.create(task="webhooks.prune", run_at=timezone.now(), lease_token="t")
    tasks.prune(job_id=job.pk, lease="t")

    assert list(Delivery.objects.all()) == [kept]
    assert list(Event.objects.all()) == [kept.event]
