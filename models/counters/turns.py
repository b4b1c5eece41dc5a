"""SQL of turns: what one of several processes is to do once in a while."""

import sqlalchemy as sa

# By the database's clock; one that was ahead holds nobody up for long.
_TAKE = """
INSERT INTO housekeeping (name, at, result) VALUES (%(what)s, now(), '{}')
ON CONFLICT (name) DO UPDATE SET at = now()
WHERE housekeeping.at <= now() - make_interval(secs => %(every)s)
    OR housekeeping.at > now() + make_interval(secs => %(every)s)
RETURNING true
"""


def take_turn(connection: sa.Connection, what: str, every_seconds: float) -> bool:
    """Whether it is the caller's turn: nobody has taken one for so long."""
    return connection.exec_driver_sql(_TAKE, {"what": what, "every": every_seconds}).one_or_none() is not None
