"""A machine of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.worker.machine import Machine

BEHIND_A_POOLER_TOO = pytest.mark.parametrize("machine", [False, True], ids=["straight", "pooled"], indirect=True)


@pytest.fixture
def machine(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(database_url, tmp_path / "journals", pgbouncer=getattr(request, "param", False))
    yield machine
    machine.close()
