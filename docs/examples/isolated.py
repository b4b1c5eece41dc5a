"""An actor in a process of its own, for code that blocks in C, may crash or leak, or prints.

Run it: copy this file into actors/, start again (`make up`), and make a schedule with `"actor": "crunch"`,
`"args": {"seconds": 60}` and `"time_limit_seconds": 2`. A thread could not be ended in the middle of that one call; the
process is, 2 seconds after its limit at most.
"""

import os
import time

import dramatiq


@dramatiq.actor(isolation="process", time_limit=60_000)
def crunch(seconds: float) -> int:
    """Block for so long; the result is the number of the process."""
    print("what it prints is its output")
    time.sleep(seconds)  # stands for a call that never comes back to Python
    return os.getpid()
