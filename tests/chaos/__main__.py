"""`python -m tests.chaos [part of a name …]`: every fault by itself, every proof, and what must hold after each."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.chaos.experiment import Result, run_single
from tests.chaos.faults import Fault, all_faults
from tests.chaos.proofs import Proof, all_proofs
from tests.chaos.report import show_figures, show_violations, table, write_json
from tests.chaos.run_folder import run_folder
from tests.chaos.servers import started
from tests.chaos.world import World

QUICK = 8
"""Runs a second, besides those that last."""

QUICKER = 30
"""… where what counts is how late they are."""


WORLDS = 3
"""Each with servers of its own, and a part of the faults: most of the time is spent waiting for leases to run out."""


def main() -> int:
    wanted = sys.argv[1:]
    faults = [fault for fault in all_faults() if not wanted or any(part in fault.name for part in wanted)]
    proofs = [proof for proof in all_proofs() if not wanted or any(part in proof.name for part in wanted)]
    with run_folder() as folder:
        with ThreadPoolExecutor(WORLDS) as pool:
            results = [result for lane in pool.map(partial(_in_a_world, folder), _lanes(faults)) for result in lane]
        results.sort(key=lambda result: [fault.name for fault in faults].index(result.name))
        results += [_prove(folder, proof) for proof in proofs]
        write_json(folder / "chaos.json", {"faults": [result.as_json() for result in results]})
    failed = sum(bool(result.violations) for result in results)
    print(f"\n{table(results)}\n\n{len(results)} faults, {failed} with violations; logs and report: {folder}")
    return 1 if failed else 0


def _lanes(faults: list[Fault]) -> list[list[Fault]]:
    """Of the same servers each."""
    usual = [fault for fault in faults if fault.servers is started]
    other = dict.fromkeys(fault.servers for fault in faults if fault.servers is not started)
    lanes = [usual[number::WORLDS] for number in range(WORLDS)]
    lanes += [[fault for fault in faults if fault.servers is servers] for servers in other]
    return [lane for lane in lanes if lane]


def _in_a_world(folder: Path, faults: list[Fault]) -> list[Result]:
    own = Path(tempfile.mkdtemp(prefix="world-", dir=folder))
    with faults[0].servers() as servers:
        urls = (servers.database_url, servers.amqp_url, servers.ledger.url)
        with World(own, *urls, servers=servers) as world:
            return [_run(world, fault) for fault in faults]


def _prove(folder: Path, proof: Proof) -> Result:
    """After the faults: times are looked at. One that can't be brought to its end has proven nothing."""
    try:
        result = proof.prove(Path(tempfile.mkdtemp(prefix="proof-", dir=folder)))
    except (AssertionError, subprocess.CalledProcessError) as error:
        result = Result(proof.name, violations=[str(error)])
    return _tell(result)


def _run(world: World, fault: Fault) -> Result:
    return _tell(run_single(world, fault, QUICK if fault.late_seconds is None else QUICKER))


def _tell(result: Result) -> Result:
    print(table([result]).splitlines()[-1], flush=True)
    if result.figures:
        print(show_figures(result), flush=True)
    if result.violations:
        print(show_violations(result), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
