"""The actor `log_message`: say something in the log."""

from typing import Literal

import dramatiq
import structlog

from actors.context import current_run
from config.logging import WORKER_LOGGER

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

log = structlog.get_logger(WORKER_LOGGER)  # its lines are not captured: the run has the bare message instead


@dramatiq.actor
def log_message(message: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None:
    """Write a line to the worker's log, and to the run's output.

    Arguments:
        message: what to say.
        level: debug, info, warning or error. The worker's setting `log.level` decides whether the log shows it;
            the output always does.
    """
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    run = current_run()
    log.log(LEVELS[level], "message", text=message, run_id=str(run.run_id), schedule=run.schedule)
    run.output.write(f"{message}\n")
