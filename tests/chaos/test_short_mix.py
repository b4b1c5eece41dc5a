"""A short mix of faults in every run of the tests; `make chaos` and `make soak` are the long ones."""

from pathlib import Path

import pytest

from tests.chaos.experiment import AFTER_SECONDS, Result, judge, settle, suffer
from tests.chaos.faults import all_faults
from tests.chaos.load import loaded
from tests.chaos.world import World

QUICK = 5
FLOOD = 200
LIMIT_SECONDS = 40
"""Machines that run all tests at once may take so long to start a process."""

SETTINGS = {"CALLSHEET_WORKER__STOP_SECONDS": "8"}
FAULTS = (
    "kill a worker process",
    "kill a scheduler",
    "cut off RabbitMQ",
    "end every session of PostgreSQL",
    "TERM a worker's group twice",
    "kill a worker's group",
)


@pytest.mark.timeout(600)  # it waits for processes to end and start, on machines that do much else
def test_a_mix_of_faults_loses_and_doubles_nothing(
    tmp_path: Path, database_url: str, amqp_url: str, empty_database_url: str
) -> None:
    result, faults = Result("mix"), {fault.name: fault for fault in all_faults() if fault.shared}
    with World(tmp_path, database_url, amqp_url, empty_database_url, settings=SETTINGS, seed=7) as world:
        since = world.now()
        with loaded(world, "mix", QUICK, flood=FLOOD) as load:
            for name in FAULTS:
                suffer(world, faults[name], result, LIMIT_SECONDS)
            world.wait(AFTER_SECONDS)
            evidence = settle(world, load, "mix", since)
        judge(world, result, evidence, "mix", may_lose=True)
    assert not result.violations, "\n".join(result.violations)
    assert result.outcomes["succeeded"] >= QUICK * len(FAULTS), "there was a load"
    assert result.told > 2 * result.runs, "others were told of it"
