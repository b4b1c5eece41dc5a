"""SQL of new rows in `runs`: those that somebody asks for, and those of slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from models.definition import DEFAULT_POLICIES
from models.events.telling import telling
from models.lifecycle.holds import PUBLISH_LEASE, has_worker, is_paused
from models.lifecycle.publishing import LeasedRun
from models.sql.rows import MANY, as_array, as_json, as_json_alike, recordset, scalars
from models.sql.spelling import quoted, written
from models.words.states import PUBLISHABLE_STATES, State, Trigger


@dataclass
class NewRun:
    """A run to insert, or (state `skipped`, with a reason) the record that it does not run.

    What is left None is its schedule's; policies that the schedule leaves open are the actor's, else the defaults of
    the service. A run without a schedule must name its actor.
    """

    id: UUID
    trigger: Trigger
    due_at: datetime
    planned_at: datetime
    schedule_id: UUID | None = None
    schedule_name: str | None = None
    schedule_version: int | None = None
    actor: str | None = None
    queue: str | None = None
    priority: int | None = None
    args: dict[str, Any] | None = None
    overlap: str | None = None
    state: State = State.PLANNED
    reason: str | None = None
    slot_at: datetime | None = None
    slot_until: datetime | None = None
    slots: int = 1
    previous_slot_at: datetime | None = None
    next_slot_at: datetime | None = None
    deadline_at: datetime | None = None
    max_retries: int | None = None
    min_backoff_seconds: float | None = None
    max_backoff_seconds: float | None = None
    time_limit_seconds: float | None = None
    parent_run_id: UUID | None = None
    created_by: str | None = None
    trace: str | None = None


@dataclass
class NewSlot:
    """What becomes of one slot of schedules that are alike: a run of each, or (state `skipped`, with a reason) a record
    of slots that do not run.

    `keys` are the ids of the runs, and their schedules. `is_alone` says that a run need not wait for another.
    """

    keys: Sequence[tuple[UUID, UUID]]
    slot_at: datetime
    due_at: datetime
    planned_at: datetime
    trigger: Trigger = Trigger.SCHEDULE
    state: State = State.PLANNED
    reason: str | None = None
    slot_until: datetime | None = None
    slots: int = 1
    previous_slot_at: datetime | None = None
    next_slot_at: datetime | None = None
    deadline_at: datetime | None = None
    created_by: str | None = None
    is_alone: bool = False


class NewRow(NamedTuple):
    """A row that was new."""

    run: LeasedRun
    state: str
    is_leased: bool
    """Whether it is queued, and leased to the one who is to publish it."""


def _own(column: str, kind: str) -> tuple[str, str]:
    """A column that the row itself says."""
    return kind, f"v.{column}"


def _policy(column: str, kind: str = "float") -> tuple[str, str]:
    """As `models.definition.effective_policy` has it, with what the row itself says before all."""
    actors = f"(a.options->>'{column}')::{kind}"
    return kind, f"coalesce(v.{column}, s.{column}, {actors}, {DEFAULT_POLICIES[column]})"


# What a skip remembers of its schedule, which is about to forget it.
_PAUSE = f"""'paused_at', {written("s.paused_at")}, 'paused_until', {written("s.paused_until")},
        'paused_by', s.paused_by, 'pause_reason', s.pause_reason"""
_RESULT = f"""CASE
    WHEN v.reason = 'paused' AND s.paused_at IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object({_PAUSE}))
    WHEN v.reason = 'missed' AND s.error IS NOT NULL THEN jsonb_build_object('error', s.error) END"""

# What a new row is given, by column: the type, and where the value comes from: the row `v` that is handed over, its
# schedule `s`, its actor `a`.
_GIVEN = {
    "id": _own("id", "uuid"),
    "schedule_id": _own("schedule_id", "uuid"),
    "schedule_name": ("text", "coalesce(v.schedule_name, s.name)"),
    "schedule_version": ("int", "coalesce(v.schedule_version, s.version)"),
    "actor": ("text", "coalesce(v.actor, s.actor)"),
    "queue": ("text", "coalesce(v.queue, s.queue, a.queue, 'default')"),
    "priority": ("smallint", "coalesce(v.priority, s.priority, 5)"),
    "args": ("jsonb", "coalesce(v.args, s.args, '{}')"),
    "trigger": _own("trigger", "text"),
    "overlap": ("text", "coalesce(v.overlap, s.overlap, 'allow')"),
    "slot_at": _own("slot_at", "timestamptz"),
    "slot_until": _own("slot_until", "timestamptz"),
    "slots": _own("slots", "int"),
    "previous_slot_at": _own("previous_slot_at", "timestamptz"),
    "next_slot_at": _own("next_slot_at", "timestamptz"),
    "due_at": _own("due_at", "timestamptz"),
    "deadline_at": _own("deadline_at", "timestamptz"),
    "state": _own("state", "text"),
    "reason": _own("reason", "text"),
    "max_retries": _policy("max_retries", "int"),
    "min_backoff_seconds": _policy("min_backoff_seconds"),
    "max_backoff_seconds": _policy("max_backoff_seconds"),
    "time_limit_seconds": _policy("time_limit_seconds"),
    "planned_at": _own("planned_at", "timestamptz"),
    "parent_run_id": _own("parent_run_id", "uuid"),
    "created_by": _own("created_by", "text"),
    "trace": _own("trace", "text"),
    "result": ("jsonb", _RESULT),
}
_TYPES = {column: kind for column, (kind, _) in _GIVEN.items()} | {"is_alone": "boolean"}
_KEYS = ("id", "schedule_id")
_VALUES = ", ".join(f"{value} AS {column}" for column, (_, value) in _GIVEN.items())

_HAS_WORKER = has_worker("coalesce(v.actor, s.actor)", _GIVEN["queue"][1])

# Whether a new run may be leased to the one who plans it, for publishing: nothing keeps it from the broker, and in its
# queue there is room, and nothing that waits to go before it. Should the planner die, there is time for another.
_DUE = f"w.state IN ({quoted(PUBLISHABLE_STATES)}) AND w.queue = n.queue AND w.due_at <= now()"
_ROW = ", ".join("CASE WHEN goes THEN 'queued' ELSE state END" if name == "state" else name for name in _GIVEN)


def _insert(source: str) -> str:
    return f"""
