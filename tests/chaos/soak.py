"""`MINUTES=20 SEED=1 python -m tests.chaos.soak`: on a cluster of RabbitMQ and a PostgreSQL with a replica, all faults
in random order, and among them an upgrade of the release before, a failover, a move to another database and the death
of each node; and what must hold after them."""

import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.chaos import redundant
from tests.chaos.experiment import RECOVERY_LIMIT_SECONDS, Result, inflict, judge, settle, suffer
from tests.chaos.faults import Fault, faults_by_part
from tests.chaos.leaks import lost_in_living_processes
from tests.chaos.load import loaded
from tests.chaos.proofs_restore import MOVE, move_database
from tests.chaos.proofs_upgrade import NAME, bring_up_to_date
from tests.chaos.releases import release_before
from tests.chaos.report import show_violations, write_json
from tests.chaos.run_folder import run_folder
from tests.chaos.world import World

QUICK = 30
FLOOD = 100
"""Runs at one instant, besides those that last."""

PAUSE_SECONDS = (1, 6)
TOGETHER = 0.3
"""How often a second fault strikes while the first lasts."""

SCOPE = "soak"

UPGRADE = Fault(NAME, bring_up_to_date)
"""By itself, at first: the release before has faults that are mended since."""

ELSEWHERE = Fault(MOVE, move_database)
"""By itself: all processes are stopped for it."""

PROOFS = [(0.0, UPGRADE), (0.2, redundant.FAILOVER), (0.45, ELSEWHERE), (0.65, redundant.DEATHS)]
"""From which part of the time on they strike, each by itself."""

ALONE = {"reset RabbitMQ"}
"""Not for a cluster: a node that is reset has left it."""


class Deck:
    """All faults in the order of a seed, and all over again."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._left: list[tuple[str, Fault]] = []

    def draw(self) -> list[Fault]:
        """One fault, or two that hit different parts: each must find its own part as it left it."""
        first, fault = self._next("")
        together = self._chance.random() < TOGETHER
        return [fault, self._next(first)[1]] if together else [fault]

    def _next(self, spared: str) -> tuple[str, Fault]:
        if not any(part != spared for part, _ in self._left):
            found = [(part, fault) for part, faults in faults_by_part().items() for fault in faults]
            self._left += [(part, fault) for part, fault in found if fault.name not in ALONE]
            self._chance.shuffle(self._left)
        chosen = next(each for each in self._left if each[0] != spared)
        self._left.remove(chosen)
        return chosen


def soak(world: World, minutes: float, seed: int) -> dict[str, Any]:
    """Inflict random faults for so long; the report."""
    result, since, began = Result(SCOPE), world.now(), time.monotonic()
    injected: Counter[str] = Counter()
    deck = Deck(seed)
    planned = [(part * minutes * 60, fault) for part, fault in PROOFS]
    with loaded(world, SCOPE, QUICK, flood=FLOOD) as load:
        while (passed := time.monotonic() - began) < minutes * 60:
            chosen = [planned.pop(0)[1]] if planned and passed >= planned[0][0] else deck.draw()
            injected.update(fault.name for fault in chosen)
            print(f"{time.monotonic() - began:6.0f} s  {_names(chosen)}", flush=True)
            _strike(world, chosen, result)
            world.wait(world.random.uniform(*PAUSE_SECONDS))
        result.seconds = time.monotonic() - began
        evidence = settle(world, load, SCOPE, since)
    judge(world, result, evidence, SCOPE, may_lose=True)
    result.violations += lost_in_living_processes(world, evidence)
    return _report(world, result, injected)


def _strike(world: World, chosen: list[Fault], result: Result) -> None:
    """All of them at once. What was due afterwards must start soon after the last has ended."""

    def act(world: World) -> None:
        with ThreadPoolExecutor(len(chosen)) as pool:
            for future in [pool.submit(inflict, world, fault, result) for fault in chosen]:
                future.result()

    limit = max(fault.late_seconds or RECOVERY_LIMIT_SECONDS for fault in chosen)
    suffer(world, Fault(_names(chosen), act), result, limit)


def _names(chosen: list[Fault]) -> str:
    return " and ".join(fault.name for fault in chosen)


def _report(world: World, result: Result, injected: Counter[str]) -> dict[str, Any]:
    return {
        "verdict": "broken" if result.violations else "kept",
        "minutes": round(result.seconds / 60, 1),
        "schedulers": len(world.schedulers),
        "workers": len(world.workers),
        "slots": result.slots,
        "runs": result.runs,
        "runs per second": round(result.runs / result.seconds, 1),
        "attempts": result.outcomes,
        "attempts lost": result.outcomes.get("lost", 0),
        "starts doubled": result.doubled,
        "results lost with their worker": result.results_lost,
        "cancels confirmed": result.confirmed_cancels,
        "moves told": result.told,
        "moves told again": result.told_again,
        "worst recovery in seconds": round(result.recovery_seconds or 0, 1),
        "faults": sum(injected.values()),
        "faults by kind": dict(injected.most_common()),
        "processes started again": dict(world.supervisor.restarts),
        "violations": result.violations,
    }


def main() -> int:
    minutes = float(os.environ.get("MINUTES") or 20)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    print(f"{minutes:g} minutes, seed {seed}", flush=True)
    with run_folder() as folder, redundant.started() as started, release_before() as before:
        urls = (started.database_url, started.amqp_url, started.ledger.url)
        with World(folder, *urls, servers=started, seed=seed, release=before) as world:
            report = {"seed": seed} | soak(world, minutes, seed)
    write_json(folder / "soak.json", report)
    print(show_violations(Result(SCOPE, violations=report.pop("violations"))))
    print("\n".join(f"{name:<32}{value}" for name, value in report.items()), f"\nlogs and report: {folder}")
    return 0 if report["verdict"] == "kept" else 1


if __name__ == "__main__":
    sys.exit(main())
