"""SQL of the relay: one process at a time gives events their positions, and notes how far they have been told."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

LEASE_SECONDS = 15
"""So long after its last word a relay is taken over: one that is frozen holds the log up no longer."""


class Progress(NamedTuple):
    """Positions, up to which the log is numbered, and told; and the time of the database."""

    numbered: int
    sent: int
    now: datetime


# Who has it renews it when half of it is over: a look that finds nothing to do writes nothing.
_BE_RELAY = f"""
UPDATE event_relay SET relay = %(relay)s, lease_until = now() + make_interval(secs => {LEASE_SECONDS})
WHERE relay = %(relay)s AND lease_until < now() + make_interval(secs => {LEASE_SECONDS / 2})
    OR lease_until IS NULL OR lease_until < now()
    OR lease_until > now() + make_interval(secs => 2 * {LEASE_SECONDS})
"""
_PROGRESS = "SELECT numbered, sent, clock_timestamp() FROM event_relay WHERE relay = %(relay)s"


def be_relay(connection: sa.Connection, relay: UUID) -> Progress | None:
    """Be the one who relays, for a while; None while another is."""
    connection.exec_driver_sql(_BE_RELAY, {"relay": relay})
    row = connection.exec_driver_sql(_PROGRESS, {"relay": relay}).one_or_none()
    return None if row is None else Progress(*row)


# The row of the relay is locked first: two that both believe to be it number one after the other.
_NUMBER = """
WITH relay AS MATERIALIZED (
    SELECT numbered FROM event_relay
    WHERE relay = %(relay)s AND EXISTS (SELECT FROM events WHERE position IS NULL) FOR UPDATE
), new AS MATERIALIZED (
    SELECT e.id, relay.numbered + row_number() OVER (ORDER BY e.id) AS position
    FROM relay CROSS JOIN LATERAL (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT %(limit)s) e
), placed AS (
    UPDATE events e SET position = new.position FROM new WHERE e.id = new.id
)
UPDATE event_relay SET numbered = numbered + (SELECT count(*) FROM new)
WHERE relay = %(relay)s AND EXISTS (SELECT FROM new)
"""


def number_events(connection: sa.Connection, relay: UUID, limit: int) -> Progress | None:
    """Give positions to the next `limit` groups that have none; None where another is the relay by now."""
    connection.exec_driver_sql(_NUMBER, {"relay": relay, "limit": limit})
    row = connection.exec_driver_sql(_PROGRESS, {"relay": relay}).one_or_none()
    return None if row is None else Progress(*row)


_NOTE_SENT = "UPDATE event_relay SET sent = %(to)s WHERE relay = %(relay)s AND sent < %(to)s"


def note_sent(connection: sa.Connection, relay: UUID, position: int) -> None:
    """Note that all up to a position has been told: whoever relays next goes on behind it."""
    connection.exec_driver_sql(_NOTE_SENT, {"relay": relay, "to": position})


_FORGET = """
WITH old AS (
    DELETE FROM events WHERE id = ANY(ARRAY(
        SELECT id FROM events WHERE position IS NOT NULL AND at < now() - make_interval(secs => %(age)s)
        ORDER BY position LIMIT %(limit)s))
    RETURNING position, coalesce(cardinality(runs), 1) AS changes
), untold AS (
    SELECT coalesce(sum(old.changes), 0) AS changes, max(old.position) AS position
    FROM old, event_relay WHERE old.position > event_relay.sent
), noted AS (
    UPDATE event_relay SET dropped = dropped + untold.changes, sent = untold.position
    FROM untold WHERE untold.position IS NOT NULL
)
SELECT (SELECT count(*) FROM old), untold.changes FROM untold
"""


class Forgotten(NamedTuple):
    """How many groups are gone, and how many changes among them nobody had been told of."""

    groups: int
    untold: int


def forget_events(connection: sa.Connection, age_seconds: float, limit: int) -> Forgotten:
    """Drop the oldest groups that are older than that, told or not: a broker that is away for long costs what it would
    have been told, and nothing else."""
    row = connection.exec_driver_sql(_FORGET, {"age": age_seconds, "limit": limit}).one()
    return Forgotten(int(row[0]), int(row[1]))
