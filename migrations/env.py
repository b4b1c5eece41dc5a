"""What alembic runs: one transaction per migration (save what is done online), by one release at a time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context

from config.database import make_engine
from config.settings import settings_or_exit
from migrations.server import FACTS, problem_of
from models.tables import metadata

LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('callsheet release'))"
PAUSE_SECONDS = 0.25


def _migrate() -> None:
    database = settings_or_exit("database.url").database
    engine = make_engine(database, pool_size=2, application="release", timeouts=False)
    _check_server(engine)
    with _alone(engine), engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=metadata, transaction_per_migration=True, include_name=_is_ours
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def _check_server(engine: sa.Engine) -> None:
    """Exits with a sentence where this server, or this database, is none that callsheet can work with."""
    with engine.connect() as connection:
        if problem := problem_of(connection.exec_driver_sql(FACTS).one()):
            sys.exit(problem)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """Inside, this is the only release at work on the database; the others find nothing left to do after it.

    The lock is a transaction's, on a connection of its own, so it holds behind a pooler and over many migrations. Who
    waits for it asks again and again: a statement that waits has a snapshot, and CREATE INDEX CONCURRENTLY waits for
    all of those.
    """
    with engine.connect() as connection:
        told = False
        while not _take(connection):
            connection.rollback()
            if not told:
                print("another release is at work on this database: waiting for its end", file=sys.stderr)
            told = True
            time.sleep(PAUSE_SECONDS)
        yield


def _take(connection: sa.Connection) -> bool:
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    return bool(connection.exec_driver_sql(LOCK).scalar_one())


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables  # partitions come and go by the month


_migrate()
