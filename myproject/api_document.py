"""Settings of drf-spectacular: what the OpenAPI document says of the API as a whole."""

from typing import Any

DESCRIPTION = """\
Files in, tables out: this server over HTTP.  What every part of it
keeps to:

* **Who calls** is said by an API key (`Authorization: Bearer`), a name and password (Basic), or the
  session of a browser with its CSRF token.  The examples are open.
* **Bodies** are JSON, forms or XML by `Content-Type`; **answers** are JSON or XML by `Accept`.
* **Errors** are [problems](https://www.rfc-editor.org/rfc/rfc9457): go by `type`, which is stable.
* **Lists** come in pages: follow `next`, or the `Link` header.
* **A POST with an `Idempotency-Key`** is done once, however often it is sent.
* **`ETag`** of what was read: with `If-None-Match` it is not sent again (304), with `If-Match` it is
  not changed if another one was quicker (412).
* **`RateLimit`** says what is left of your quota, `Retry-After` how long to wait after a 429.
* **`X-Request-Id`** is in every answer and in the log; send your own to find it there.
"""

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Sluice",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "SERVERS": [{"url": "/", "description": "This server"}],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "PREPROCESSING_HOOKS": ["apiapp.documentation.hooks.with_slash_only"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apiapp.documentation.hooks.with_shared_parts",
    ],
    "ENUM_NAME_OVERRIDES": {
        "CallState": "apiapp.outbound.models.CallRecord.State",
        "DeliveryState": "apiapp.webhooks.models.Delivery.State",
        "ColumnType": "apiapp.imports.models.Column.Type",
        "DatasetEventKind": "apiapp.imports.models.DatasetEvent.Kind",
        "DatasetRole": "apiapp.imports.models.Role",
        "GrantedRole": ["viewer", "editor"],
        "JobState": "apiapp.jobs.models.Job.State",
        "WebhookEventType": "apiapp.webhooks.event_types.ALL_TYPES",
        "PaymentStatus": "apiapp.payments.states.State",
        "RefundStatus": "apiapp.payments.models.Refund.State",
        "UploadState": "apiapp.uploads.models.Upload.State",
    },
}
