"""SQL of facts: what has happened that channels may have to be told of, by the log, and by runs that don't begin."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.notices.channels import Channel
from models.notices.notice import LONGEST
from models.sql.spelling import quoted
from models.words.ids import instant_of
from models.words.notices import NOTIFY, NoticeKind
from models.words.states import SkipReason, State

SLOW_SECONDS = 1.0
"""What takes less than this is not slow, whatever it mostly takes."""

FEW = 3
"""From so many successes on it is known what a schedule's runs mostly take."""

LAST = 50
"""So many of its runs are looked at for that."""


class What(StrEnum):
    """What has happened."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"
    LATE = "late"
    MISSED = "missed"
    PAUSED = "paused"
    QUARANTINED = "quarantined"
    MENDED = "mended"
    DELETED = "deleted"
    STALLED = "stalled"


@dataclass(frozen=True)
class Fact:
    """Something that has happened. `key` is what it is told apart by, and its ids are made of, with `id_at`."""

    what: What
    key: str
    id_at: datetime
    at: datetime
    schedule: str | None = None
    tags: Sequence[str] = ()
    actor: str | None = None
    schedule_id: UUID | None = None
    run_id: UUID | None = None
    slot_at: datetime | None = None
    attempt: int | None = None
    error_type: str | None = None
    error_message: str | None = None
    lateness_seconds: float | None = None
    duration_seconds: float | None = None
    median_seconds: float | None = None
    streak: int | None = None
    reason: str | None = None
    is_paused: bool = False
    is_set_aside: bool = False
    """Whether the schedule is by now."""


_OF_RUNS = {State.FAILED: What.FAILED, State.SUCCEEDED: What.SUCCEEDED, State.SKIPPED: What.MISSED}
_OF_OTHERS = {
    "schedule.paused": What.PAUSED,
    "schedule.quarantined": What.QUARANTINED,
    "schedule.recovered": What.MENDED,
    "schedule.updated": What.MENDED,
    "schedule.deleted": What.DELETED,
    "scheduling.stalled": What.STALLED,
}
_MISSED = quoted((SkipReason.MISSED, SkipReason.DEADLINE))

# Of a run that has been claimed it is known later when it really began.
_BEGAN = "coalesce((r.attempts -> 0 ->> 'started_at')::timestamptz, r.started_at, g.at)"
_DUE = "coalesce((r.attempts -> 0 ->> 'due_at')::timestamptz, r.due_at)"

# Successes are many, and mostly nobody is told of them: those alone are looked at that end a streak, or may be slow.
# Ids are of a time for which there is a partition.
_READ = f"""
WITH g AS MATERIALIZED (
    SELECT * FROM events WHERE position > %(after)s AND position <= %(to)s AND kind = ANY(%(kinds)s)
), found AS MATERIALIZED (
    SELECT g.position, e.place, g.id AS event_id, g.at, greatest(g.at, now() - interval '1 day') AS id_at, g.kind,
        g.data, r.id AS run_id, e.attempt, coalesce(r.schedule_name, g.subject) AS schedule, r.schedule_id,
        coalesce(r.actor, s.actor) AS actor, coalesce(r.schedule_name, 'actors/' || r.actor) AS subject, r.slot_at,
        r.reason, r.error_type, left(r.error_message, {LONGEST}) AS error_message,
        coalesce(s.tags, '[]') AS tags, s.paused_at IS NOT NULL AS is_paused, s.error IS NOT NULL AS is_set_aside,
        s.consecutive_failures,
        extract(epoch FROM r.finished_at - r.started_at)::float AS duration,
        extract(epoch FROM {_BEGAN} - {_DUE})::float AS lateness,
        extract(epoch FROM {_BEGAN} - {_DUE}) > s.notify_late_seconds AS has_been_late
    FROM g
    LEFT JOIN LATERAL unnest(g.runs, g.attempts) WITH ORDINALITY AS e (run, attempt, place) ON true
    LEFT JOIN LATERAL (SELECT * FROM runs WHERE runs.id = e.run LIMIT 1) r ON true
    LEFT JOIN schedules s ON s.name = coalesce(r.schedule_name, g.subject)
    WHERE r.actor IS DISTINCT FROM '{NOTIFY}'
), known AS MATERIALIZED (
    SELECT subject FROM notice_standings
    UNION SELECT coalesce(subject, schedule) FROM found WHERE kind IN ('run.failed', 'schedule.quarantined')
)
SELECT *, %(late)s AND has_been_late AND (kind <> 'run.running' OR attempt = 1) AS is_late FROM found
WHERE CASE kind
    WHEN 'run.succeeded' THEN subject IN (SELECT subject FROM known) OR (%(slow)s AND duration >= {SLOW_SECONDS})
        OR (%(late)s AND has_been_late)
    WHEN 'run.running' THEN %(late)s AND attempt = 1 AND has_been_late
    WHEN 'run.skipped' THEN reason IN ({_MISSED})
    WHEN 'run.failed' THEN run_id IS NOT NULL
    WHEN 'schedule.paused' THEN data ->> 'who' = 'callsheet'
    WHEN 'schedule.updated' THEN NOT is_set_aside AND schedule IN (SELECT subject FROM known)
    ELSE true END
