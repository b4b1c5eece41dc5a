"""Sessions: errors that belong to a session with PostgreSQL, and not to what it was asked.

Its server may have become a standby, lost its schema or the plans it kept, or be about to end. Another session may well
do the same, so the connection is thrown away, with all that are as old.
"""

from collections.abc import Callable

import sqlalchemy as sa

_CLASSES = ("08", "42", "57P", "3F")
"""Of SQLSTATEs (PostgreSQL, appendix A): connections, names and rights (which hang on the role's settings: what is not
there now was there when we were released), servers that end, schemas."""

_STATES = ("25006", "26000", "0A000")
"""Read only; a prepared statement that is gone; and "cached plan must not change result type", whose words depend on
the server's language."""


class SessionLost(sa.exc.OperationalError):
    """A session is of no use any more. The same may be tried on another: at once where there was a `statement`, while
    of a commit nobody knows what it did."""


def is_of_session(error: BaseException | None) -> bool:
    """Whether the driver's error belongs to the session."""
    sqlstate = getattr(error, "sqlstate", None) or ""
    return sqlstate.startswith(_CLASSES) or sqlstate in _STATES


def session_lost(error: BaseException, statement: str | None) -> SessionLost:
    """The driver's error, met by the statement, as SQLAlchemy would have it."""
    return SessionLost(statement, None, error, hide_parameters=True, connection_invalidated=True)


def lose_sessions(engine: sa.Engine) -> None:
    """Have the engine throw away such a session and all that are as old, and raise SessionLost."""
    sa.event.listen(engine, "handle_error", _lose, retval=True)


def when_lost(engine: sa.Engine, then: Callable[[], None]) -> None:
    """Have something done whenever a session of the engine is lost; it must not raise."""

    def hear(context: sa.ExceptionContext) -> None:
        if is_of_session(context.original_exception):
            then()

    sa.event.listen(engine, "handle_error", hear)


def _lose(context: sa.ExceptionContext) -> SessionLost | None:
    if not is_of_session(context.original_exception):
        return None
    context.is_disconnect = True
    return session_lost(context.original_exception, context.statement)