WITH new AS MATERIALIZED (
    SELECT {_VALUES}, v.is_alone AND v.due_at <= now() AND {_HAS_WORKER}
        AND coalesce(v.deadline_at, 'infinity') > now() + {PUBLISH_LEASE} AS may_go
    FROM {source}
    LEFT JOIN schedules s ON s.id = v.schedule_id
    LEFT JOIN actors a ON a.name = coalesce(v.actor, s.actor)
), room AS MATERIALIZED (
    SELECT n.queue,
        %(window)s - (SELECT count(*) FROM runs q WHERE q.state = 'queued' AND q.queue = n.queue) AS messages
    FROM (SELECT DISTINCT queue FROM new WHERE may_go) n
    WHERE NOT {is_paused("n.queue")}
      AND NOT EXISTS (SELECT FROM runs w WHERE {_DUE} AND (w.lease_until IS NULL OR w.lease_until < now()))
      AND NOT EXISTS (SELECT FROM new w WHERE {_DUE} AND w.may_go IS NOT TRUE)
), going AS (
    SELECT n.*, coalesce(row_number() OVER (PARTITION BY n.queue, n.may_go ORDER BY n.priority DESC, n.due_at)
        <= room.messages, false) AS goes
    FROM new n LEFT JOIN room ON room.queue = n.queue AND n.may_go
), inserted AS (
    INSERT INTO runs ({", ".join(_GIVEN)}, attempt, retries, attempts, finished_at, queued_at, lease_until)
    SELECT {_ROW}, 0, 0, '[]', CASE WHEN state = 'skipped' THEN planned_at END,
        CASE WHEN goes THEN now() END, CASE WHEN goes THEN now() + {PUBLISH_LEASE} END
    FROM going
    ON CONFLICT DO NOTHING
    RETURNING {", ".join(LeasedRun._fields)}, state, lease_until IS NOT NULL AS is_leased
), told AS (
    {telling("inserted")}
)
SELECT * FROM inserted
"""


_INSERT = _insert(recordset(_TYPES))
_INSERT_ALIKE = _insert(scalars({column: kind for column, kind in _TYPES.items() if column not in _KEYS}, _KEYS))


def insert_runs(connection: sa.Connection, runs: Sequence[NewRun]) -> set[UUID]:
    """Insert the rows, return the ids that were new. A row whose id is there already is somebody else's win."""
    if not runs:
        return set()
    rows = as_json({column: value for column, value in vars(run).items() if value is not None} for run in runs)
    return {row[0] for row in connection.exec_driver_sql(_INSERT, {"rows": rows, "window": 0})}


def insert_slots(connection: sa.Connection, slots: Sequence[NewSlot], window: int = 0) -> list[NewRow]:
    """Insert the rows of slots; those that were new.

    Runs that are alone and due are leased for publishing by the caller as far as a `window` of messages in their queue
    has room, and nothing in it waits.
    """
    inserted: list[Sequence[Any]] = []
    # Several statements would each give its own the room: of different runs the first by priority are to have it.
    are_alike = sum(slot.state == State.PLANNED for slot in slots) <= 1
    few = [slot for slot in slots if len(slot.keys) < MANY or not are_alike]
    for slot in slots if are_alike else ():
        if len(slot.keys) >= MANY:
            ids, schedules = zip(*slot.keys, strict=True)
            given = {column: getattr(slot, column, None) for column in _TYPES}
            given |= {"id": as_array(ids), "schedule_id": as_array(schedules), "window": window}
            inserted += connection.exec_driver_sql(_INSERT_ALIKE, given).all()
    if few:
        groups = ((slot.keys, {k: v for k, v in vars(slot).items() if k != "keys" and v is not None}) for slot in few)
        inserted += connection.exec_driver_sql(_INSERT, {"rows": as_json_alike(_KEYS, groups), "window": window}).all()
    return [NewRow(LeasedRun(*row[:-2]), row[-2], row[-1]) for row in inserted]
