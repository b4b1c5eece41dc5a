"""One experiment: a load, faults while it runs, and the look at what became of it all."""

import math
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import psutil

from tests.chaos.evidence import Evidence, gather
from tests.chaos.faults import Fault
from tests.chaos.invariants import violations
from tests.chaos.leaks import leaks
from tests.chaos.load import Load, loaded
from tests.chaos.world import LEASE_SECONDS, World
from tests.waiting import eventually

RECOVERY_LIMIT_SECONDS = 10
RECOVERY_WAIT_SECONDS = 60
SETTLE_SECONDS = 2 * LEASE_SECONDS + 60
"""The longest run takes 20 s, and may start again only when a lease has run out, and somebody has looked on for one."""

AFTER_SECONDS = 5
"""How long the load goes on after the recovery."""

SHOWN = 20

_DUE_AFTER = "SELECT id FROM runs WHERE due_at > %s AND due_at <= now() AND starts_with(schedule_name, %s) LIMIT 2000"
_UNFINISHED = "SELECT id FROM runs WHERE starts_with(schedule_name, %s) AND finished_at IS NULL LIMIT 1"


@dataclass
class Result:
    """`recovery_seconds`: from the end of the fault to the start of a run that was due after it. `again_seconds`: to
    the last start of a run whose attempt it had cut off. `late_seconds`: how late a quick run started, at worst, that
    was due since the fault began; of a proof, any run. `figures`: what else is worth telling."""

    name: str
    recovery_seconds: float | None = None
    again_seconds: float | None = None
    late_seconds: float | None = None
    seconds: float = 0
    slots: int = 0
    runs: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    doubled: int = 0
    results_lost: int = 0
    confirmed_cancels: int = 0
    told: int = 0
    told_again: int = 0
    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def suffer(world: World, fault: Fault, result: Result, limit_seconds: float = RECOVERY_LIMIT_SECONDS) -> datetime:
    """Inflict one fault, and wait until callsheet has recovered; when the fault ended."""
    inflict(world, fault, result)
    ended = world.now()
    seconds = recovery_seconds(world, ended)
    if seconds is None or seconds > limit_seconds:
        result.violations.append(f"{fault.name}: nothing due after it started within {limit_seconds} s: {seconds}")
    result.recovery_seconds = max(result.recovery_seconds or 0, seconds or RECOVERY_WAIT_SECONDS)
    return ended


def inflict(world: World, fault: Fault, result: Result) -> None:
    """One fault; what it finds wrong itself, such as a process that does not obey, is a violation."""
    try:
        fault.act(world)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass  # the process that was to suffer has just ended, by another fault
    except AssertionError as error:
        result.violations.append(f"{fault.name}: {error}")


def recovery_seconds(world: World, ended: datetime) -> float | None:
    """From then until the first start of a run that was due later; None if there is none for a long time."""

    def first() -> datetime | None:
        due = [row["id"] for row in world.rows(_DUE_AFTER, ended, f"{world.scope}.")]
        # A run that is tried again has earlier starts than it is due.
        starts = [start.at for start in world.ledger.starts(due) if start.at > ended]
        return min(starts, default=None)

    try:
        return (eventually(first, RECOVERY_WAIT_SECONDS) - ended).total_seconds()
    except AssertionError:
        return None


def run_single(world: World, fault: Fault, quick: int) -> Result:
    """One fault under its own load."""
    name = fault.name.lower().replace(" ", "-").replace("'", "").replace(",", "")
    result, since, began = Result(fault.name), world.now(), time.monotonic()
    with loaded(world, name, quick) as load:
        before, struck = world.supervisor.restarts.copy(), world.now()
        ended = suffer(world, fault, result)
        world.wait(AFTER_SECONDS)
        evidence = settle(world, load, name, since)
    if fault.again_seconds is not None:
        result.again_seconds = _again_seconds(evidence, ended)
        if result.again_seconds is not None and result.again_seconds > fault.again_seconds:
            result.violations.append(f"cut off runs started again only after {result.again_seconds:.1f} s")
    if fault.late_seconds is not None:
        result.late_seconds = _late_seconds(evidence, f"{name}.quick-", struck)
        if result.late_seconds > fault.late_seconds:
            result.violations.append(f"a run started {result.late_seconds:.1f} s late")
        if restarts := world.supervisor.restarts - before:
            result.violations.append(f"processes had to be started again: {dict(restarts)}")
    judge(world, result, evidence, name, may_lose=fault.again_seconds is not None)
    result.seconds = time.monotonic() - began
    return result


def settle(world: World, load: Load, name: str, since: datetime) -> Evidence:
    """Pause everything, wait until every row is final, and gather the evidence."""
    load.stop()
    with suppress(AssertionError):  # the rows tell
        eventually(lambda: not world.rows(_UNFINISHED, f"{name}."), SETTLE_SECONDS)
    return gather(world, name, since, load.cancelled)


def judge(world: World, result: Result, evidence: Evidence, name: str, *, may_lose: bool) -> None:
    """Fill in what is to be reported."""
    result.slots = len(evidence.slots)
    result.runs = len(evidence.runs)
    result.outcomes = dict(evidence.outcomes())
    result.doubled = sum(len(events) > 1 for events in evidence.starts.values())
    result.results_lost = evidence.results_lost()
    result.confirmed_cancels = len(evidence.cancelled)
    result.told, result.told_again = evidence.told.count, evidence.told.again
    result.violations += violations(evidence, may_lose=may_lose) + leaks(world, name)
    world.end_orphans()


def _again_seconds(evidence: Evidence, ended: datetime) -> float | None:
    """From the end of the fault to the last first start after a lost attempt."""
    starts = [
        evidence.starts[run["id"], attempt["number"] + 1][0].at
        for run, attempt in evidence.attempts()
        if attempt["outcome"] == "lost" and (run["id"], attempt["number"] + 1) in evidence.starts
    ]
    return max(0.0, (max(starts) - ended).total_seconds()) if starts else None


def _late_seconds(evidence: Evidence, names: str, since: datetime) -> float:
    """How late a first attempt of these schedules started that was due since then, at worst."""
    due = [run for run in evidence.runs.values() if run["schedule_name"].startswith(names) and run["slot_at"] >= since]
    starts = [(run, evidence.starts[run["id"], 1][0].at) for run in due if (run["id"], 1) in evidence.starts]
    return max(((at - run["slot_at"]).total_seconds() for run, at in starts), default=math.inf)
