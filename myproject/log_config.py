"""What is logged where: all of it in a file, what wants attention on the terminal too."""

from pathlib import Path
from typing import Any


def log_config(*, folder: Path, level: str) -> dict[str, Any]:
    """For logging.config.dictConfig; each line names the request it belongs to."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
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
        "loggers": {"django.request": {"level": "ERROR", "filters": ["unready"]}},
    }
