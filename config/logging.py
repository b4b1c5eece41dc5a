"""Structured logs: one JSON object a line, or coloured lines on a terminal."""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog

from config.secrets import known_secrets
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

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""The last two are what formatters of other handlers leave behind."""

WORKER_LOGGER = "worker"
"""The log of the worker itself, which says what happens to runs."""

_ESCAPES = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")

_CONTEXT = ("run_id", "actor", "schedule", "attempt", "trace_id")
"""What the log context of a run binds, and the run itself need not repeat."""


about: ContextVar[Callable[[], Mapping[str, Any]] | None] = ContextVar("about", default=None)
"""What gives the fields that lines have besides their own, such as those of a run. Asked where there is a line."""


def configure_logging(log: Log, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records through one formatter to stderr (or another stream), without
    secrets."""
    configure_structlog(cache=True)
    # Not sys.stderr: in a worker that is a pipe to Dramatiq's master, which may be stopped or gone.
    handler = _Stream(stream or sys.__stderr__ or sys.stderr)
    handler.setFormatter(_formatter(_renderers(log)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())
    for name, level in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def configure_structlog(*, cache: bool) -> None:
    """Have structlog log by the standard library. With `cache`, a logger that was used once stays as it is."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=cache,
    )


def is_shown(record: logging.LogRecord, log: Log) -> bool:
    """Whether a process that is configured by these settings lets the record through."""
    levels = [level for name, level in _LIBRARY_LEVELS.items() if f"{record.name}.".startswith(f"{name}.")]
    return record.levelno >= max(levels, default=logging.NOTSET) and record.levelno >= _number(log.level)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


class _Stream(logging.StreamHandler[Any]):
    """Takes its lock in the one way that an interrupt can't come in between, as Python does from 3.13 on."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and write."""
        passes = bool(self.filter(record))
        if passes and self.lock is not None:
            with self.lock:
                self.emit(record)
        return passes


def plain_formatter() -> logging.Formatter:
    """Lines for people, without colours and without the context of the run that they belong to."""
    return _formatter([_without_context, _console(colors=False, pad_event_to=0), _without_escapes])


def _formatter(renderers: list[Any]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )


def _shared() -> list[Any]:
    return [
        _merge_about,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_extra,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _merge_about(_logger: Any, _method: str, event: Any) -> Any:
    fields = about.get()
    return event if fields is None else {**fields(), **event}


def _add_extra(_logger: Any, _method: str, event: Any) -> Any:
    """What a record of the standard library was given as `extra`."""
    record = event.get("_record")
    if record is not None:
        event.update({name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD})
    return event


def _renderers(log: Log) -> list[Any]:
    wants_console = log.format == "console" or (log.format == "auto" and sys.stderr.isatty())
    if wants_console:
        return [_console(), lambda _logger, _method, line: known_secrets().mask(line), _without_escapes]
    # Local variables may hold secrets: tracebacks are rendered without them.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        lambda _logger, _method, event: known_secrets().mask_values(event),
        structlog.processors.JSONRenderer(default=str),
    ]


def _console(**options: Any) -> Any:
    # The default shows local variables where `rich` is installed.
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, **options)


def _without_escapes(_logger: Any, _method: str, line: str) -> str:
    """A line that does nothing to a terminal but colour it."""
    return _ESCAPES.sub(lambda match: f"\\x{ord(match[0]):02x}", line)


def _without_context(_logger: Any, _method: str, event: Any) -> Any:
    return {key: value for key, value in event.items() if key not in _CONTEXT}
