"""Blocking: tells of alerts that fired or resolved, in the log and by e-mail, each once.

A process that is killed between a mail and the note that it was sent has it sent again, under the same
Message-ID, so that mail programs show it once.
"""

import logging
import smtplib

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from apiapp.monitoring import alerting
from apiapp.monitoring.alert_figures import Place
from apiapp.monitoring.models import AlertEvent

log = structlog.get_logger("alerts")
logger = logging.getLogger(__name__)

Kind = AlertEvent.Kind


def look_and_tell() -> int:
    """Of this server, by its settings; return how many rules were due."""
    place = Place(settings.UPLOAD_FOLDER, settings.UPLOAD_FREE_DISK_BYTES)
    judged = alerting.look(place=place, now=timezone.now())
    for event in alerting.untold(now=timezone.now()):
        tell(event)
    return judged


def tell(event: AlertEvent) -> None:
    """A mail that cannot be sent is tried again later."""
    if event.logged_at is None:
        say(event)
        alerting.logged(event, now=timezone.now())
    try:
        mail(event)
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("alert %s: the mail cannot be sent, trying again: %s", event.alert_id, error)
        return
    alerting.told(event, now=timezone.now())


def say(event: AlertEvent) -> None:
    alert = event.alert
    level = log.warning if event.kind == Kind.FIRED else log.info
    level(
        f"alert {event.kind}",
        alert_id=alert.pk,
        figure=alert.figure,
        route=alert.route,
        threshold=alert.threshold,
        value=alert.value,
    )


def mail(event: AlertEvent) -> None:
    addresses = settings.MONITORING.alert_emails
    if not addresses:
        return
    alert = event.alert
    told = "FIRED" if event.kind == Kind.FIRED else "RESOLVED"
    subject = " ".join(f"[Sluice] {told}: {alert.figure} {alert.route}".split())  # of one line
    lines = [
        f"{alert.get_figure_display()}{f' of {alert.route}' if alert.route else ''}",
        f"value: {alert.value:g}, threshold: {alert.threshold:g}",
        f"fired: {alert.fired_at:%Y-%m-%d %H:%M:%S %Z}",
        *([f"resolved: {event.at:%Y-%m-%d %H:%M:%S %Z}"] if event.kind == Kind.RESOLVED else []),
        "See /monitor/.",
    ]
    moment = f"{event.at:%Y%m%d%H%M%S%f}"
    headers = {"Message-ID": f"<alert-{alert.pk}-{event.kind}-{moment}@sluice>"}
    EmailMessage(subject, "\n".join(lines), to=list(addresses), headers=headers).send()
