"""Connections to PostgreSQL: what every session is set to."""

import pytest
from pydantic import SecretStr

from config.database import make_engine
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
