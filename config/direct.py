"""Direct: single statements by the driver itself, for those that run so often that SQLAlchemy's care costs more than
they do. The connections are of the engine's pool, and errors are SQLAlchemy's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from config.sessions import is_of_session, session_lost


class Direct:
    """A connection in autocommit mode."""

    def __init__(self, connection: psycopg.Connection[Any], dialect: sa.Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def exec_driver_sql(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """All rows of a statement."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except psycopg.Error as error:
            raise _as_sqlalchemy_has_it(error, statement, self._dialect) from error


@contextmanager
def direct(engine: sa.Engine) -> Iterator[Direct]:
    """A connection of the engine's pool. Not for engines behind a pooler, whose statements need a transaction."""
    try:
        pooled = engine.raw_connection()
    except psycopg.Error as error:
        raise _as_sqlalchemy_has_it(error, None, engine.dialect) from error
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    try:
        _set_autocommit(connection, True)
        yield Direct(connection, engine.dialect)
    except sa.exc.DBAPIError as error:
        if is_of_session(error.orig):
            connection.close()
            engine.dispose()  # of the others, those that are not in use
        raise
    finally:
        try:
            _set_autocommit(connection, False)
            pooled.close()
        except sa.exc.OperationalError:
            pooled.invalidate()


def _set_autocommit(connection: psycopg.Connection[Any], value: bool) -> None:
    """Raises OperationalError on a connection that is broken, or in the middle of something."""
    try:
        connection.autocommit = value
    except psycopg.Error as error:
        raise sa.exc.OperationalError(None, None, error) from error
    if connection.closed:
        raise sa.exc.OperationalError(None, None, psycopg.OperationalError("the connection is closed"))


def _as_sqlalchemy_has_it(error: psycopg.Error, statement: str | None, dialect: sa.Dialect) -> BaseException:
    if is_of_session(error):
        return session_lost(error, statement)
    return sa.exc.DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True, dialect=dialect)
