"""SQL of what attempts have shown and nobody has written at their end: their worker was killed, or lost them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.finishing import FinishedAttempt, save_outputs
from models.live.reading import Live, read_live
from models.live.showing import hide_runs
from models.words.states import State


def with_shown(connection: sa.Connection, ends: Sequence[FinishedAttempt]) -> list[FinishedAttempt]:
    """Ends by others than the attempts' own worker, with what these had shown; what an end says itself follows it."""
    found = read_live(connection, [(end.id, end.attempt) for end in ends]) if ends else {}
    return [_completed(end, found.get((end.id, end.attempt))) for end in ends]


def _completed(end: FinishedAttempt, live: Live | None) -> FinishedAttempt:
    if live is None:
        return end
    text, _, gaps = live.output
    between = "\n" if text and end.output and not text.endswith("\n") else ""
    progress = None if live.progress is None or end.state is State.SUCCEEDED else json.dumps(live.progress)
    return replace(
        end,
        output=f"{text}{between}{end.output or ''}" or None,
        output_truncated=end.output_truncated or bool(gaps),
        output_gaps=list(gaps) or None,
        progress=end.progress or progress,
    )


@dataclass(frozen=True)
class _Left:
    id: UUID
    attempt: int
    output: str | None
    output_truncated: bool
    output_gaps: list[int] | None
    progress: str | None
    error_traceback: None = None


_FIND_LEFT = """
SELECT l.run_id, l.attempt, r.id IS NOT NULL AS has_run, r.state = 'succeeded' AND r.attempt = l.attempt AS is_success
FROM (SELECT run_id, attempt FROM live_outputs UNION SELECT run_id, attempt FROM live_progress) l
LEFT JOIN LATERAL (SELECT id, state, attempt FROM runs WHERE id = l.run_id LIMIT 1) r ON true
WHERE (r.state = 'running' AND r.attempt = l.attempt) IS NOT TRUE
LIMIT %(limit)s
"""


def settle_left(connection: sa.Connection, limit: int) -> int:
    """Keep what ended attempts have shown and nothing else is kept of, as a scheduler of the release before does not,
    and forget the rest; of how many."""
    found = connection.exec_driver_sql(_FIND_LEFT, {"limit": limit}).all()
    live = read_live(connection, [(row.run_id, row.attempt) for row in found])
    left: list[_Left] = []
    for row in found:
        (text, _, gaps), said = live[row.run_id, row.attempt].output, live[row.run_id, row.attempt].progress
        progress = None if said is None or row.is_success else json.dumps(said)
        if row.has_run and (text or progress):
            left.append(_Left(row.run_id, row.attempt, text or None, bool(gaps), list(gaps) or None, progress))
    save_outputs(connection, left)
    hide_runs(connection, [(row.run_id, row.attempt) for row in found])
    return len(found)
