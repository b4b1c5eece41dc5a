"""Row locks that others hold: a session left open, an administrator's script, a migration. They delay their row alone.

Hot statements take their rows by key and wait for a lock but a moment (`lock_timeout`); where that was not enough they
are tried again on the rows that are free. To look for the free ones always would read each row twice.
"""

import psycopg
import sqlalchemy as sa

PATIENCE_MILLISECONDS = 250
"""How long sessions that have others to look after wait for a lock."""

ALL = "r.id = ANY(%(ids)s)"
FREE = "r.id = ANY(ARRAY(SELECT id FROM runs WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE SKIP LOCKED))"
"""Which of `runs r` a statement is about, given their ids."""


def is_locked(error: BaseException) -> bool:
    """Whether a statement ended because others hold a lock that it wanted."""
    return isinstance(error, sa.exc.DBAPIError) and isinstance(error.orig, psycopg.errors.LockNotAvailable)


def wait_for_locks(connection: sa.Connection, seconds: float) -> None:
    """Wait no longer than this for any lock, until the transaction ends."""
    connection.exec_driver_sql("SELECT set_config('lock_timeout', %(patience)s, true)", {"patience": f"{seconds}s"})
