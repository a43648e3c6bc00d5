"""Log lines for people at a terminal."""

import logging
import traceback
from datetime import datetime
from typing import Any

import structlog

from apiapp.logs.ecs import error_in
from apiapp.logs.redacting import GONE, SECRET_NAME, Redact

CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029)}


class Line:
    """A structlog processor: one line, whatever a client put into a name or a path.

    What follows it, as a traceback does, is indented: it cannot be taken for another one.
    """

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: Any) -> dict[str, Any]:
        record: logging.LogRecord = event.pop("_record")
        del event["_from_structlog"]
        error, stack = error_in(event), event.pop("stack_info", None)
        request_id = getattr(record, "request_id", "-")
        line = {
            "timestamp": f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S}",
            "level": record.levelname.lower(),
            "event": self._said(event.pop("event")),
            "logger": record.name,
            **({} if request_id == "-" else {"request": request_id}),
            **{
                self._said(name): GONE if SECRET_NAME.search(name) else self._said(value)
                for name, value in event.items()
            },
        }
        if error:
            line["exception"] = self._below("".join(traceback.format_exception(error)))
        if stack:
            line["stack"] = self._below(stack)
        return line

    def _said(self, value: Any) -> str:
        return self._redact(str(value)).translate(CONTROLS)

    def _below(self, text: str) -> str:
        lines = self._redact(text).splitlines()
        return "\n".join(f"  {line.translate(CONTROLS)}" for line in lines)


def terminal_formatter(redact: Redact, *, colors: bool) -> structlog.stdlib.ProcessorFormatter:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors,
        pad_event_to=0,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return structlog.stdlib.ProcessorFormatter(processors=[Line(redact), renderer])
