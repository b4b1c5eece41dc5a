"""Sessions that are of no use any more are thrown away, and others are made."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import REFUSALS, TRANSIENT, make_engine
from config.direct import direct
from config.sections import Database
from config.sessions import SessionLost, when_lost

SPOILT = {
    "read-only": "SET default_transaction_read_only = on",
    "a path that leads nowhere": "SET search_path = nowhere",
    "a role without rights": "SET ROLE pg_monitor",
}
WRITE = "UPDATE schedules SET name = 'x' WHERE false"


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = make_engine(Database(url=SecretStr(database_url)), pool_size=3, application="test", ping=False)
    yield engine
    engine.dispose()


def spoil_all(engine: sa.Engine, statement: str) -> list[int]:
    """Three sessions, all idle in the pool; their processes."""
    connections = [engine.connect().execution_options(isolation_level="AUTOCOMMIT") for _ in range(3)]
    processes = []
    for connection in connections:
        connection.exec_driver_sql(statement)
        processes.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
    for connection in connections:
        connection.close()
    return processes


@pytest.mark.parametrize("kind", SPOILT)
def test_one_error_and_all_that_are_as_old_are_gone(engine: sa.Engine, kind: str) -> None:
    processes = spoil_all(engine, SPOILT[kind])
    heard: list[bool] = []
    when_lost(engine, lambda: heard.append(True))
    with pytest.raises(SessionLost) as lost, engine.begin() as connection:
        connection.exec_driver_sql(WRITE)
    assert isinstance(lost.value, TRANSIENT)
    assert not isinstance(lost.value, REFUSALS)
    assert (lost.value.statement, heard) == (WRITE, [True])
    for _ in range(3):
        with engine.begin() as connection:
            connection.exec_driver_sql(WRITE)
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() not in processes


def test_so_it_is_with_statements_of_the_driver_itself(engine: sa.Engine) -> None:
    spoil_all(engine, SPOILT["read-only"])
    with pytest.raises(SessionLost), direct(engine) as connection:
        connection.exec_driver_sql("UPDATE schedules SET name = 'x' WHERE false RETURNING 1", {})
    for _ in range(3):
        with direct(engine) as connection:
            connection.exec_driver_sql("UPDATE schedules SET name = 'x' WHERE false RETURNING 1", {})


def test_a_plan_whose_table_has_changed_is_another_sessions(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wide (a int)")
        connection.exec_driver_sql("PREPARE all_of_it AS SELECT * FROM wide")
        connection.exec_driver_sql("EXECUTE all_of_it")
        connection.exec_driver_sql("ALTER TABLE wide ADD b int")
    with pytest.raises(SessionLost), engine.begin() as connection:
        connection.exec_driver_sql("EXECUTE all_of_it")


def test_an_error_of_a_row_is_none_of_the_session(engine: sa.Engine) -> None:
    with engine.connect() as first:
        process = first.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with pytest.raises(sa.exc.DataError), engine.connect() as connection:
        connection.exec_driver_sql("SELECT 'x'::int")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() == process
