"""The PostgreSQL engine: one small pool per process, made after any fork."""

import hashlib
import os
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakSet

import psycopg
import sqlalchemy as sa
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict

from config.conninfo import arguments_for
from config.sections import Database
from config.sessions import lose_sessions

TRANSIENT = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
"""Errors of the database or the way to it, not of what it was asked: trying again helps."""

REFUSALS = (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.ProgrammingError)
"""What the database says to rows that are wrong: trying again does not help."""

CONNECT_TIMEOUT_SECONDS = 5
IDLE_SECONDS = 15
"""A process that is frozen in the middle of a transaction must not keep its rows from the others for longer."""

_engines: WeakSet[sa.Engine] = WeakSet()


class UtcLoader(Loader):
    """Instants are in UTC, whatever the zone of the session. Python compares two instants of one zone by their wall
    clocks, which go back once a year, and behind a pooler the zone is the role's."""

    def load(self, data: Buffer) -> datetime:
        """An instant of the session, with its offset."""
        instant = datetime.fromisoformat(str(data, "ascii"))
        return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def fingerprint(database: Database) -> str:
    """A short name for the database, without anything of its address: what one machine keeps for several is apart."""
    given = conninfo_to_dict(_url(database))
    host, port, name = (given.pop(key, None) for key in ("host", "port", "dbname"))
    where = f"{host}:{port}/{name}?{sorted((key, given[key]) for key in given.keys() - {'user', 'password'})}"
    return hashlib.sha256(where.encode()).hexdigest()[:12]


def make_engine(
    database: Database,
    *,
    pool_size: int,
    application: str,
    overflow: int = 0,
    ping: bool = True,
    plan_once: bool = False,
    patience_milliseconds: int | None = None,
    timeouts: bool = True,
) -> sa.Engine:
    """An engine whose pool holds `pool_size` connections at most; `application` names them in pg_stat_activity.

    `overflow` more are made where they are needed, and closed after use.
    `ping` tries each connection before it is used. Who tries again after an error anyway need not pay for that.
    `plan_once` is for few statements, many times each, whose plans are good whatever their parameters are.
    `patience_milliseconds` is how long a statement waits for a lock that others hold, None for as long as it takes.
    `timeouts` end statements, and idle transactions, that take too long; a release may take as long as it takes.
    """
    engine = sa.create_engine(
        "postgresql+psycopg://",  # the rest is among the arguments: libpq knows addresses that SQLAlchemy does not
        pool_size=pool_size,
        max_overflow=overflow,
        isolation_level="READ COMMITTED",  # whatever role or database have: statements look again after a lock
        hide_parameters=True,  # arguments of runs stay out of logs
        pool_pre_ping=ping,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        connect_args=_connect_args(database, application, plan_once, patience_milliseconds, timeouts),
    )
    sa.event.listen(engine, "connect", _read_instants_as_utc)
    if timeouts:  # a release asks for what may not be there
        lose_sessions(engine)
    if database.pgbouncer and patience_milliseconds is not None:
        sa.event.listen(engine, "begin", partial(be_impatient, milliseconds=patience_milliseconds))
    _engines.add(engine)
    return engine


def single_statements(engine: sa.Engine, database: Database) -> sa.Engine:
    """The same connections, for statements that need no transaction around them; behind a pooler they have one, as
    what a session is set to holds there but for a transaction."""
    return engine if database.pgbouncer else engine.execution_options(isolation_level="AUTOCOMMIT")


def be_impatient(connection: sa.Connection, milliseconds: int) -> None:
    """Have the rest of this transaction wait for a lock so long at most, whatever its session does."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")


def listen_connection(database: Database, application: str) -> psycopg.Connection[Any]:
    """A connection in autocommit mode, outside the pool, for LISTEN; straight to the server, where that is given."""
    if database.listen_url is not None:
        database = database.model_copy(update={"url": database.listen_url, "pgbouncer": False})
    connection = psycopg.Connection.connect(**_connect_args(database, application), autocommit=True)
    _read_instants_as_utc(connection)
    return connection


def _read_instants_as_utc(connection: psycopg.Connection[Any], _record: object = None) -> None:
    """Only where the zone is not ours to say: psycopg's own way is quicker."""
    if connection.info.parameter_status("TimeZone") != "UTC":
        connection.adapters.register_loader("timestamptz", UtcLoader)


def _connect_args(
    database: Database,
    application: str,
    plan_once: bool = False,
    patience_milliseconds: int | None = None,
    timeouts: bool = True,
) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
        "application_name": f"callsheet {application}",
        "client_encoding": "UTF8",  # whatever the database's is: a database that can't be used must be able to say so
    }
    if database.pgbouncer:
        # A pooler hands each transaction another session: prepared statements and start-up options would go astray.
        return arguments_for(_url(database), defaults | {"prepare_threshold": None}, {})
    options: dict[str, object] = {
        "timezone": "UTC",
        "default_transaction_isolation": r"read\ committed",  # also of single statements
        # Compiling takes seconds where the planner's guess is high, for statements that take milliseconds.
        "jit": "off",
        "statement_timeout": int(database.statement_timeout_seconds * 1000) if timeouts else 0,
        "idle_in_transaction_session_timeout": int(IDLE_SECONDS * 1000) if timeouts else 0,
    }
    if patience_milliseconds is not None:
        options["lock_timeout"] = patience_milliseconds
    if plan_once:  # with all the partitions a plan can take longer than what it is for
        options["plan_cache_mode"] = "force_generic_plan"
        options["enable_seqscan"] = "off"  # a plan that was made while a table was empty must do when it is not
        defaults["prepare_threshold"] = 0
    return arguments_for(_url(database), defaults, options)


def _url(database: Database) -> str:
    assert database.url is not None, "required at start"
    return database.url.get_secret_value()


def _begin_anew() -> None:
    """In a forked child: the sessions are its parent's, and it must not even close them."""
    for engine in _engines:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_begin_anew)
