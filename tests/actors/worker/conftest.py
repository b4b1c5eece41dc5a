"""A machine of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.worker.machine import Machine


@pytest.fixture
def machine(database_url: str, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(database_url, tmp_path / "journals")
    yield machine
    machine.close()
