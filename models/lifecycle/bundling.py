"""SQL of bundles: whose runs may share a message."""

from collections.abc import Collection

import sqlalchemy as sa

from models.sql.liveness import LIVE

SHORT_SECONDS = 0.01
"""An actor whose runs take less on average is short: of a bundle the last run does not wait long for the first."""

# A worker of the release before claims the first run of a bundle alone, and acknowledges the others away.
_SHORT = f"""
SELECT name FROM actors
WHERE name = ANY(%(actors)s) AND run_seconds < {SHORT_SECONDS}
  AND NOT EXISTS (SELECT FROM workers w WHERE {LIVE} AND NOT w.takes_bundles)
"""


def find_short_actors(connection: sa.Connection, actors: Collection[str]) -> set[str]:
    """Of these actors those whose runs are known to be short; none while a live worker takes no bundles."""
    return set(connection.exec_driver_sql(_SHORT, {"actors": list(actors)}).scalars())
