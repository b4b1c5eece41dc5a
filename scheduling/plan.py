"""Plan: turn due slots into run rows or skip rows, and move the cursors, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import structlog

from models.ids import slot_run_id
from models.planning import (
    Advance,
    NewRun,
    advance_schedules,
    cancel_active_runs,
    count_active_runs,
    insert_runs,
    quarantine_schedule,
    take_due_schedules,
)
from models.rows import read_clock
from models.states import Catchup, Overlap, SkipReason, State, Trigger
from scheduling.decisions import Decision, Policy, Skip, decide, skip_all
from scheduling.spec import Spec, jitter, next_slot, previous_slot

log = structlog.get_logger("scheduling")


REFUSALS = (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.ProgrammingError)
"""What the database says to rows that are wrong. Other errors are the database's own: the round is tried again."""


@dataclass(frozen=True)
class Planned:
    """What one round of planning did; `full` when there may be more due at once."""

    schedules: int = 0
    runs: int = 0
    skips: int = 0
    quarantined: int = 0
    full: bool = False


def plan_due(connection: sa.Connection, limit: int) -> Planned:
    """Decide the due slots of up to `limit` schedules. The caller's transaction holds their rows until it commits."""
    schedules = take_due_schedules(connection, limit)
    if not schedules:
        return Planned()
    planned = plan_schedules(connection, schedules, read_clock(connection))
    log.info("plan", schedules=planned.schedules, runs=planned.runs, skips=planned.skips)
    return planned if len(schedules) < limit else Planned(**{**planned.__dict__, "full": True})


def plan_schedules(connection: sa.Connection, schedules: Sequence[Any], now: datetime) -> Planned:
    """Decide the slots of these locked rows up to `now`, and store the decisions.

    A row that can't be planned is quarantined, the others go on.
    """
    active = count_active_runs(connection, [schedule.id for schedule in schedules])
    decided = []
    quarantined = 0
    for schedule in schedules:
        try:
            decided.append(_decide_schedule(schedule, now, active.get(schedule.id, 0)))
        except Exception as error:  # noqa: BLE001 - whatever a bad row raises, the other schedules go on
            _quarantine(connection, schedule, error)
            quarantined += 1
    try:
        with connection.begin_nested():
            runs, skips = _store(connection, decided)
    except REFUSALS:
        runs, skips, refused = _store_one_by_one(connection, decided)
        quarantined += refused
    return Planned(len(schedules), runs, skips, quarantined)


def spec_of(schedule: Any) -> Spec:
    """The spec of a schedule's row (or of anything with the same columns)."""
    return Spec(
        cron=tuple(schedule.cron or ()),
        every_seconds=schedule.every_seconds,
        at=schedule.at,
        timezone=schedule.timezone,
        starts_at=schedule.starts_at,
        ends_at=schedule.ends_at,
    )


def next_due(schedule: Any, now: datetime, ran: int = 0) -> datetime | None:
    """When a schedule must be planned next: its next slot, or the end of its pause; None for never by itself.

    `ran` counts the slots that were decided to run just now, for `max_runs`.
    """
    if schedule.paused_at is not None and (schedule.paused_until is None or schedule.paused_until > now):
        return schedule.paused_until  # type: ignore[no-any-return]
    if schedule.max_runs is not None and schedule.slots_run + ran >= schedule.max_runs:
        return None
    return next_slot(spec_of(schedule), now)


@dataclass(frozen=True)
class _Due:
    """What is due of a schedule: the slots that run with their neighbours, those that don't, and the next to come."""

    runs: tuple[tuple[datetime, datetime | None, datetime | None], ...]
    skips: tuple[Skip, ...]
    cancel_active: bool


@dataclass(frozen=True)
class _Pause:
    at: datetime
    until: datetime | None


# Many schedules have a spec, policies and a cursor in common.
@lru_cache(maxsize=1024)
def _due(spec: Spec, policy: Policy, pause: _Pause | None, cursor: datetime, active: int, now: datetime) -> _Due:
    """Slots before a pause are decided by the policies, those in it are skipped, those after it are decided again."""
    decided: list[Decision] = []
    if pause is not None:
        begin, end = max(cursor, min(pause.at, now)), min(pause.until or now, now)
        decided.append(decide(spec, policy, cursor, begin, active))
        decided.append(skip_all(spec, SkipReason.PAUSED, begin, end))
        cursor = max(begin, end)
    before = len(decided[0].runs) if decided else 0
    decided.append(decide(spec, policy.after(before), cursor, now, active + before))
    slots = [slot for decision in decided for slot in decision.runs]
    return _Due(
        tuple((slot, previous_slot(spec, slot), next_slot(spec, slot)) for slot in slots),
        tuple(skip for decision in decided for skip in decision.skips),
        any(decision.cancel_active for decision in decided),
    )


