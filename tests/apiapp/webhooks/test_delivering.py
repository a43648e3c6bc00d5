"""One attempt after the other, with a real receiver on the other side."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from apiapp.outbound import configured as outbound
from apiapp.webhooks import queueing, services
from apiapp.webhooks.models import Attempt, Delivery, Subscription
from tests.apiapp.outbound.hostile_server import HostileServer
from tests.apiapp.webhooks.conftest import RETRY_S, Clock

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

State, Paused = Delivery.State, Subscription.Paused
Subscribe = Callable[..., Subscription]
Send = Callable[..., Delivery]


def secrets_of(row: Subscription, now: datetime) -> list[str]:
    return services.secrets_of(row, sealer=outbound.sealer(), now=now)


def answering(there: HostileServer, status: int, **headers: str) -> None:
    there.on["/hook"] = lambda talk, heard: talk.answer(status, b"said", **headers)


def test_a_message_is_signed_so_that_the_library_verifies_it(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 204)
    row = subscribed()

    made = send(row)

    (heard,) = there.heard
    told = Webhook(secrets_of(row, clock())[0]).verify(heard.body, heard.headers)
    assert made.state == State.DELIVERED
    assert row.delivered_at == clock()
    assert told["id"] == heard.headers["webhook-id"] == made.event.uid
    assert (told["type"], told["version"]) == ("webhook.test", 1)
    assert heard.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets_of(row, clock())[0]).verify(heard.body + b" ", heard.headers)


def test_after_a_rotation_the_old_and_the_new_secret_sign_until_the_grace_is_over(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 200)
    row = subscribed()
    (old,) = secrets_of(row, clock())
    services.rotate(row=row, sealer=outbound.sealer(), grace_s=60, now=clock())
    new = secrets_of(row, clock())[0]

    send(row)
    clock.go_on(61)
    send(row)

    first, later = there.heard
    for secret in (old, new):
        assert Webhook(secret).verify(first.body, first.headers)
    assert Webhook(new).verify(later.body, later.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(later.body, later.headers)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_what_is_refused_is_tried_again_by_the_schedule_under_the_same_id(
    status: int, subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, status)
    row = subscribed()
    begun_at = clock()

    made = send(row)

    assert (made.state, made.status, made.attempt_count) == (State.WAITING, status, 1)
    assert made.due_at == begun_at + timedelta(seconds=RETRY_S[0])
    assert made.attempts.get().answer == "said"
    clock.go_on(RETRY_S[0])
    answering(there, 200)
    assert send(row, made).state == State.DELIVERED
    assert len({heard.headers["webhook-id"] for heard in there.heard}) == 1
    assert [attempt.status for attempt in made.attempts.all()] == [status, 200]


def test_a_receiver_that_asks_for_time_gets_it(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 503, Retry_After="1800")

    made = send(subscribed())

    assert made.due_at == clock() + timedelta(seconds=1800)


def test_nobody_may_put_a_delivery_off_for_ever(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 429, Retry_After="999999999")

    made = send(subscribed())

    assert made.due_at == clock() + timedelta(days=1)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (lambda talk, heard: talk.hold(), "within"),
        (lambda talk, heard: talk.reset(), ""),
        (lambda talk, heard: talk.say(b"no HTTP at all\r\n\r\n"), ""),
        (lambda talk, heard: talk.answer(302, Location="/elsewhere"), "redirects"),
    ],
    ids=["silent", "reset", "garbage", "redirect"],
)
def test_no_answer_is_a_failure_and_no_redirect_is_followed(
    behaviour: Any, said: str, subscribed: Subscribe, send: Send, there: HostileServer
):
    there.on["/hook"] = behaviour

    made = send(subscribed())

    assert (made.state, made.status) == (State.WAITING, None)
    assert made.error
    assert said in made.error
    assert there.paths == ["/hook"]


def test_a_receiver_that_is_gone_pauses_its_subscription_at_once(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 410)
    row = subscribed()

    made = send(row)

    assert (made.state, row.paused, row.paused_at) == (State.FAILED, Paused.GONE, clock())


def test_a_dead_end_is_paused_once_the_schedule_is_over(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 500)
    row = subscribed()
    made = send(row)

    for wait_s in RETRY_S:
        assert (made.state, row.paused) == (State.WAITING, Paused.NO)
        clock.go_on(wait_s)
        made = send(row, made)

    assert (made.state, made.attempt_count) == (State.FAILED, len(RETRY_S) + 1)
    assert row.paused == Paused.DEAD


def test_one_bad_message_does_not_pause_what_takes_others(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 400)
    row = subscribed()
    made = send(row)
    answering(there, 200)
    clock.go_on(1)
    send(row)
    answering(there, 400)

    for wait_s in RETRY_S:
        clock.go_on(wait_s)
        made = send(row, made)

    assert (made.state, row.paused) == (State.FAILED, Paused.NO)


def test_what_waits_for_a_receiver_that_is_down_is_sent_in_order_later(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 500)
    row = subscribed()
    made = [queueing.send_test(row=row, now=clock()) for _ in range(3)]
    send(row, made[0])
    assert len(there.heard) == 1

    answering(there, 200)
    clock.go_on(RETRY_S[0])
    send(row, made[0])

    ids = [heard.headers["webhook-id"] for heard in there.heard]
    assert ids[1:] == [each.event.uid for each in made]


def test_while_it_is_paused_nothing_is_sent_and_nothing_is_lost(
    subscribed: Subscribe, send: Send, there: HostileServer, clock: Clock
):
    answering(there, 200)
    row = subscribed()
    made = queueing.send_test(row=row, now=clock())
    services.pause(row=row, why=Paused.BY_HAND, now=clock())

    assert send(row, made).state == State.WAITING
    assert there.heard == []
    queueing.resume(row=row, now=clock())
    assert send(row, made).state == State.DELIVERED


def test_a_private_address_is_called_only_where_staff_allowed_it(
    subscribed: Subscribe, send: Send, there: HostileServer
):
    made = send(subscribed(allow_private=False))

    assert there.heard == []
    assert "not public" in made.error


def test_an_answer_is_kept_in_part_and_what_no_database_takes_is_not_in_it(
    subscribed: Subscribe, send: Send, there: HostileServer
):
    there.on["/hook"] = lambda talk, heard: talk.answer(400, b"a\0b" + b"x" * 5000)

    made = send(subscribed())

    answer = Attempt.objects.get(delivery=made).answer
    assert answer.startswith("a\ufffdbx")
    assert len(answer) == 1000


def test_a_run_that_dies_before_it_writes_has_the_same_message_sent_again(
    subscribed: Subscribe, send: Send, there: HostileServer, monkeypatch: Any
):
    class Killed(BaseException):
        pass

    def die(*_args: Any, **_more: Any) -> None:
        raise Killed

    answering(there, 200)
    row = subscribed()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Attempt, "save", die)  # where a power cut would come
        send(row)

    made = send(row, Delivery.objects.get())

    assert made.state == State.DELIVERED
    assert len({heard.headers["webhook-id"] for heard in there.heard}) == 1
    assert len(there.heard) == 2


def test_the_time_of_an_event_is_that_of_its_happening(
    subscribed: Subscribe, send: Send, there: HostileServer
):
    answering(there, 200)

    made = send(subscribed())

    told = json.loads(there.heard[0].body)
    assert datetime.fromisoformat(told["timestamp"]) == made.event.at.astimezone(UTC)
