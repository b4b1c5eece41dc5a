"""A database whose clock the test sets: its now() is found before PostgreSQL's own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests.models.rows import sqlalchemy_url

_FUNCTION = """
CREATE FUNCTION faketime.{name}() RETURNS timestamptz LANGUAGE sql {volatility} AS $$
    SELECT current_setting('faketime.{setting}')::timestamptz
$$
"""
_STATEMENTS = (
    "CREATE SCHEMA faketime",
    _FUNCTION.format(name="now", volatility="STABLE", setting="now"),
    _FUNCTION.format(name="clock_timestamp", volatility="VOLATILE", setting="present"),
)
# pg_catalog is searched first unless it is named.
_OPTIONS = "-c timezone=UTC -c search_path=faketime,public,pg_catalog -c synchronous_commit=off -c lock_timeout=5s"


@dataclass
class Clock:
    """What transactions that begin from now on take for the time: like the real now(), it stands still within one."""

    now: datetime
    late: timedelta = timedelta(0)
    """How long they wait then before they look at anything."""


def make_faked_engine(url: str, clock: Clock) -> sa.Engine:
    """An engine on this migrated database, whose time is the clock's."""
    plain = sa.create_engine(sqlalchemy_url(url))
    with plain.begin() as connection:
        for statement in _STATEMENTS:
            connection.exec_driver_sql(statement)
    plain.dispose()
    engine = sa.create_engine(sqlalchemy_url(url), pool_size=3, connect_args={"options": _OPTIONS})

    @sa.event.listens_for(engine, "begin")
    def set_clock(connection: sa.Connection, *_: Any) -> None:
        parameters = {"now": clock.now.isoformat(), "present": (clock.now + clock.late).isoformat()}
        connection.exec_driver_sql(
            "SELECT set_config('faketime.now', %(now)s, true), set_config('faketime.present', %(present)s, true)",
            parameters,
        )

    return engine
