"""Log lines as JSON: one object per line, in the fields of the Elastic Common Schema (ECS).

Source: https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html.  Names keep their dots,
which Elasticsearch takes as it takes nested objects.  What ECS has no field for is in `labels`.
"""

import logging
import os
import socket
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from apiapp.logs import tracing
from apiapp.logs.redacting import Redact, clean, shortened

ECS_VERSION = "8.17.0"
SERVICE = "sluice"
HOST = socket.gethostname()
NO_REQUEST = "-"

Fields = dict[str, Any]


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC, to the millisecond: what `@timestamp` is by default."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def base(at: str, level: str, message: str, dataset: str) -> Fields:
    """What every line has, in the order that ECS loggers keep to."""
    return {
        "@timestamp": at,
        "log.level": level,
        "message": message,
        "ecs.version": ECS_VERSION,
        "service.name": SERVICE,
        "event.dataset": f"{SERVICE}.{dataset}",
        "host.hostname": HOST,
        "process.pid": os.getpid(),
    }


class Ecs:
    """A structlog processor: the fields of a record, of ours or anybody's logger."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: Any) -> Fields:
        record: logging.LogRecord = event.pop("_record")
        del event["_from_structlog"]
        said = clean(event.pop("event"), self._redact)
        fields = base(
            timestamp(record.created), record.levelname.lower(), str(said), dataset_of(record)
        )
        fields |= {"log.logger": record.name, "process.thread.name": record.threadName}
        fields |= of_request(record) | tracing.ids()
        fields |= self._of_error(error_in(event), event.pop("stack_info", None))
        for name, value in event.items():
            # `labels` are words and numbers: a list or an object would be another kind of field.
            kept = clean(value, self._redact, name)
            fields[name if "." in name else f"labels.{name}"] = (
                kept if "." in name or not isinstance(kept, (list, dict)) else as_text(kept)
            )
        return fields

    def _of_error(self, error: BaseException | None, stack: str | None) -> Fields:
        if error is None:
            return {"error.stack_trace": clean(stack, self._redact)} if stack else {}
        told = "".join(traceback.format_exception(error))
        return {
            "error.type": f"{type(error).__module__}.{type(error).__qualname__}",
            "error.message": clean(words_of(error), self._redact),
            "error.stack_trace": clean(told, self._redact),
        }


def error_in(event: Any) -> BaseException | None:
    """What a record brings, or the current one where somebody said `exc_info=True`."""
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    return error if isinstance(error, BaseException) else None


def dataset_of(record: logging.LogRecord) -> str:
    return "audit" if record.name == "audit" else "log"


def of_request(record: logging.LogRecord) -> Fields:
    """What RequestIdFilter left in the record, and Django for its own."""
    request_id, known = getattr(record, "request_id", NO_REQUEST), getattr(record, "known", None)
    fields: Fields = {} if request_id == NO_REQUEST else {"http.request.id": request_id}
    if known:
        fields |= of_caller(known.caller, known.user_name)
        fields |= {"labels.route": known.route} if known.route else {}
        fields |= {"labels.job": known.job} if known.job else {}
    status = getattr(record, "status_code", None)
    return fields | ({"http.response.status_code": status} if isinstance(status, int) else {})


def of_caller(caller: str, user_name: str) -> Fields:
    return {"labels.caller": caller, "user.name": shortened(user_name)} if caller else {}


def words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error whose words fail is still to be logged
        return "(its words cannot be told)"


def as_text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def line(_logger: Any, _method: str, fields: Any) -> str:
    """The last of the processors."""
    try:
        return as_text(fields)
    except TypeError:  # an integer beyond 64 bits
        return as_text({name: str(value) for name, value in fields.items()})


def ecs_formatter(redact: Redact) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(processors=[Ecs(redact), line])