ORDER BY position, place
"""


def read_facts(connection: sa.Connection, after: int, to: int, events: Collection[str]) -> list[Fact]:
    """What has happened between two positions of the log that may be worth telling, where these are told of."""
    kinds = [f"run.{state}" for state in _states(events)] + list(_OF_OTHERS)
    given = {"after": after, "to": to, "kinds": kinds, **_chosen(events)}
    rows = connection.exec_driver_sql(_READ, given)
    facts = [fact for row in rows for fact in _facts_of(row)]
    return _with_medians(connection, facts) if NoticeKind.SLOW in events else facts


_COUNT = "SELECT count(*) FROM events WHERE position > %(after)s AND position <= %(to)s"


def count_groups(connection: sa.Connection, after: int, to: int) -> int:
    """How much of the log between two positions is still there."""
    groups: int = connection.exec_driver_sql(_COUNT, {"after": after, "to": to}).scalar_one()
    return groups


def _states(events: Collection[str]) -> Iterator[State]:
    yield from (State.FAILED, State.SUCCEEDED)
    if NoticeKind.LATE in events:
        yield State.RUNNING
    if NoticeKind.MISSED in events:
        yield State.SKIPPED


def _chosen(events: Collection[str]) -> dict[str, bool]:
    return {"late": NoticeKind.LATE in events, "slow": NoticeKind.SLOW in events}


def _facts_of(row: sa.Row[Any]) -> Iterator[Fact]:
    noun, _, word = row.kind.partition(".")
    common: dict[str, Any] = {"at": row.at, "schedule": row.schedule, "tags": row.tags, "actor": row.actor}
    if noun != "run":
        data = row.data or {}
        what = _OF_OTHERS[row.kind]
        common |= {"reason": data.get("reason"), "is_paused": row.is_paused, "is_set_aside": row.is_set_aside}
        if what is What.PAUSED:
            common["streak"] = row.consecutive_failures or None
        if what is What.STALLED and "until" in data:
            span = datetime.fromisoformat(data["until"]) - datetime.fromisoformat(data["since"])
            common["duration_seconds"] = span.total_seconds()
        yield Fact(what, f"{row.kind}.{row.event_id}", row.id_at, **common)
        return
    common |= {"run_id": row.run_id, "schedule_id": row.schedule_id, "slot_at": row.slot_at, "attempt": row.attempt}
    if row.is_late:
        yield _late(common, row.run_id, row.lateness, None)
    if word != State.RUNNING:
        what = _OF_RUNS[State(word)]
        if what is not What.SUCCEEDED:
            common |= {"error_type": row.error_type, "error_message": row.error_message, "reason": row.reason}
        common |= {"duration_seconds": row.duration, "is_paused": row.is_paused, "is_set_aside": row.is_set_aside}
        yield Fact(what, f"{row.run_id}.{row.attempt}.{word}", row.id_at, **common)


def _late(common: dict[str, Any], run: UUID, lateness: float, waiting_for: str | None) -> Fact:
    """However it is found that a run is late, it is the same fact."""
    return Fact(What.LATE, f"{run}.late", instant_of(run), **common, lateness_seconds=lateness, reason=waiting_for)


# Before the run itself, whatever has run since; ranges, as for the last runs of a schedule.
_MEDIANS = f"""
SELECT v.run, m.seconds FROM unnest(%(schedules)s::uuid[], %(runs)s::uuid[]) AS v (schedule, run) CROSS JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)) AS seconds,
        count(*) AS runs
    FROM (
        SELECT state, started_at, finished_at FROM runs
        WHERE (schedule_id, id) >= (v.schedule, '{UUID(int=0)}') AND (schedule_id, id) < (v.schedule, v.run)
        ORDER BY schedule_id DESC, id DESC LIMIT {LAST}
    ) last WHERE state = 'succeeded'
) m WHERE m.runs >= {FEW}
"""


def _with_medians(connection: sa.Connection, facts: list[Fact]) -> list[Fact]:
    asked = {fact.run_id: fact.schedule_id for fact in facts if _may_be_slow(fact)}
    if not asked:
        return facts
    rows = connection.exec_driver_sql(_MEDIANS, {"schedules": list(asked.values()), "runs": list(asked)})
    medians = {row.run: float(row.seconds) for row in rows}
    return [replace(fact, median_seconds=medians.get(fact.run_id)) if _may_be_slow(fact) else fact for fact in facts]


def _may_be_slow(fact: Fact) -> bool:
    return fact.what is What.SUCCEEDED and fact.schedule_id is not None and (fact.duration_seconds or 0) >= SLOW_SECONDS


# A run is late from an instant on, and one that is planned when that has passed from then on. A transaction that plans
# may be seen a while after its clock: what was late so shortly before is looked at again.
LOOKED_AT_AGAIN_SECONDS = 30
LATE_RUNS = 1000
_LATE_AT = "greatest(r.due_at + make_interval(secs => s.notify_late_seconds), r.planned_at)"
_LATE = f"""
SELECT r.id, s.name, s.tags, r.actor, r.schedule_id, r.slot_at, r.attempt, r.waiting_for, {_LATE_AT} AS late_at,
    extract(epoch FROM now() - r.due_at)::float AS lateness
