"""A long loop that tells how far it is, and ends soon when it is asked to.

Run it: copy this file into actors/, start again (`make up`), make a schedule with `"actor": "count_slowly"` and
`"args": {"to": 600}`, trigger it, and cancel the run: POST /v1/runs/{id}/cancel. Its output says how far it came.
"""

import time

import dramatiq

from actors.context import current_run, should_stop


@dramatiq.actor(time_limit=3_600_000)
def count_slowly(to: int, seconds: float = 0.1) -> int:
    """Count, a step at a time.

    A cancel, a time limit and the end of the worker interrupt the loop between two of its steps, so steps are short.
    What must be left in order is left in order by `finally`.
    """
    output = current_run().output
    done = 0
    try:
        while done < to and not should_stop():
            time.sleep(seconds)  # a step of the work
            done += 1
            if done % 10 == 0:
                output.write(f"{done} of {to}\n")
    finally:
        output.write(f"stopped at {done}\n" if done < to else "counted\n")
    return done
