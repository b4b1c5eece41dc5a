"""Connections to PostgreSQL: what every session is set to."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from pydantic import SecretStr

from config.database import listen_connection, make_engine
from config.sections import Database


@pytest.mark.parametrize(("pgbouncer", "jit"), [(False, "off"), (True, "on")])
def test_sessions_are_set_up_where_sessions_are_ours(database_url: str, pgbouncer: bool, jit: str) -> None:
    """Behind PgBouncer a session is anybody's."""
    engine = make_engine(Database(url=SecretStr(database_url), pgbouncer=pgbouncer), pool_size=1, application="test")
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == jit
        if not pgbouncer:
            assert connection.exec_driver_sql("SHOW timezone").scalar_one() == "UTC"
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "30s"
    engine.dispose()


@pytest.mark.parametrize("pgbouncer", [False, True])
def test_transactions_are_read_committed_whatever_the_database_has(database_url: str, pgbouncer: bool) -> None:
    """Only so a statement that has waited for a lock looks again. What role and database say of the rest holds."""
    database = Database(url=SecretStr(database_url), pgbouncer=pgbouncer)
    with psycopg.connect(database_url, autocommit=True) as session:
        for setting in (
            "default_transaction_isolation = 'serializable'",
            "lock_timeout = '3s'",
            "search_path = 'mine'",
        ):
            session.execute(f"ALTER DATABASE {session.info.dbname} SET {setting}")
    engine = make_engine(database, pool_size=1, application="test")
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "3s"
        assert connection.exec_driver_sql("SHOW search_path").scalar_one() == "mine"
    if not pgbouncer:  # behind it we use no autocommit
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
    engine.dispose()


def test_a_process_of_few_statements_has_them_planned_once(database_url: str) -> None:
    database = Database(url=SecretStr(database_url))
    engine = make_engine(database, pool_size=1, application="test", plan_once=True)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one() == "force_generic_plan"
        prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SHOW plan%%'"
        assert connection.exec_driver_sql(prepared).scalar_one() == 1
    engine.dispose()


@pytest.mark.parametrize("pgbouncer", [False, True])
def test_instants_are_in_utc_whatever_the_zone_of_the_session(database_url: str, pgbouncer: bool) -> None:
    """In one zone with summer time Python finds 02:58 of the summer later than 02:00 of the winter, an hour after."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'Europe/Berlin'")
    instants = "SELECT timestamptz '2026-10-25 00:58Z', ARRAY[timestamptz '2026-10-25 01:00:01.5Z', '1890-01-01']"
    database = Database(url=SecretStr(database_url), pgbouncer=pgbouncer)
    engine = make_engine(database, pool_size=1, application="test")
    with engine.begin() as connection, listen_connection(database, "test") as listening:
        for summer, (winter, past) in (
            connection.exec_driver_sql(instants).one(),
            listening.execute(instants).fetchone(),
        ):
            assert winter - summer == timedelta(minutes=2, seconds=1.5)
            assert (summer.tzinfo, winter.tzinfo, past.tzinfo) == (UTC, UTC, UTC)
            assert summer == datetime(2026, 10, 25, 0, 58, tzinfo=UTC)
    engine.dispose()
