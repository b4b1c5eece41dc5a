"""`python -m tests.chaos [part of a fault's name …]`: every fault by itself, and what must hold after each."""

import sys

from tests.chaos import servers
from tests.chaos.experiment import Result, run_single
from tests.chaos.faults import Fault, all_faults
from tests.chaos.report import show_violations, table, write_json
from tests.chaos.run_folder import run_folder
from tests.chaos.world import World

QUICK = 8
"""Runs a second, besides those that last."""


def main() -> int:
    wanted = sys.argv[1:]
    faults = [fault for fault in all_faults() if not wanted or any(part in fault.name for part in wanted)]
    with run_folder() as folder, servers.started() as started:
        urls = (started.database_url, started.rabbitmq.url, started.ledger.url)
        with World(folder, *urls, servers=started) as world:
            results = [_run(world, fault) for fault in faults]
        write_json(folder / "chaos.json", {"faults": [result.as_json() for result in results]})
    failed = sum(bool(result.violations) for result in results)
    print(f"\n{table(results)}\n\n{len(results)} faults, {failed} with violations; logs and report: {folder}")
    return 1 if failed else 0


def _run(world: World, fault: Fault) -> Result:
    result = run_single(world, fault, QUICK)
    print(table([result]).splitlines()[-1], flush=True)
    if result.violations:
        print(show_violations(result), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
