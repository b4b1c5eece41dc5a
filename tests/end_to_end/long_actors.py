"""Long jobs that wait for a file, for tests of how workers end."""

import time
from pathlib import Path

import dramatiq

from actors.context import current_run


def _wait_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.02)


@dramatiq.actor(time_limit=120_000)
def interruptible(path: str) -> None:
    """Run until the file is there."""
    _wait_for(path)


@dramatiq.actor(interrupt=False, time_limit=120_000)
def patient(path: str) -> None:
    """The same, to its end."""
    _wait_for(path)


@dramatiq.actor(max_retries=3, min_backoff=1, time_limit=120_000)
def in_steps(path: str, fails: bool = False) -> list[int]:
    """Do steps 1 to 6, of which the third never ends at first; what was done in which attempt."""
    run = current_run()
    done: list[int] = list(run.resume_from or [])
    while len(done) < 6:
        if len(done) == 3 and run.attempt == 1:
            if fails:
                raise RuntimeError("on purpose")
            _wait_for(path)
        done.append(run.attempt)
        run.checkpoint(done)
    return done


@dramatiq.actor(isolation="process", max_retries=3, min_backoff=1)
def in_steps_apart(path: str, fails: bool = False) -> list[int]:
    """The same in a process of its own."""
    return in_steps.fn(path, fails)
