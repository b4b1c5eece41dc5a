"""What the demo's worker does: it takes its time, tells how far it is, and fails as its schedules do."""

import random
import time
from functools import lru_cache
from typing import Literal

import dramatiq

from actors.context import current_run
from tests.demo import around
from tests.demo.catalog import JOBS, OTHER_JOBS, Entry, entries

STEP_SECONDS = 0.5
MISSING = "legacy_feed"
"""An actor that no worker knows."""

FAILING = {"broken": 1.0, "flaky": 0.2}


def work(
    country: Literal["all", "de", "fr", "uk", "us", "ca", "br", "in", "jp", "sg", "au", "za", "ae"] = "all",
    batch: int = 100,
    what: str = "",
    dry_run: bool = False,
    only: list[str] | None = None,
) -> dict[str, int]:
    """Do a batch of it, step by step.

    Arguments:
        country: whose.
        batch: so many rows at once.
        what: what of them.
        dry_run: only look.
        only: these articles alone.
    """
    run, entry = current_run(), _entries().get(current_run().schedule or "")
    seconds = (entry.job.seconds if entry else 1.0) * random.lognormvariate(0, 0.4)
    steps = max(1, round(seconds / STEP_SECONDS))
    run.output.write(f"{run.actor}: {what or 'all'} of {country}, {batch} rows at once\n")
    for step in range(steps):
        time.sleep(seconds / steps)
        if steps > 2:
            run.progress(step + 1, steps, f"batch {step + 1}")
        if step % 4 == 3:
            run.output.write(f"{(step + 1) * batch} rows read, {step * batch} written\n")
    if entry and random.random() < FAILING.get(entry.ail or "", entry.job.failing):
        _fail(entry)
    run.output.write("done\n")
    return {"rows": 0 if dry_run else steps * batch - len(only or ())}


def _fail(entry: Entry) -> None:
    kinds = around.ERRORS.get(entry.job.actor, around.OTHER_ERRORS)
    name, message = kinds[0] if entry.ail == "broken" else random.choice(kinds)
    raise type(name, (Exception,), {})(message.replace("#", str(random.randint(2, 997))))


@lru_cache(1)
def _entries() -> dict[str, Entry]:
    return {entry.name: entry for entry in entries()}


for _job in (*JOBS, *OTHER_JOBS):  # of an actor with several jobs the first one says the queue
    if _job.actor != MISSING and _job.actor not in dramatiq.get_broker().get_declared_actors():
        dramatiq.actor(work, actor_name=_job.actor, queue_name=_job.queue)
