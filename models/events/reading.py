"""SQL of reading: what stands in the log after a position, a row for each change, with what is known of its run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Change:
    """One change. The fields are columns, in their order.

    `position` and `place` are where it stands: in which group, and where in that (from 1). `attempt_row` is what the
    run's list has of the attempt, once that has ended; the fields from `schedule` on are the run's own, None for a
    change of something else, or where the run has been pruned.
    """

    position: int
    place: int
    event: int
    at: datetime
    kind: str
    subject: str | None
    data: dict[str, Any] | None
    run: UUID | None
    attempt: int | None
    schedule: str | None
    actor: str | None
    queue: str | None
    trigger: str | None
    slot_at: datetime | None
    due_at: datetime | None
    reason: str | None
    latest_attempt: int | None
    started_at: datetime | None
    finished_at: datetime | None
    error_type: str | None
    attempt_row: dict[str, Any] | None
    trace: str | None
    tags: Sequence[str] | None
    """Of its schedule, as that is now."""


_RUN = """r.schedule_name, r.actor, r.queue, r.trigger, r.slot_at, r.due_at, r.reason, r.attempt, r.started_at,
    r.finished_at, r.error_type, jsonb_path_query_first(r.attempts, '$[*] ? (@.number == $n)',
        jsonb_build_object('n', e.attempt)), r.trace, s.tags"""

# Groups first, so that their number bounds what is read; each run is found by its key.
_READ = f"""
WITH g AS MATERIALIZED (
    SELECT * FROM events WHERE position > %(after)s ORDER BY position LIMIT %(groups)s
)
SELECT g.position, coalesce(e.place, 1), g.id, g.at, g.kind, g.subject, g.data, e.run, e.attempt, {_RUN}
FROM g
LEFT JOIN LATERAL unnest(g.runs, g.attempts) WITH ORDINALITY AS e (run, attempt, place) ON true
LEFT JOIN LATERAL (SELECT * FROM runs WHERE runs.id = e.run LIMIT 1) r ON true
LEFT JOIN schedules s ON s.name = coalesce(r.schedule_name, g.subject)
ORDER BY g.position, e.place
"""


def read_changes(connection: sa.Connection, after: int, groups: int) -> Sequence[Change]:
    """What the next `groups` groups after a position tell of, in their order."""
    rows = connection.exec_driver_sql(_READ, {"after": after, "groups": groups})
    return [Change(*row) for row in rows]


_LAST = "SELECT numbered FROM event_relay"


def last_position(connection: sa.Connection) -> int:
    """The newest position that there is."""
    position: int = connection.exec_driver_sql(_LAST).scalar_one()
    return position


_PUBLIC = "SELECT state FROM told_states WHERE is_public"


def public_states(connection: sa.Connection) -> frozenset[str]:
    """The states that others are told of."""
    return frozenset(connection.exec_driver_sql(_PUBLIC).scalars())


def is_public(change: Change, states: Collection[str]) -> bool:
    """Whether others are told of a change, where these are the states that they are told of."""
    noun, _, what = change.kind.partition(".")
    return what in states if noun == "run" else bool(states)
