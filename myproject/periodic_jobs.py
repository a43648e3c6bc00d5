"""Which tasks are done again and again: what each is called -> how often, in seconds."""

PERIODIC_JOBS = {
    "jobs.prune": 3600.0,
    "idempotency.prune": 3600.0,
    "monitoring.prune": 3600.0,
    "audit.prune": 3600.0,
    "monitoring.alerts": 60.0,
    "outbound.prune": 3600.0,
    "webhooks.spread": 15.0,  # sooner where something happens
    "webhooks.prune": 3600.0,
    "payments.reconcile": 60.0,
    "uploads.expire": 3600.0,
    "uploads.move": 3600.0,
    "imports.sweep": 60.0,
}
