"""What is logged where: all of it in a file, what wants attention on the terminal too, and all of it
in Elasticsearch if there is one.  docs/logs.md tells of it.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from apiapp.logs.ecs import ecs_formatter
from apiapp.logs.redacting import redacting
from apiapp.logs.terminal import terminal_formatter

MIB = 2**20
JSON, TEXT = "json", "text"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """form: of the terminal's lines.  file_bytes: of one log file; 0: no bound."""

    level: str
    terminal_level: str
    form: str
    file_bytes: int
    has_access: bool
    elasticsearch_url: str
    elasticsearch_api_key: str
    elasticsearch_index: str


def log_settings(env: Any) -> LogSettings:
    usual = TEXT if is_terminal() else JSON
    return LogSettings(
        level=env.str("LOG_LEVEL", default="INFO").upper(),
        terminal_level=env.str("LOG_TERMINAL_LEVEL", default="WARNING").upper(),
        form=TEXT if (env.str("LOG_FORMAT", default="") or usual) == TEXT else JSON,
        file_bytes=env.int("LOG_FILE_BYTES", default=64 * MIB),
        has_access=env.bool("LOG_ACCESS", default=True),
        elasticsearch_url=env.str("LOG_ELASTICSEARCH_URL", default=""),
        elasticsearch_api_key=env.str("LOG_ELASTICSEARCH_API_KEY", default=""),
        elasticsearch_index=env.str("LOG_ELASTICSEARCH_INDEX", default="sluice-logs"),
    )


def is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def log_config(said: LogSettings, *, folder: Path, secrets: Iterable[str]) -> dict[str, Any]:
    """For logging.config.dictConfig; each line names the request it belongs to.

    secrets: what is in no line, whatever it looks like.
    """
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    redact = redacting([*secrets, said.elasticsearch_api_key])
    handlers = handlers_of(said, folder=folder)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            JSON: {"()": lambda: ecs_formatter(redact)},
            TEXT: {"()": lambda: terminal_formatter(redact, colors=is_terminal())},
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
        "handlers": handlers,
        "root": {"handlers": [*handlers], "level": said.level},
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["unready"]},
            # Anybody can ask for another host, as often as they like: no error of this server's.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }


def handlers_of(said: LogSettings, *, folder: Path) -> dict[str, dict[str, Any]]:
    handlers: dict[str, dict[str, Any]] = {
        "terminal": {
            "class": "logging.StreamHandler",
            "formatter": said.form,
            "level": said.terminal_level,
            "filters": ["request_id"],
        },
        "file": {
            "()": "apiapp.logs.files.FileHandler",
            "path": folder / "sluice.log",
            "most_bytes": said.file_bytes,
            "formatter": JSON,
            "filters": ["request_id"],
        },
    }
    if said.elasticsearch_url:
        handlers["elasticsearch"] = {
            "()": "apiapp.logs.shipping.ElasticsearchHandler",
            "url": said.elasticsearch_url,
            "index": said.elasticsearch_index,
            "api_key": said.elasticsearch_api_key,
            "formatter": JSON,
            "filters": ["request_id"],
        }
    return handlers
