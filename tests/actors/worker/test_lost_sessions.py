"""A claim that meets a session of no use is tried again at once, with the same deliveries."""

import pytest
import sqlalchemy as sa

from actors.worker.claiming import consumer
from actors.worker.keeping.process import WorkerProcess
from tests.actors.worker.line import Line, body, published
from tests.actors.worker.machine import Machine


@pytest.fixture
def process(machine: Machine) -> WorkerProcess:
    """One whose connections are as a worker's."""
    return machine.worker()


def spoil(process: WorkerProcess) -> None:
    connections = [process.engine.connect().execution_options(isolation_level="AUTOCOMMIT") for _ in range(3)]
    for connection in connections:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
    for connection in connections:
        connection.close()


def test_it_is_tried_again_at_once(process: WorkerProcess, line: Line) -> None:
    waited: list[float] = []
    line.consumer._wait_out = lambda: waited.append(consumer.RETRY_SECONDS)  # type: ignore[method-assign]
    for message in (published(process, state="queued"), body()):
        spoil(process)
        line.put(message)
        assert len(line.claims()) == 1
    assert (waited, line.refused) == ([], [])
    with process.engine.begin() as connection:
        assert states(connection) == [("running", 1)] * 2


def states(connection: sa.Connection) -> list[tuple[str, int]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT state, attempt FROM runs")]  # type: ignore[misc]
