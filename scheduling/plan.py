"""Plan: turn due slots into run rows or skip rows, and move the cursors, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from models.ids import slot_run_id
from models.new_runs import NewSlot, insert_slots
from models.planning import (
    Advance,
    advance_schedules,
    cancel_active_runs,
    count_active_runs,
    quarantine_schedule,
    take_due_schedules,
)
from models.rows import read_clock
from models.states import State
from scheduling.decisions import Skip
from scheduling.due import Due, deadline_of, group_alike, what_is_due
from scheduling.spec import jitter

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
    for alike in group_alike(schedules, active):
        try:
            decided.append(_Decided(alike, what_is_due(alike[0], now, active.get(alike[0].id, 0)), now))
        except Exception as error:  # noqa: BLE001 - whatever a bad row raises, the other schedules go on
            for schedule in alike:
                _quarantine(connection, schedule, error)
            quarantined += len(alike)
    try:
        with connection.begin_nested():
            runs, skips = _store(connection, decided)
    except REFUSALS:
        runs, skips, refused = _store_one_by_one(connection, decided)
        quarantined += refused
    return Planned(len(schedules), runs, skips, quarantined)


@dataclass(frozen=True)
class _Decided:
    """Schedules that are alike, and what is due of each of them."""

    schedules: Sequence[Any]
    due: Due
    now: datetime

    def slots(self) -> list[NewSlot]:
        """The rows to insert."""
        return [self._skip(skip) for skip in self.due.skips] + [self._run(*slot) for slot in self.due.runs]

    def advance(self) -> Advance:
        """Where the schedules stand then."""
        ids = [schedule.id for schedule in self.schedules]
        return Advance(ids, self.now, self.due.next_due_at, len(self.due.runs), self.due.pause_is_over)

    def _run(self, slot: datetime, previous: datetime | None, following: datetime | None) -> NewSlot:
        first = self.schedules[0]
        due_at = slot + jitter(first.id, slot, first.jitter_seconds)
        return NewSlot(
            keys=self._keys(slot),
            slot_at=slot,
            previous_slot_at=previous,
            next_slot_at=following,
            due_at=due_at,
            deadline_at=deadline_of(first, due_at),
            planned_at=self.now,
        )

    def _skip(self, skip: Skip) -> NewSlot:
        return NewSlot(
            keys=self._keys(skip.slot_at),
            state=State.SKIPPED,
            reason=skip.reason,
            slot_at=skip.slot_at,
            slot_until=None if skip.count == 1 else skip.slot_until,
            slots=skip.count,
            due_at=skip.slot_at,
            deadline_at=deadline_of(self.schedules[0], skip.slot_at),
            planned_at=self.now,
        )

    def _keys(self, slot: datetime) -> list[tuple[UUID, UUID]]:
        return [(slot_run_id(schedule.id, slot), schedule.id) for schedule in self.schedules]


def _store(connection: sa.Connection, decided: Sequence[_Decided]) -> tuple[int, int]:
    """Store decisions; returns how many runs and how many skip rows were new."""
    cancelling = [schedule.id for each in decided if each.due.cancel_active for schedule in each.schedules]
    if cancelling:
        cancel_active_runs(connection, cancelling)
    new = insert_slots(connection, [slot for each in decided for slot in each.slots()])
    advance_schedules(connection, [each.advance() for each in decided])
    skips = sum(row.state == State.SKIPPED for row in new)
    return len(new) - skips, skips


def _store_one_by_one(connection: sa.Connection, decided: Sequence[_Decided]) -> tuple[int, int, int]:
    """After a batch was refused: store each decision by itself, and quarantine the schedules at fault."""
    runs = skips = refused = 0
    for each in (replace(group, schedules=[schedule]) for group in decided for schedule in group.schedules):
        try:
            with connection.begin_nested():
                new_runs, new_skips = _store(connection, [each])
        except REFUSALS as error:
            _quarantine(connection, each.schedules[0], error.orig or error)
            refused += 1
        else:
            runs, skips = runs + new_runs, skips + new_skips
    return runs, skips, refused


def _quarantine(connection: sa.Connection, schedule: Any, error: BaseException) -> None:
    log.error("quarantine", schedule=schedule.name, error=str(error))
    quarantine_schedule(connection, schedule.id, f"{type(error).__name__}: {error}"[:1000])