@dataclass(frozen=True)
class _Decided:
    schedule: Any
    rows: list[NewRun]
    advance: Advance
    cancel_active: bool


def _decide_schedule(schedule: Any, now: datetime, active: int) -> _Decided:
    pause = None if schedule.paused_at is None else _Pause(schedule.paused_at, schedule.paused_until)
    due = _due(spec_of(schedule), _policy(schedule), pause, schedule.cursor_at, active, now)
    rows = [_skip_row(schedule, skip, now) for skip in due.skips]
    rows += [_run_row(schedule, *slot, now) for slot in due.runs]
    pause_is_over = pause is not None and pause.until is not None and pause.until <= now
    ran = len(due.runs)
    advance = Advance(schedule.id, now, next_due(schedule, now, ran), ran, pause_is_over)
    return _Decided(schedule, rows, advance, due.cancel_active)


def _policy(schedule: Any) -> Policy:
    return Policy(
        overlap=Overlap(schedule.overlap),
        catchup=Catchup(schedule.catchup),
        catchup_window=timedelta(seconds=schedule.catchup_window_seconds),
        remaining=None if schedule.max_runs is None else schedule.max_runs - schedule.slots_run,
    )


def _run_row(
    schedule: Any, slot: datetime, previous: datetime | None, following: datetime | None, now: datetime
) -> NewRun:
    due_at = slot + jitter(schedule.id, slot, schedule.jitter_seconds)
    return NewRun(
        id=slot_run_id(schedule.id, slot),
        schedule_id=schedule.id,
        trigger=Trigger.SCHEDULE,
        slot_at=slot,
        previous_slot_at=previous,
        next_slot_at=following,
        due_at=due_at,
        deadline_at=deadline_of(schedule, due_at),
        planned_at=now,
    )


def deadline_of(schedule: Any, due_at: datetime) -> datetime | None:
    """By when a run of this schedule must have started; None for no limit."""
    seconds = schedule.start_deadline_seconds
    return None if seconds is None else due_at + timedelta(seconds=seconds)


def _skip_row(schedule: Any, skip: Skip, now: datetime) -> NewRun:
    return NewRun(
        id=slot_run_id(schedule.id, skip.slot_at),
        schedule_id=schedule.id,
        trigger=Trigger.SCHEDULE,
        state=State.SKIPPED,
        reason=skip.reason,
        slot_at=skip.slot_at,
        slot_until=None if skip.count == 1 else skip.slot_until,
        slots=skip.count,
        due_at=skip.slot_at,
        deadline_at=deadline_of(schedule, skip.slot_at),
        planned_at=now,
    )


def _store(connection: sa.Connection, decided: Sequence[_Decided]) -> tuple[int, int]:
    """Store decisions; returns how many runs and how many skip rows were new."""
    cancelling = [each.schedule.id for each in decided if each.cancel_active]
    if cancelling:
        cancel_active_runs(connection, cancelling)
    rows = [row for each in decided for row in each.rows]
    new = insert_runs(connection, rows)
    advance_schedules(connection, [each.advance for each in decided])
    skips = sum(row.id in new and row.state is State.SKIPPED for row in rows)
    return len(new) - skips, skips


def _store_one_by_one(connection: sa.Connection, decided: Sequence[_Decided]) -> tuple[int, int, int]:
    """After a batch was refused: store each decision by itself, and quarantine the schedules at fault."""
    runs = skips = refused = 0
    for each in decided:
        try:
            with connection.begin_nested():
                new_runs, new_skips = _store(connection, [each])
        except REFUSALS as error:
            _quarantine(connection, each.schedule, error.orig or error)
            refused += 1
        else:
            runs, skips = runs + new_runs, skips + new_skips
    return runs, skips, refused


def _quarantine(connection: sa.Connection, schedule: Any, error: BaseException) -> None:
    log.error("quarantine", schedule=schedule.name, error=str(error))
    quarantine_schedule(connection, schedule.id, f"{type(error).__name__}: {error}"[:1000])
