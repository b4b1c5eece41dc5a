"""Faults of programs: an actor that crashes its process, a deploy."""

import os
import signal

from tests.chaos.faults import BY_JOURNAL_SECONDS, Fault
from tests.chaos.load import POISON
from tests.chaos.world import World
from tests.waiting import eventually

EXIT_SECONDS = 30
BOOT_SECONDS = 60

_SEEN = """
SELECT pid FROM workers WHERE last_seen_at > now() - interval '15 seconds'
UNION SELECT pid FROM schedulers WHERE ticked_at > now() - interval '15 seconds'
"""


def poison(world: World) -> None:
    """A run that crashes the process of whoever starts it, until its retries are used up."""
    name = f"{world.scope}{POISON}{world.random.randrange(10**9)}"
    answer = world.call(
        "POST", "/v1/schedules", name=name, actor="probe_segfault", max_retries=1, min_backoff_seconds=0.1
    )
    assert answer.status_code in (201, 409), answer.text
    run = world.call("POST", f"/v1/schedules/{name}/trigger").json()["id"]
    ended = f"SELECT attempts FROM runs WHERE id = '{run}' AND finished_at IS NOT NULL"
    attempts = eventually(lambda: world.rows(ended), 120, "the poisonous run is given up")[0]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["lost", "lost"], attempts


def rolling_restart(world: World) -> None:
    """A deploy: every process is told to stop and started again, one after the other."""
    for name in ("web", *world.schedulers, *world.workers):
        replace(world, name)


def replace(world: World, name: str) -> None:
    """Stop a process and wait until the supervisor's new one is at work, as a platform does before the next."""
    process = world.deployment.processes[name]
    os.kill(process.pid, signal.SIGTERM)
    eventually(lambda: process.poll() is not None, EXIT_SECONDS, f"{name} obeys TERM")
    eventually(lambda: world.deployment.processes[name] is not process, 10, f"{name} is started again")
    eventually(lambda: is_at_work(world, name), BOOT_SECONDS, f"the new {name} is at work")


def is_at_work(world: World, name: str) -> bool:
    """Whether the process that was started last under this name does its work."""
    if name == "web":
        return world.call("GET", "/health/live").status_code == 200
    at_work = {child.pid for child in world.children(name)} or {world.pid(name)}
    return at_work <= {row["pid"] for row in world.rows(_SEEN)}


FAULTS = [
    Fault("an actor that crashes", poison, again_seconds=BY_JOURNAL_SECONDS, shared=True),
    Fault("rolling restart", rolling_restart, shared=True),
]
