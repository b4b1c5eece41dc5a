"""What must hold of processes, connections and queues once all has settled: nothing is gone and nothing is left."""

import os
from collections.abc import Callable

import httpx
import psutil

from tests.chaos.evidence import Evidence
from tests.chaos.subscriber import QUEUE
from tests.chaos.world import World
from tests.waiting import eventually

SETTLE_SECONDS = 45
SEEN_SECONDS = 20
TICK_SECONDS = 5
WORKER_CHILDREN = 2
CONNECTIONS = {"worker": 2, "scheduling": 3, "api": 5}
"""Connections to PostgreSQL that one process may have."""

QUEUES = ("default", "default.DQ", "default.XQ", QUEUE)

_SEEN = "SELECT pid FROM workers WHERE last_seen_at > now() - make_interval(secs => %s)"
_TICKED = "SELECT pid FROM schedulers WHERE ticked_at > now() - make_interval(secs => %s)"
_CONNECTIONS = """
SELECT substr(application_name, 11) AS kind, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'callsheet %' GROUP BY 1
"""
_LEASED = (
    "SELECT id, state FROM runs WHERE lease_until IS NOT NULL AND state <> 'running' AND starts_with(schedule_name, %s)"
)


def leaks(world: World, name: str) -> list[str]:
    """What is gone for good, or left behind, each in words."""
    problems = _after_waiting(lambda: _missing(world)) + _after_waiting(lambda: _left_behind(world))
    return problems + [f"a lease on a run that does not run: {row}" for row in world.rows(_LEASED, f"{name}.")]


def lost_in_living_processes(world: World, evidence: Evidence) -> list[str]:
    """Attempts are lost with their process, or in one that was frozen beyond its lease; never in one that lived on."""
    living = {child.pid: child.create_time() for name in world.workers for child in world.children(name)}
    lost = [
        evidence.starts[run["id"], attempt["number"]][0]
        for run, attempt in evidence.attempts()
        if attempt["outcome"] == "lost" and evidence.starts.get((run["id"], attempt["number"]))
    ]
    return [
        f"lost, though its process lives: {start}"
        for start in lost
        if living.get(start.pid, float("inf")) < start.at.timestamp() and start.pid not in world.frozen
    ]


def _after_waiting(find: Callable[[], list[str]]) -> list[str]:
    """What is still wrong after a while."""
    found: list[str] = []

    def nothing() -> bool:
        found[:] = find()
        return not found

    try:
        eventually(nothing, SETTLE_SECONDS)
    except AssertionError:
        return found
    return []


def _missing(world: World) -> list[str]:
    """Processes that are down or do nothing."""
    down = [name for name, process in world.deployment.processes.items() if process.poll() is not None]
    problems = [f"{name} is down" for name in down]
    seen = {row["pid"] for row in world.rows(_SEEN, SEEN_SECONDS)}
    for name in world.workers:
        children = {child.pid for child in world.children(name)}
        if len(children) != WORKER_CHILDREN or not children <= seen:
            problems.append(f"{name} has the processes {children}, and workers were seen with {seen}")
    ticked = {row["pid"] for row in world.rows(_TICKED, TICK_SECONDS)}
    problems += [f"{name} does not tick" for name in world.schedulers if world.pid(name) not in ticked]
    try:
        ready = world.deployment.api.get("/health/ready")
        return problems if ready.status_code == 200 else [*problems, f"the API is not ready: {ready.text}"]
    except httpx.HTTPError as error:
        return [*problems, f"the API does not answer: {error!r}"]


def _left_behind(world: World) -> list[str]:
    problems = [f"an orphan of {_leader(world, orphan)}: {orphan}" for orphan in world.supervisor.orphans()]
    bounds = {
        "worker": CONNECTIONS["worker"] * WORKER_CHILDREN * len(world.workers),
        "scheduling": CONNECTIONS["scheduling"] * len(world.schedulers),
        "api": CONNECTIONS["api"],
    }
    problems += [
        f"{row['count']} connections of {row['kind']}, at most {bounds.get(row['kind'], 0)}"
        for row in world.rows(_CONNECTIONS)
        if row["count"] > bounds.get(row["kind"], 0)
    ]
    return problems + _messages(world)


def _messages(world: World) -> list[str]:
    if world.servers is None:
        return []  # on a shared node, whose rabbitmqctl belongs to nobody
    lines = world.servers.rabbitmq.ctl("list_queues", "--no-table-headers", "name", "messages").splitlines()
    counts = {name: int(count) for name, count in (line.split("\t") for line in lines if "\t" in line)}
    foreign = [f"an unexpected queue {name}" for name in counts if name not in QUEUES]
    return foreign + [f"{count} messages are left in {name}" for name, count in counts.items() if count]


def _leader(world: World, orphan: psutil.Process) -> str:
    return world.supervisor.leaders.get(os.getsid(orphan.pid), "nobody")
