"""A stage of the test's own."""

from collections.abc import Callable, Iterator

import pytest

from actors.worker.running.current import CurrentRun
from tests.actors.worker.live.stage import Stage
from tests.actors.worker.machine import Machine

NewRun = Callable[..., CurrentRun]


@pytest.fixture
def stage(machine: Machine, new_run: NewRun) -> Iterator[Stage]:
    made = Stage(machine, new_run)
    yield made
    made.worker.interrupts.leave()
