"""Blocking: looks at every rule now and then, and lets its alert fire, and resolve, once.

Any process may look, and all of them do: the web servers, as they alone can say that no worker is
there, and a worker.  Who finds a rule due takes it for itself by an UPDATE; what comes of it is
one transaction, and so is the event that is to be told.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apiapp.monitoring.alert_figures import Place, is_beyond, value_of
from apiapp.monitoring.errors import UnknownAlert, UnknownRule
from apiapp.monitoring.models import Alert, AlertEvent, AlertRule
from apiapp.outbox import services as outbox

EVERY_S = 15.0
UNWATCHED_S = 120.0  # nobody looked for so long: what was before says nothing of now


def look(*, place: Place, now: datetime) -> int:
    """Judge the rules that are due; return how many they were."""
    is_due = Q(looked_at=None) | Q(looked_at__lte=now - timedelta(seconds=EVERY_S))
    rules = taken(list(AlertRule.objects.filter(is_due, is_on=True)), now=now)
    for rule in rules:
        judge(rule=rule, value=value_of(rule, place=place, now=now), now=now)
    resolve_left(now=now)
    return len(rules)


def taken(due: list[AlertRule], *, now: datetime) -> list[AlertRule]:
    """Those of them that no other process looks at this time; each as it was before."""
    if not due:
        return []
    with transaction.atomic():  # one for all: each is a write to the disk
        return [
            rule
            for rule in due
            if AlertRule.objects.filter(pk=rule.pk, looked_at=rule.looked_at).update(looked_at=now)
        ]


@transaction.atomic
def judge(*, rule: AlertRule, value: float | None, now: datetime) -> None:
    """rule: as it was before this look.  An alert turns once the figure has said so for a while."""
    row = AlertRule.objects.select_for_update().filter(pk=rule.pk, is_on=True).first()
    if row is None:
        return  # since then
    alert = row.alerts.filter(resolved_at=None).first()
    was_watched = rule.looked_at and (now - rule.looked_at).total_seconds() <= UNWATCHED_S
    turned_at = None
    if is_beyond(row, value) != bool(alert):
        turned_at = (row.turned_at if was_watched else None) or now
        if (now - turned_at).total_seconds() >= row.for_s:
            turned_at = None
            turn(row, alert, value=value, now=now)
    if turned_at != row.turned_at:
        AlertRule.objects.filter(pk=row.pk).update(turned_at=turned_at)


def turn(rule: AlertRule, alert: Alert | None, *, value: float | None, now: datetime) -> None:
    if alert is not None:
        resolve(alert, now=now)
        return
    assert value is not None  # beyond the threshold
    fired = Alert.objects.create(
        rule=rule,
        figure=rule.figure,
        route=rule.route,
        threshold=rule.threshold,
        value=value,
        fired_at=now,
    )
    note(fired, AlertEvent.Kind.FIRED, now=now)


def resolve(alert: Alert, *, now: datetime) -> None:
    """Within a transaction.  What has resolved meanwhile is left alone."""
    if Alert.objects.filter(pk=alert.pk, resolved_at=None).update(resolved_at=now):
        note(alert, AlertEvent.Kind.RESOLVED, now=now)


def note(alert: Alert, kind: AlertEvent.Kind, *, now: datetime) -> None:
    """That it is to be told: in the log and by e-mail from here, to webhooks of staff from the outbox."""
    AlertEvent.objects.create(alert=alert, kind=kind, at=now)
    said = {
        "id": alert.pk,
        "figure": alert.figure,
        "route": alert.route,
        "threshold": alert.threshold,
        "value": alert.value,
        "fired_at": alert.fired_at.isoformat(),
    }
    outbox.tell(f"alert.{kind.value}", audience=[], data=said, now=now)


def resolve_left(*, now: datetime) -> None:
    """Alerts whose rule is off or gone: nobody looks whether they still hold."""
    for alert in Alert.objects.filter(Q(rule=None) | Q(rule__is_on=False), resolved_at=None):
        with transaction.atomic():
            resolve(alert, now=now)


def acknowledge(*, alert: Alert, by: str, now: datetime) -> Alert:
    """Say that somebody knows of it; who said so first stays."""
    Alert.objects.filter(pk=alert.pk, acknowledged_at=None).update(
        acknowledged_at=now, acknowledged_by=by[:150]
    )
    alert.refresh_from_db()
    return alert


# --- asking ---------------------------------------------------------------------------------------


def get_rule(rule_id: int) -> AlertRule:
    """Raises UnknownRule."""
    row = AlertRule.objects.filter(pk=rule_id).first()
    if row is None:
        raise UnknownRule
    return row


def get_alert(alert_id: int) -> Alert:
    """Raises UnknownAlert."""
    row = Alert.objects.filter(pk=alert_id).first()
    if row is None:
        raise UnknownAlert
    return row


def alerts(*, is_open: bool | None) -> QuerySet[Alert]:
    """Newest first; None: whether they have resolved or not."""
    rows = Alert.objects.all()
    return rows if is_open is None else rows.filter(resolved_at__isnull=is_open)


# --- telling --------------------------------------------------------------------------------------

TELLING_S = 120.0  # longer than a mail server may take
LONGEST_WAIT_S = 3600.0
TOLD_AT_ONCE = 20


def untold(*, now: datetime) -> list[AlertEvent]:
    """Those that this process is to tell now: it has each for TELLING_S."""
    is_free = Q(telling_until=None) | Q(telling_until__lte=now)
    found = AlertEvent.objects.filter(is_free, told_at=None).select_related("alert")
    return [each for each in found.order_by("pk")[:TOLD_AT_ONCE] if claimed(each, now=now)]


def claimed(event: AlertEvent, *, now: datetime) -> bool:
    rows = AlertEvent.objects.filter(pk=event.pk, told_at=None, telling_until=event.telling_until)
    until = now + timedelta(seconds=max(TELLING_S, wait_s(event.attempts)))
    return rows.update(telling_until=until, attempts=F("attempts") + 1) == 1


def wait_s(attempts: int) -> float:
    """Until one that could not be told is tried again."""
    return float(min(60.0 * 2 ** min(attempts, 10), LONGEST_WAIT_S))


def logged(event: AlertEvent, *, now: datetime) -> None:
    AlertEvent.objects.filter(pk=event.pk).update(logged_at=now)


def told(event: AlertEvent, *, now: datetime) -> None:
    AlertEvent.objects.filter(pk=event.pk).update(told_at=now, telling_until=None)
