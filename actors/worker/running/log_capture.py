"""What an actor logs, by the standard library or by structlog, becomes part of its run's output."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from actors.worker.running.current import CurrentRun, find_current_run
from actors.worker.running.forks import is_child
from config.logging import WORKER_LOGGER, configure_structlog, is_shown, plain_formatter
from config.sections import Log
from config.telemetry.traceparent import trace_id_of


class LogCapture(logging.Handler):
    """Writes the lines that are logged inside a run to the run's output, which is bounded.

    The setting `log.level` counts here too; the worker's own log is no part of its runs. A thread that the actor starts
    is outside, unless it is given the context (`contextvars.copy_context`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(plain_formatter())

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """None is needed, and an interrupt that struck while one is taken would leave it locked for ever."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, if it comes from a run."""
        run = find_current_run()
        if run is None or record.name == WORKER_LOGGER or is_child():
            return
        try:
            run.output.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - a line that can't be formatted must not fail the run
            self.handleError(record)


def capture_logs() -> None:
    """Begin, for all loggers of this process."""
    logging.getLogger().addHandler(LogCapture())


@contextmanager
def logs_captured() -> Iterator[None]:
    """Capture for a while, in a process that is no worker, what one with the default settings would.

    What the process has made of its own log stays. Only a structlog that prints is made to log for the while.
    """
    root, capture = logging.getLogger(), LogCapture()
    capture.addFilter(lambda record: is_shown(record, Log()))
    level = root.level
    root.addHandler(capture)
    root.setLevel(min(level, logging.INFO))
    try:
        with _structlog_logs():
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(capture)


@contextmanager
def _structlog_logs() -> Iterator[None]:
    before, was_configured = structlog.get_config(), structlog.is_configured()
    is_captured = any(isinstance(each, structlog.testing.LogCapture) for each in before["processors"])
    if is_captured or not isinstance(before["logger_factory"], structlog.PrintLoggerFactory):
        yield
        return
    configure_structlog(cache=False)
    try:
        yield
    finally:
        structlog.reset_defaults()
        if was_configured:
            structlog.configure(**before)


def log_context(run: CurrentRun) -> dict[str, Any]:
    """What every line of a run is bound to."""
    return {
        "run_id": str(run.run_id),
        "actor": run.actor,
        "schedule": run.schedule,
        "attempt": run.attempt,
        "trace_id": trace_id_of(run.run_id, run.trace),
    }
