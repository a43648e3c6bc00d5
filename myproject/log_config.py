"""What is logged where: all of it in a file, what wants attention on the terminal too."""

import logging
from pathlib import Path
from typing import Any

CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029)}


class LineFormatter(logging.Formatter):
    """One line for each record, whatever a client put into a name or a path.

    What follows a record, as a traceback does, is indented: it cannot be taken for another one.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(CONTROLS)

    def formatException(self, ei: Any) -> str:
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return indented(super().formatStack(stack_info))


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def log_config(*, folder: Path, level: str) -> dict[str, Any]:
    """For logging.config.dictConfig; each line names the request it belongs to."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": LineFormatter,
                "format": "{asctime} {levelname} {name} [{request_id}]: {message}",
                "style": "{",
            },
        },
        "filters": {
            "request_id": {"()": "apiapp.http.request_ids.RequestIdFilter"},
            # A server that is not ready yet is asked many times a second, and says why each time.
            "unready": {
                "()": "django.utils.log.CallbackFilter",
                "callback": lambda record: (
                    not record.getMessage().startswith("Service Unavailable")
                ),
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "level": "WARNING",
                "filters": ["request_id"],
            },
            "file": {
                "class": "logging.handlers.WatchedFileHandler",  # may be rotated from outside
                "filename": folder / "sluice.log",
                "formatter": "line",
                "filters": ["request_id"],
                "delay": True,
            },
        },
        "root": {"handlers": ["console", "file"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["unready"]},
            # Anybody can ask for another host, as often as they like: no error of this server's.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
