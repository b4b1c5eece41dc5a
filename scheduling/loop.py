"""The loop around the tick: it knows nothing of cron, and goes on whatever a tick raises."""

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger("scheduling")

RETRY_SECONDS = 1.0


def run_until_stopped(tick: Callable[[], float], wait: Callable[[float], None], stopping: Callable[[], bool]) -> None:
    """Call `tick`, wait for the seconds it returns, again and again, until `stopping` says so."""
    while not stopping():
        try:
            seconds = tick()
            if not stopping():
                wait(seconds)
        except Exception:
            log.exception("tick")
            if not stopping():
                time.sleep(RETRY_SECONDS)
