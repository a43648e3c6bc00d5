"""How this server is watched, and by whom."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.core.exceptions import ImproperlyConfigured

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Monitoring:
    """token, networks: who may read /metrics beside staff.  write_s: how often figures are written.

    keep_days: for how long minutes and hours are kept.  audit_keep_days: and the audit trail.  alert_emails: who is told of alerts.
    sources: of gauges, by their paths.  counts: what is counted beside requests, by its path.
    """

    token: str
    networks: tuple[Network, ...]
    write_s: float
    keep_days: float
    audit_keep_days: float
    alert_emails: tuple[str, ...]
    sources: tuple[str, ...] = ("myproject.screen_gauges.gauges",)
    counts: str = "myproject.process_counts.counts"


def monitoring_config(env: Any) -> Monitoring:
    """Of the environment."""
    return Monitoring(
        token=env.str("METRICS_TOKEN", default=""),
        networks=networks_of(env.list("METRICS_ALLOW", default=[])),
        write_s=env.float("MONITORING_WRITE_S", default=10.0),
        keep_days=env.float("MONITORING_KEEP_DAYS", default=30.0),
        audit_keep_days=env.float("AUDIT_KEEP_DAYS", default=365.0),
        alert_emails=tuple(each.strip() for each in env.list("ALERT_EMAILS", default=[]) if each),
    )


def mail_config(env: Any) -> dict[str, Any]:
    """Django's settings of mail: `smtp+tls://user:password@host:587`."""
    return {
        **env.email_url("EMAIL_URL", default="smtp://localhost:25"),
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": env.str("MAIL_FROM", default="sluice@localhost"),
    }


def networks_of(written: list[str]) -> tuple[Network, ...]:
    """`10.0.0.7`, `10.0.0.0/8`, `::1`, ..."""
    try:
        return tuple(ip_network(each.strip()) for each in written if each.strip())
    except ValueError as error:
        raise ImproperlyConfigured(f"METRICS_ALLOW: {error}") from error