FROM schedules s CROSS JOIN LATERAL (
    SELECT * FROM runs
    WHERE schedule_id = s.id AND state IN ('planned', 'queued')
      AND due_at < now() - make_interval(secs => s.notify_late_seconds)
) r
WHERE s.notify_late_seconds IS NOT NULL AND r.attempt = 0 AND r.actor <> '{NOTIFY}'
  AND {_LATE_AT} > %(since)s::timestamptz - make_interval(secs => {LOOKED_AT_AGAIN_SECONDS})
ORDER BY late_at FETCH FIRST {LATE_RUNS} ROWS WITH TIES
"""


def read_late(connection: sa.Connection, since: datetime, now: datetime) -> tuple[list[Fact], datetime]:
    """Runs that have become late since then, or a little before, and have not begun; and up to when that is all."""
    rows = connection.exec_driver_sql(_LATE, {"since": since}).all()
    facts = []
    for row in rows:
        common = {"at": row.late_at, "schedule": row.name, "tags": row.tags, "actor": row.actor, "run_id": row.id}
        common |= {"schedule_id": row.schedule_id, "slot_at": row.slot_at, "attempt": row.attempt}
        facts.append(_late(common, row.id, row.lateness, row.waiting_for))
    return facts, rows[-1].late_at if len(rows) >= LATE_RUNS else now


def events_of(channels: Sequence[Channel]) -> frozenset[str]:
    """What any of these tells of."""
    return frozenset(event for channel in channels for event in channel.events)
