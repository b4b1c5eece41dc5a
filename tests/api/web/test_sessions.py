"""A request whose session is of no use any more is answered by another; where that is no better, it is a 503."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

SPOIL = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


@pytest.fixture
def spoil(engine: sa.Engine) -> Callable[[], None]:
    """Make all sessions that there are read-only, as those of a server that has become a standby."""

    def all_of_them() -> None:
        connections = [engine.connect().execution_options(isolation_level="AUTOCOMMIT") for _ in range(3)]
        for connection in connections:
            connection.exec_driver_sql(SPOIL)
        for connection in connections:
            connection.close()

    return all_of_them


def test_reads_and_writes_are_done_all_the_same_and_once(
    client: TestClient, create: Callable[..., Any], execute: Callable[..., Any], spoil: Callable[[], None]
) -> None:
    create("nightly")
    spoil()
    assert client.simulate_get("/v1/schedules").status_code == 200
    for _ in range(2):
        spoil()
        assert client.simulate_post("/v1/schedules/nightly/trigger", json={"overlap": "allow"}).status_code == 202
    assert execute("SELECT count(*) FROM runs")[0][0] == 2


def test_readiness_throws_away_those_that_only_read(
    client: TestClient, execute: Callable[..., Any], spoil: Callable[[], None]
) -> None:
    """No read hears that another session could write, and a service that is not ready is sent no writes."""
    execute(
        "INSERT INTO schedulers (id, host, pid, started_at, ticked_at) VALUES (gen_random_uuid(), 'h', 1, now(), now())"
    )
    spoil()
    assert client.simulate_get("/health/ready").status_code == 503
    assert client.simulate_get("/health/ready").status_code == 200


def test_while_there_is_no_better_one_it_is_a_503_that_says_when_to_try_again(
    client: TestClient, create: Callable[..., Any], engine: sa.Engine
) -> None:
    create("nightly")
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    answer = client.simulate_post("/v1/schedules/nightly/trigger", json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
