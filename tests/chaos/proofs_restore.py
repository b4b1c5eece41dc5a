"""Proofs of back-ups: the database is dumped, restored under another name, and callsheet goes on there."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.chaos import servers
from tests.chaos.dumps import Dump, dump, restore
from tests.chaos.evidence import Evidence
from tests.chaos.experiment import Result, judge, recovery_seconds, settle
from tests.chaos.faults_processes import BOOT_SECONDS, is_at_work
from tests.chaos.ledger import Attempts
from tests.chaos.load import Load, loaded
from tests.chaos.proofs import Proof
from tests.chaos.servers import ROLE, Servers
from tests.chaos.world import World
from tests.waiting import eventually

MOVE = "dump, restore and go on"
OLD_DUMP = "restore an old dump"
QUICK = 20
FLOOD = 100
OTHER = "restored"

BEFORE_SECONDS = 15
LOST_SECONDS = 120
"""The work of this time is in no dump. Of schedules that are due each second it has more slots than are caught up."""

PILE_SECONDS = 6
"""For so long the schedulers publish what no worker takes: of that RabbitMQ has the messages when it is restored."""

STRANGERS = 20
"""Runs by hand that the dump does not know, and that nobody will plan again; RabbitMQ has their messages."""

AFTER_SECONDS = 10


@dataclass(frozen=True)
class Case:
    """A callsheet under load, and what is found out about it."""

    world: World
    servers: Servers
    load: Load
    result: Result
    since: datetime


def _prove(act: Callable[[Case], Evidence], name: str, folder: Path) -> Result:
    """Under a load; what the act gives back is judged."""
    result, began, scope = Result(name), time.monotonic(), name.replace(",", "").replace(" ", "-")
    with servers.started() as started:
        urls = (started.database_url, started.rabbitmq.url, started.ledger.url)
        with World(folder, *urls, servers=started) as world:
            since = world.now()
            with loaded(world, scope, QUICK, flood=FLOOD) as load:
                world.wait(BEFORE_SECONDS)
                evidence = act(Case(world, started, load, result, since))
            result.late_seconds = evidence.late_seconds()
            judge(world, result, evidence, scope, may_lose=name == OLD_DUMP)
            result.violations += _what_readiness_says(world)
    result.seconds = time.monotonic() - began
    return result


def move(case: Case) -> Evidence:
    """Nothing is lost or doubled."""
    began = time.monotonic()
    move_database(case.world)
    case.result.figures["stopped, dumped, restored and started within"] = f"{time.monotonic() - began:.1f} s"
    _go_on(case)
    return settle(case.world, case.load, case.world.scope, case.since)


def move_database(world: World) -> None:
    """Planned: all is stopped, dumped, restored under another name and started; what is due meanwhile is caught up."""
    assert world.servers is not None, "for servers of its own"
    _stop(world, world.names)
    restore(world, world.servers, dump(world, world.servers), OTHER)
    _start(world)


def lose_what_followed(case: Case) -> Evidence:
    """A disaster: workers die, messages pile up, the database is gone, and there is only a dump from before all that.
    What is of the time between is decided once more, and what RabbitMQ still has of it does no harm."""
    world, figures = case.world, case.result.figures
    before = world.now()
    made = dump(world, case.servers)
    world.wait(LOST_SECONDS)
    for name in world.workers:
        world.deployment.kill(name)  # and it is not started again
    for _ in range(STRANGERS):
        world.call("POST", f"/v1/schedules/{world.scope}.quick-0/trigger")
    world.wait(PILE_SECONDS)
    _stop(world, ["web", *world.schedulers])
    messages = _messages(case.servers)
    if messages < STRANGERS:
        case.result.violations.append(f"RabbitMQ had {messages} messages of the lost time: nothing has been shown")
    gone = world.now()
    restore(world, case.servers, made, ROLE)
    _start(world)
    _go_on(case)
    evidence = settle(world, case.load, world.scope, case.since)
    figures |= {"messages of the lost time in RabbitMQ": messages} | _lost_time(evidence, before, gone)
    return without_lost_time(evidence, made, before, gone)


def _stop(world: World, names: list[str]) -> None:
    """All at once; nobody starts them again, which somebody may be about to do just now."""
    eventually(world.supervisor.all_up, BOOT_SECONDS, "every process is up")
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(world.deployment.stop, names))


def _start(world: World) -> None:
    """Every process, and wait until they are at work."""
    world.deployment.start(*world.names)
    for name in world.names:
        eventually(lambda name=name: is_at_work(world, name), BOOT_SECONDS, f"{name} is at work")


def _go_on(case: Case) -> None:
    """What is due from now on begins soon."""
    case.result.recovery_seconds = recovery_seconds(case.world, case.world.now())
    if case.result.recovery_seconds is None:
        case.result.violations.append("nothing that was due after the restore has started")
    case.world.wait(AFTER_SECONDS)


def _messages(started: Servers) -> int:
    lines = started.rabbitmq.ctl("list_queues", "--no-table-headers", "messages").split()
    return sum(int(count) for count in lines)


def without_lost_time(evidence: Evidence, made: Dump, before: datetime, gone: datetime) -> Evidence:
    """Without the attempts of the lost time, of which the restored database can't know."""

    def kept(attempts: Attempts) -> Attempts:
        known = {
            key: [event for event in events if event.at > gone or key[1] <= made.known.get(key[0], 0)]
            for key, events in attempts.items()
        }
        return {key: events for key, events in known.items() if events}

    cancelled = {run: at for run, at in evidence.cancelled.items() if not before < at < gone}
    told = replace(evidence.told, is_ordered=False)
    return replace(evidence, starts=kept(evidence.starts), ends=kept(evidence.ends), cancelled=cancelled, told=told)


def _lost_time(evidence: Evidence, before: datetime, gone: datetime) -> dict[str, object]:
    """What was done in it, and what became of its slots."""
    slots = Counter[str]()
    for run in evidence.runs.values():
        if run["trigger"] == "schedule" and before < (run["slot_until"] or run["slot_at"]) < gone:
            slots[run["reason"] or run["state"]] += run["slots"]
    done = {
        run
        for (run, _), ends in evidence.ends.items()
        for end in ends
        if end.outcome == "ok" and before < end.at < gone
    }
    again = {run for (run, _), starts in evidence.starts.items() if run in done and starts[-1].at > gone}
    return {
        "slots of the lost time, decided again": dict(slots),
        "runs done in the lost time": len(done),
        "of those done again": len(again),
    }


def _what_readiness_says(world: World) -> list[str]:
    """In the end nothing waits for anybody's help."""
    found = ["it does not answer"]

    def nothing() -> bool:
        found[:] = world.call("GET", "/health/ready").json()["problems"]
        return not found

    try:
        eventually(nothing, 60)
    except AssertionError:
        return [f"not well in the end: {problem}" for problem in found]
    return []


PROOFS = [
    Proof(MOVE, partial(_prove, move, MOVE)),
    Proof(OLD_DUMP, partial(_prove, lose_what_followed, OLD_DUMP)),
]
