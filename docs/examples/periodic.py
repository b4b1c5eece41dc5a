"""An actor that brings its schedule along: it is there as soon as a worker has announced it.

Run it: copy this file into actors/ and start again (`make up`). `GET /v1/schedules/count_files` shows the schedule,
with `source` "code"; it can be paused and triggered there, and is changed here.
"""

import os

import dramatiq
from periodiq import cron

from actors.context import current_run


@dramatiq.actor(
    periodic=cron("*/10 * * * *"),
    schedule={
        "timezone": "Europe/Berlin",
        "description": "How many files there are.",
        "args": {"folder": "/tmp"},  # noqa: S108 - a folder that every machine has
        "catchup": "none",
        "overlap": "skip",
        "tags": ["examples"],
    },
)
def count_files(folder: str) -> int:
    """Count the files of a folder and of those in it."""
    count = sum(len(files) for _, _, files in os.walk(folder))
    run = current_run()
    run.output.write(f"{count} files for the slot {run.slot_at}, the next one is {run.next_slot_at}\n")
    return count
