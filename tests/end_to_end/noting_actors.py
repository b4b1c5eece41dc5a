"""Actors that leave a note outside of callsheet, so that a test knows what has really started."""

import os
import time

import dramatiq

from actors.context import current_run


@dramatiq.actor
def note(path: str, seconds: float = 0.002) -> None:
    """Write the run's id to a file that any number of processes append to."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{current_run().run_id}\n".encode())
    os.close(file)
    time.sleep(seconds)
