"""Statements by the driver itself, on connections of SQLAlchemy's pool."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import TRANSIENT, make_engine
from config.direct import direct
from config.sections import Database
from models.sql.locks import is_locked
from tests.models.rows import add_run, sqlalchemy_url


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    database = Database(url=SecretStr(database_url))
    engine = make_engine(database, pool_size=1, application="test", ping=False, patience_milliseconds=50)
    yield engine
    engine.dispose()


def test_a_statement_takes_effect_at_once_and_its_connection_goes_back_as_it_was(engine: sa.Engine) -> None:
    with direct(engine) as connection:
        assert connection.exec_driver_sql("SELECT %(a)s::int, 'x'", {"a": 7}) == [(7, "x")]
        connection.exec_driver_sql("UPDATE schedules SET name = 'x' RETURNING 1", {})
        with pytest.raises(sa.exc.DBAPIError) as outside:
            connection.exec_driver_sql("SAVEPOINT one", {})
        assert isinstance(outside.value.orig, psycopg.errors.NoActiveSqlTransaction)
    with engine.begin() as whole:  # the only connection of the pool
        whole.exec_driver_sql("SAVEPOINT one")


def test_errors_are_sqlalchemys(engine: sa.Engine, database_url: str) -> None:
    with direct(engine) as connection, pytest.raises(sa.exc.DataError):
        connection.exec_driver_sql("SELECT %(number)s::int", {"number": "x"})
    with engine.begin() as ours:
        run = add_run(ours)
    other = sa.create_engine(sqlalchemy_url(database_url))
    with other.begin() as somebody:
        somebody.exec_driver_sql("SELECT FROM runs WHERE id = %(id)s FOR UPDATE", {"id": run})
        with direct(engine) as connection, pytest.raises(TRANSIENT) as locked:
            connection.exec_driver_sql("UPDATE runs SET priority = 1 WHERE id = %(id)s RETURNING 1", {"id": run})
        assert is_locked(locked.value)
    other.dispose()


def test_a_connection_that_is_gone_is_not_used_again(engine: sa.Engine) -> None:
    with direct(engine) as connection, pytest.raises(TRANSIENT):
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())", {})
    with direct(engine) as connection:
        assert connection.exec_driver_sql("SELECT 1", {}) == [(1,)]


def test_a_server_that_is_not_there_is_an_error_of_sqlalchemys_too() -> None:
    nobody = make_engine(Database(url=SecretStr("postgresql://localhost:1/x")), pool_size=1, application="test")
    with pytest.raises(sa.exc.OperationalError), direct(nobody):
        pass
