"""`python -m tests.chaos [part of a fault's name …]`: every fault by itself, and what must hold after each."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.chaos import servers
from tests.chaos.experiment import Result, run_single
from tests.chaos.faults import Fault, all_faults
from tests.chaos.report import show_violations, table, write_json
from tests.chaos.run_folder import run_folder
from tests.chaos.world import World

QUICK = 8
"""Runs a second, besides those that last."""


WORLDS = 3
"""Each with servers of its own, and a part of the faults: most of the time is spent waiting for leases to run out."""


def main() -> int:
    wanted = sys.argv[1:]
    faults = [fault for fault in all_faults() if not wanted or any(part in fault.name for part in wanted)]
    with run_folder() as folder:
        lanes = [lane for number in range(WORLDS) if (lane := faults[number::WORLDS])]
        with ThreadPoolExecutor(len(lanes)) as pool:
            results = [result for lane in pool.map(partial(_in_a_world, folder), lanes) for result in lane]
        results.sort(key=lambda result: [fault.name for fault in faults].index(result.name))
        write_json(folder / "chaos.json", {"faults": [result.as_json() for result in results]})
    failed = sum(bool(result.violations) for result in results)
    print(f"\n{table(results)}\n\n{len(results)} faults, {failed} with violations; logs and report: {folder}")
    return 1 if failed else 0


def _in_a_world(folder: Path, faults: list[Fault]) -> list[Result]:
    own = Path(tempfile.mkdtemp(prefix="world-", dir=folder))
    with servers.started() as started:
        urls = (started.database_url, started.rabbitmq.url, started.ledger.url)
        with World(own, *urls, servers=started) as world:
            return [_run(world, fault) for fault in faults]


def _run(world: World, fault: Fault) -> Result:
    result = run_single(world, fault, QUICK)
    print(table([result]).splitlines()[-1], flush=True)
    if result.violations:
        print(show_violations(result), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
