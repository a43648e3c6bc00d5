from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from apiapp.monitoring.models import Alert, AlertRule
from tests.conftest import KeyFor

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = timezone.now()
RULES, ALERTS = "/api/monitoring/rules/", "/api/monitoring/alerts/"


@pytest.fixture
def client(api: Callable[[User], APIClient], staff: User) -> APIClient:
    return api(staff)


def alert(**more: Any) -> Alert:
    facts = {"figure": "p99_s", "threshold": 1.0, "value": 2.5, "fired_at": NOW}
    return Alert.objects.create(**{**facts, **more})


def test_a_rule_is_made_changed_and_removed(client: APIClient):
    made = client.post(RULES, {"figure": "p99_s", "route": "/api/data", "threshold": 0.5})
    assert made.status_code == 201, made.json()
    path = made["Location"].removeprefix("http://testserver")
    assert client.get(path).json() == {
        **{"id": made.json()["id"], "figure": "p99_s", "route": "/api/data", "threshold": 0.5},
        **{"for_s": 60, "is_on": True},
    }

    changed = client.patch(path, {"for_s": 0, "is_on": False})

    assert (changed.json()["for_s"], changed.json()["is_on"]) == (0, False)
    assert made.json()["id"] in [each["id"] for each in client.get(RULES).json()["results"]]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"figure": "heat"}, "figure"),
        ({"figure": "workers", "route": "/api/data"}, "route"),
        ({"threshold": "much"}, "threshold"),
        ({"threshold": None}, "threshold"),
        ({"for_s": -1}, "for_s"),
        ({"for_s": 86_401}, "for_s"),
        ({"route": "x" * 201}, "route"),
        ({"route": "\0"}, "route"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(client: APIClient, wrong: dict[str, Any], field: str):
    before = AlertRule.objects.count()
    answer = client.post(RULES, {"figure": "p99_s", "threshold": 1, **wrong})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert AlertRule.objects.count() == before


def test_a_rule_keeps_no_route_that_its_new_figure_has_not(client: APIClient):
    rule = AlertRule.objects.create(figure="p99_s", route="/api/data", threshold=1)

    assert client.patch(f"{RULES}{rule.pk}/", {"figure": "workers"}).status_code == 422
    moved = client.patch(f"{RULES}{rule.pk}/", {"figure": "workers", "route": ""})

    assert moved.status_code == 200


def test_alerts_are_told_newest_first_and_the_open_ones_alone(client: APIClient):
    old = alert(resolved_at=NOW + timedelta(minutes=5))
    new = alert()

    every, opened = client.get(ALERTS).json(), client.get(ALERTS, {"is_open": "true"}).json()

    assert [each["id"] for each in every["results"]] == [new.pk, old.pk]
    assert [each["id"] for each in opened["results"]] == [new.pk]
    assert client.get(ALERTS, {"is_open": "maybe"}).status_code == 422


def test_who_acknowledged_first_stays(client: APIClient, staff: User, other_user: User):
    path = f"{ALERTS}{alert().pk}/acknowledge/"
    other_user.is_staff = True
    other_user.save()
    second = APIClient()
    second.force_login(other_user)

    first = client.post(path)
    again = second.post(path)

    assert first.status_code == again.status_code == 200
    assert first.json()["acknowledged_by"] == again.json()["acknowledged_by"] == staff.username
    assert first.json()["acknowledged_at"] == again.json()["acknowledged_at"]


def test_it_is_for_staff_alone(
    api: Callable[[User], APIClient], user: User, staff: User, key_for: KeyFor
):
    rule, shown = AlertRule.objects.create(figure="p99_s", threshold=1), alert()
    narrow = APIClient()
    narrow.credentials(HTTP_AUTHORIZATION=f"Bearer {key_for(staff, 'uploads')}")

    for path in (RULES, ALERTS, f"{RULES}{rule.pk}/", f"{ALERTS}{shown.pk}/"):
        assert APIClient().get(path).status_code == 401
        assert [each.get(path).status_code for each in (api(user), narrow)] == [403, 403]
    for each in (api(user), narrow):
        assert each.post(f"{ALERTS}{shown.pk}/acknowledge/").status_code == 403
        assert each.post(RULES, {"figure": "workers", "threshold": 1}).status_code == 403
        assert each.patch(f"{RULES}{rule.pk}/", {"threshold": 2}).status_code == 403
        assert each.delete(f"{RULES}{rule.pk}/").status_code == 403


def test_staff_keep_rules_and_acknowledge_alerts_in_the_admin(admin_client: Client):
    shown = alert()
    add = reverse("admin:monitoring_alertrule_add")
    facts = {"figure": "workers", "threshold": "1", "for_s": "60", "is_on": "on"}

    refused = admin_client.post(add, {**facts, "route": "/api/data"})
    made = admin_client.post(add, {**facts, "threshold": "7"})
    alerts = reverse("admin:monitoring_alert_changelist")
    chosen = {"action": "acknowledge", "_selected_action": [str(shown.pk)]}
    acknowledged = admin_client.post(alerts, chosen)

    assert refused.status_code == 200
    assert "This figure has no routes." in refused.content.decode()
    assert made.status_code == acknowledged.status_code == 302
    assert AlertRule.objects.filter(figure="workers", threshold=7, route="").exists()
    shown.refresh_from_db()
    assert shown.acknowledged_by == "admin"
    assert (
        admin_client.get(reverse("admin:monitoring_alert_change", args=[shown.pk])).status_code
        == 200
    )
