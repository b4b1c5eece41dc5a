"""Runs that are over, and such that are not, at times that a test chooses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.words.ids import slot_run_id

Execute = Callable[..., Any]

_INSERT = """
INSERT INTO runs (id, schedule_id, schedule_name, actor, queue, priority, args, trigger, overlap, slot_at, slot_until,
    slots, due_at, state, reason, attempt, retries, max_retries, min_backoff_seconds, max_backoff_seconds,
    time_limit_seconds, worker_id, planned_at, started_at, finished_at, attempts)
SELECT %(id)s, s.id, s.name, s.actor, 'default', 5, '{}', 'schedule', 'skip', %(at)s, %(until)s, %(slots)s, %(at)s,
    %(state)s, %(reason)s, 1, 0, 0, 1, 1, 60, %(worker)s, %(at)s, %(started)s, %(finished)s, '[]'
FROM schedules s WHERE s.name = %(schedule)s
"""


def add_run(
    execute: Execute, schedule: str, at: datetime, seconds: float | None, state: str = "succeeded", slots: int = 1
) -> UUID:
    """A run of the slot at that time, which took so long; None: it has not ended. Its id is given back."""
    [(schedule_id,)] = execute("SELECT id FROM schedules WHERE name = %(name)s", name=schedule)
    run, is_skipped = slot_run_id(schedule_id, at), state == "skipped"
    ended = None if seconds is None else at + timedelta(seconds=seconds)
    started = None if is_skipped or state in ("planned", "queued") else at
    execute(
        _INSERT, id=run, schedule=schedule, at=at, until=ended if is_skipped and slots > 1 else None, slots=slots,
        state=state, reason="paused" if is_skipped else None, worker=UUID(int=1) if started else None,
        started=started, finished=ended,
    )  # fmt: skip
    return run
