"""Actors that print and say how far they are, line after line, for tests of what people see meanwhile."""

import logging
import time
from pathlib import Path

import dramatiq

from actors.context import current_run

STEP_SECONDS = 0.05


def _work(path: str) -> int:
    run, number = current_run(), 0
    logger = logging.getLogger("live")
    while not Path(path).exists():
        number += 1
        run.output.write(f"{run.attempt} {number} {time.time()}\n")
        run.progress(number, 1_000_000, f"step {number}")
        if number == 1:
            logger.warning("logged")
        time.sleep(STEP_SECONDS)
    return number


@dramatiq.actor(max_retries=1, min_backoff=1, time_limit=120_000)
def lively(path: str) -> int:
    """Go on until the file is there; how many lines it has printed."""
    return _work(path)


@dramatiq.actor(isolation="process", max_retries=1, min_backoff=1, time_limit=120_000)
def lively_apart(path: str) -> int:
    """The same in a process of its own, which prints."""
    run, number = current_run(), 0
    print("0 logged")
    while not Path(path).exists():
        number += 1
        print(f"{run.attempt} {number} {time.time()}")
        run.progress(number, 1_000_000, f"step {number}")
        time.sleep(STEP_SECONDS)
    return number
