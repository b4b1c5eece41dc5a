"""SQL of deliveries: notices, and the runs that tell them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.lifecycle.new_runs import NewRun, insert_runs
from models.sql.rows import as_json, recordset
from models.sql.wake import notify
from models.words.notices import MAX_BACKOFF_SECONDS, MAX_RETRIES, MIN_BACKOFF_SECONDS, NOTIFY, PRIORITY
from models.words.states import Trigger

BY = "callsheet"
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class NewDelivery:
    """A notice to tell: the id is that of the run which tells it, the same however often it is asked for."""

    id: UUID
    channel: str
    notice: Mapping[str, Any]
    """What the run is given; `kind`, `schedule` and `run_id` are in it."""


_NOTE = f"""
INSERT INTO deliveries (channel, run_id, kind, schedule, about_run_id, at)
SELECT channel, run_id, kind, schedule, about_run_id, now()
FROM {recordset({"channel": "text", "run_id": "uuid", "kind": "text", "schedule": "text", "about_run_id": "uuid"})}
ON CONFLICT DO NOTHING
"""


def insert_deliveries(
    connection: sa.Connection, deliveries: Sequence[NewDelivery], now: datetime, by: str = BY
) -> set[UUID]:
    """Insert the runs that tell these notices, and note them; the ids that were new."""
    if not deliveries:
        return set()
    new = insert_runs(connection, [_run(each, now, by) for each in deliveries])
    rows = [
        {"channel": each.channel, "run_id": each.id, "kind": each.notice["kind"]}
        | {"schedule": each.notice["schedule"], "about_run_id": each.notice["run_id"]}
        for each in deliveries
        if each.id in new
    ]
    if rows:
        connection.exec_driver_sql(_NOTE, {"rows": as_json(rows)})
        notify(connection)
    return new


def _run(delivery: NewDelivery, now: datetime, by: str) -> NewRun:
    args = {"channel": delivery.channel, "notice": dict(delivery.notice)}
    return NewRun(
        id=delivery.id,
        trigger=Trigger.MANUAL,
        due_at=now,
        planned_at=now,
        actor=NOTIFY,
        args=args,
        priority=PRIORITY,
        max_retries=MAX_RETRIES,
        min_backoff_seconds=MIN_BACKOFF_SECONDS,
        max_backoff_seconds=MAX_BACKOFF_SECONDS,
        created_by=by,
    )


@dataclass(frozen=True)
class StoredDelivery:
    """A notice, and how far the run is that tells it. The fields are columns."""

    id: UUID
    kind: str
    schedule: str | None
    run_id: UUID | None
    """What it is about."""
    at: datetime
    state: str
    attempt: int
    max_retries: int
    due_at: datetime
    finished_at: datetime | None
    error_type: str | None
    error_message: str | None


# The newest first: ids are in the order of time. One whose run has been pruned is gone.
_STORED = """
SELECT r.id, d.kind, d.schedule, d.about_run_id, d.at, r.state, r.attempt, r.max_retries, r.due_at, r.finished_at,
    r.error_type, left(r.error_message, 2000)
FROM deliveries d CROSS JOIN LATERAL (SELECT * FROM runs WHERE runs.id = d.run_id LIMIT 1) r
"""
_GET = f"{_STORED} WHERE d.channel = %(channel)s AND d.run_id = %(run)s"
_LIST = f"""
{_STORED}
WHERE d.channel = %(channel)s AND d.run_id < %(before)s
ORDER BY d.run_id DESC LIMIT %(limit)s
"""
_LAST_ID = UUID(int=2**128 - 1)


def list_deliveries(
    connection: sa.Connection, channel: str, limit: int, before: UUID | None = None
) -> Sequence[StoredDelivery]:
    """What a channel has been told, the newest first."""
    rows = connection.exec_driver_sql(_LIST, {"channel": channel, "before": before or _LAST_ID, "limit": limit})
    return [StoredDelivery(*row) for row in rows]


def get_delivery(connection: sa.Connection, channel: str, run: UUID) -> StoredDelivery:
    """The notice that a run tells to a channel."""
    return StoredDelivery(*connection.exec_driver_sql(_GET, {"channel": channel, "run": run}).one())


_LAST = """
SELECT n.name, d.kind, d.at, d.run_id, r.state FROM unnest(%(channels)s::text[]) AS n (name)
CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE channel = n.name ORDER BY run_id DESC LIMIT 1) d
LEFT JOIN LATERAL (SELECT state FROM runs WHERE runs.id = d.run_id LIMIT 1) r ON true
"""


def last_deliveries(connection: sa.Connection, channels: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """By channel, what it was told last: `kind`, `at`, `run_id`, and the run's `state`, None where that is gone."""
    rows = connection.exec_driver_sql(_LAST, {"channels": list(channels)})
    return {row.name: row for row in rows}


_KNOWN = "SELECT run_id FROM deliveries WHERE channel = ANY(%(channels)s) AND run_id = ANY(%(runs)s::uuid[])"


def known_deliveries(connection: sa.Connection, keys: Sequence[tuple[str, UUID]]) -> set[UUID]:
    """Those of these channels and runs that there are."""
    if not keys:
        return set()
    channels, runs = zip(*keys, strict=True)
    return set(connection.exec_driver_sql(_KNOWN, {"channels": list(set(channels)), "runs": list(runs)}).scalars())


_FORGET = """
DELETE FROM deliveries WHERE (channel, run_id) IN (
    SELECT channel, run_id FROM deliveries WHERE at < now() - %(age)s LIMIT %(limit)s)
"""


def forget_deliveries(connection: sa.Connection, limit: int) -> int:
    """Forget notices of long ago, so many at most; how many."""
    return connection.exec_driver_sql(_FORGET, {"age": KEPT, "limit": limit}).rowcount
