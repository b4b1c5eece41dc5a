"""Structured logs: one JSON object a line, or coloured lines on a terminal."""

import logging
import sys
from typing import Any

import structlog

from config.sections import Log

_LIBRARY_LEVELS = {
    "alembic": logging.WARNING,
    "dramatiq": logging.WARNING,
    "dramatiq.worker.WorkerThread": logging.CRITICAL,  # it logs failed runs with their values; `finish` says it without
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "pika": logging.CRITICAL,
    "waitress": logging.WARNING,
}


def configure_logging(log: Log) -> None:
    """Send structlog's and the standard library's records through one formatter to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())
    for name, level in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def _renderers(log: Log) -> list[Any]:
    wants_console = log.format == "console" or (log.format == "auto" and sys.stderr.isatty())
    if wants_console:
        return [structlog.dev.ConsoleRenderer()]
    # Local variables may hold secrets: tracebacks are rendered without them.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer(default=str)]
