"""SQL of telling: what has changed is noted in the log, in the statement or the transaction that changes it.

A note is a row for each group of changes, so it costs the same for one run and for five hundred. It names the runs; all
else the relay reads from their rows. Which states are told of stands in a table, so that all processes agree at once.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from models.sql.rows import as_array
from models.sql.spelling import written
from models.words.states import State


class Moved(Protocol):
    """A run that came into a state."""

    @property
    def id(self) -> UUID:
        """Of the run."""
        ...

    @property
    def attempt(self) -> int:
        """How many attempts it has had."""
        ...

    @property
    def state(self) -> str:
        """What it is in now."""
        ...


def telling(rows: str, state: State | None = None) -> str:
    """In SQL, for the statement that moves runs: note these rows, which have an `id` and an `attempt`, as being in the
    state, or in that of their column `state`. It draws its id when all of them are locked."""
    what, by = ("state", " GROUP BY state") if state is None else (f"'{state}'", " HAVING count(*) > 0")
    return f"""INSERT INTO events (kind, runs, attempts)
    SELECT 'run.' || {what}, array_agg(id), array_agg(attempt) FROM {rows}
    WHERE {what} IN (SELECT told_states.state FROM told_states){by}"""


_MOVED = "unnest(%(ids)s::uuid[], %(attempts)s::int[], %(states)s::text[]) AS moved(id, attempt, state)"
_TELL = telling(_MOVED)


def tell(connection: sa.Connection, moved: Sequence[Moved]) -> None:
    """Note these, in the transaction that has moved them."""
    if moved:
        parameters = {
            "ids": as_array(run.id for run in moved),
            "attempts": [run.attempt for run in moved],
            "states": [run.state for run in moved],
        }
        connection.exec_driver_sql(_TELL, parameters)


_GAP = f"""
INSERT INTO events (kind, at, data)
SELECT 'scheduling.' || what, at,
    jsonb_build_object('since', {written("g.started_at")}, 'until', {written("g.ended_at")})
FROM scheduling_gaps g CROSS JOIN LATERAL (VALUES ('stalled', g.started_at), ('resumed', g.ended_at)) AS e (what, at)
WHERE g.ended_at = now() AND EXISTS (SELECT FROM told_states)
ORDER BY at
"""


def tell_gap(connection: sa.Connection) -> None:
    """Note that scheduling goes on, and since when it had not, in the transaction that has kept the gap."""
    connection.exec_driver_sql(_GAP)


# A state stays noted as long as it is chosen by one of the two.
def _choose(chosen: str, other: str) -> str:
    return f"""
WITH left_to_others AS (
    UPDATE told_states SET {chosen} = false WHERE state <> ALL(%(states)s::text[]) AND {other} AND {chosen}
), unwanted AS (
    DELETE FROM told_states WHERE state <> ALL(%(states)s::text[]) AND NOT {other}
)
INSERT INTO told_states (state, {chosen}, {other}) SELECT unnest(%(states)s::text[]), true, false
ON CONFLICT (state) DO UPDATE SET {chosen} = true WHERE NOT told_states.{chosen}
"""


_CHOOSE = _choose("is_public", "is_needed")
_NEED = _choose("is_needed", "is_public")


def choose_states(connection: sa.Connection, states: Iterable[str]) -> None:
    """Have events tell others of these states, whoever brings them about; of none, nothing is told to others at all."""
    connection.exec_driver_sql(_CHOOSE, {"states": sorted(states)})


def need_states(connection: sa.Connection, states: Iterable[str]) -> None:
    """Have these states noted, too, for channels, without others being told of them."""
    connection.exec_driver_sql(_NEED, {"states": sorted(states)})
