"""Plan: turn due slots into run rows or skip rows, and move the cursors, in one transaction."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog

from config.database import REFUSALS
from models.lifecycle.cancelling import cancel_active_runs, schedules_with_locked_runs
from models.lifecycle.ended import EndedRun, after_ends, count_back
from models.lifecycle.new_runs import NewRow, NewSlot, insert_slots
from models.lifecycle.planning import (
    Advance,
    LiveRuns,
    advance_schedules,
    count_live_runs,
    postpone_schedules,
    quarantine_schedule,
    take_due_schedules,
)
from models.lifecycle.publishing import in_order
from models.sql.clock import read_clock
from models.statistics.counts import Counted, of_ended, of_skipped
from models.words.ids import slot_run_id
from models.words.states import SkipReason, State
from scheduling.planned import Planned
from scheduling.slots.decisions import Skip
from scheduling.slots.due import Around, Due, Standing, deadline_of, group_alike, what_is_due
from scheduling.slots.spec import TICK, jitter
from scheduling.telemetry.created import trace_created

log = structlog.get_logger("scheduling")

LOCKED_SECONDS = 0.1

DECIDING_SECONDS = 4.0
"""A round that has decided for so long leaves the rest to the next: a transaction that is idle for 15 is ended."""


def plan_due(
    connection: sa.Connection, limit: int, window: int = 0, trusts: Callable[[datetime], bool] = lambda now: True
) -> Planned:
    """Decide the due slots of up to `limit` schedules. The caller's transaction holds their rows until it commits.

    Runs that may go to the broker at once, as far as a `window` of messages a queue has room, are leased to the caller,
    who must publish them. Decides nothing by a clock that the caller does not trust.
    """
    schedules = take_due_schedules(connection, limit)
    now = schedules[0].now if schedules else read_clock(connection)
    if not trusts(now) or not schedules:
        return Planned(now=now)
    planned = plan_schedules(connection, schedules, now, window)
    log.info("plan", schedules=planned.schedules, runs=planned.runs, skips=planned.skips)
    return replace(planned, full=planned.full or len(schedules) >= limit, now=now)


def plan_schedules(
    connection: sa.Connection, schedules: Sequence[Standing], now: datetime, window: int = 0, by: str | None = None
) -> Planned:
    """Decide the slots of these locked rows up to `now`, and store the decisions.

    A row that can't be planned is quarantined, the others go on. `by` is who resumes them, if somebody does.
    """
    live = count_live_runs(connection, [schedule.id for schedule in schedules])
    decided: list[_Decided] = []
    quarantined = left = 0
    begun = time.monotonic()
    for alike in group_alike(schedules, live):
        if decided and time.monotonic() - begun > DECIDING_SECONDS:
            left += len(alike)
            continue
        try:
            due = what_is_due(alike[0], now, live.get(alike[0].id, LiveRuns()))
            decided.append(_Decided.of(alike, due, now, by))
        except Exception as error:  # noqa: BLE001 - whatever a bad row raises, the other schedules go on
            for schedule in alike:
                _quarantine(connection, schedule, error)
            quarantined += len(alike)
    if left:
        log.warning("slow", schedules=len(schedules), left=left)
    decided, locked = _without_locked(connection, decided)
    if sum(len(each.due.runs) * len(each.schedules) for each in decided) > len(schedules):
        window = 0  # several of one schedule are late anyway: publishing takes them in their turn
    try:
        with connection.begin_nested():
            new, cancelled = _store(connection, decided, window)
    except REFUSALS:
        (new, cancelled), refused = _store_one_by_one(connection, decided, window)
        quarantined += refused
    trace_created(new, ((slot, each.schedules) for each in decided for slot in each.slots))
    skipped = [row.run for row in new if row.state == State.SKIPPED]
    leased = tuple(in_order(row.run for row in new if row.is_leased))
    planned = Planned(len(schedules) - left, len(new) - len(skipped), len(skipped), quarantined, locked)
    ended = (*map(of_skipped, skipped), *of_ended(cancelled))
    reasons = _reasons(decided, {run.id for run in skipped}) if skipped else {}
    return replace(planned, full=left > 0, leased=leased, ended=ended, skipped=reasons)


def miss_undecidable(connection: sa.Connection, schedule: Standing, now: datetime) -> list[Counted]:
    """Of a locked schedule that can't be planned: one skip, of whatever was due up to now, where its cursor moves."""
    first = schedule.cursor_at + TICK
    skip = NewSlot(
        keys=_keys([schedule], first),
        state=State.SKIPPED,
        reason=SkipReason.MISSED,
        slot_at=first,
        slot_until=now,
        due_at=first,
        planned_at=now,
    )
    new: list[NewRow] = []
    with suppress(*REFUSALS), connection.begin_nested():  # an edit that mends it must not fail by what it mends
        new = insert_slots(connection, [skip])
    advance_schedules(connection, [Advance([schedule.id], now, None, 0)])
    return [of_skipped(row.run) for row in new]


_Stored = tuple[list[NewRow], list[EndedRun]]


@dataclass(frozen=True)
class _Decided:
    """Schedules that are alike, what is due of each of them, and the rows to insert."""

    schedules: Sequence[Standing]
    due: Due
    now: datetime
    by: str | None
    slots: Sequence[NewSlot]

    @classmethod
    def of(cls, schedules: Sequence[Standing], due: Due, now: datetime, by: str | None) -> "_Decided":
        """Raises whatever a schedule's columns lead to."""
        skips = [_skip(schedules, skip, now, by) for skip in due.skips]
        return cls(schedules, due, now, by, skips + [_run(schedules, slot, due.is_alone, now) for slot in due.runs])

    def apart(self) -> Iterator["_Decided"]:
        """The same of each schedule by itself."""
        return (_Decided.of([schedule], self.due, self.now, self.by) for schedule in self.schedules)

    def without(self, schedules: Set[UUID]) -> "_Decided | None":
        """The same of the others, None where there are none."""
        rest = [schedule for schedule in self.schedules if schedule.id not in schedules]
        return _Decided.of(rest, self.due, self.now, self.by) if rest else None

    def advance(self) -> Advance:
        """Where the schedules stand then."""
        ids = [schedule.id for schedule in self.schedules]
        return Advance(ids, self.now, self.due.next_due_at, len(self.due.runs), self.due.pause_is_over)


def _run(schedules: Sequence[Standing], around: Around, is_alone: bool, now: datetime) -> NewSlot:
    slot, previous, following = around
    first = schedules[0]
    due_at = slot + jitter(first.id, slot, first.jitter_seconds)
    return NewSlot(
        keys=_keys(schedules, slot),
        slot_at=slot,
        previous_slot_at=previous,
        next_slot_at=following,
        due_at=due_at,
        deadline_at=deadline_of(first, due_at),
        planned_at=now,
        is_alone=is_alone,
    )


def _skip(schedules: Sequence[Standing], skip: Skip, now: datetime, by: str | None) -> NewSlot:
    return NewSlot(
        keys=_keys(schedules, skip.slot_at),
        state=State.SKIPPED,
        reason=skip.reason,
        slot_at=skip.slot_at,
        slot_until=None if skip.count == 1 else skip.slot_until,
        slots=skip.count,
        due_at=skip.slot_at,
        deadline_at=deadline_of(schedules[0], skip.slot_at),
        planned_at=now,
        created_by=by if skip.reason is SkipReason.PAUSED else None,
    )


def _keys(schedules: Sequence[Standing], slot: datetime) -> list[tuple[UUID, UUID]]:
    return [(slot_run_id(schedule.id, slot), schedule.id) for schedule in schedules]


def _without_locked(connection: sa.Connection, decided: list[_Decided]) -> tuple[list[_Decided], int]:
    """Without schedules of whose active runs one is to be cancelled and somebody has locked it, and how many those are:
    they stay due, and are looked at again in a moment."""
    cancelling = _cancelling(decided)
    locked = schedules_with_locked_runs(connection, cancelling) if cancelling else set()
    if not locked:
        return decided, 0
    log.warning("locked", schedules=len(locked))
    postpone_schedules(connection, locked, LOCKED_SECONDS)
    return [rest for each in decided if (rest := each.without(locked)) is not None], len(locked)


def _reasons(decided: Sequence[_Decided], skips: Set[UUID]) -> Mapping[str, int]:
    """How many slots these rows stand for, by the reason why they were skipped."""
    found: Counter[str] = Counter()
    for slot in (slot for each in decided for slot in each.slots if slot.state == State.SKIPPED):
        found[slot.reason or ""] += slot.slots * sum(run in skips for run, _ in slot.keys)
    return found


def _cancelling(decided: Sequence[_Decided]) -> list[UUID]:
    return [schedule.id for each in decided if each.due.cancel_active for schedule in each.schedules]


def _store(connection: sa.Connection, decided: Sequence[_Decided], window: int) -> _Stored:
    """Store decisions; the rows that were new, and what was cancelled for them."""
    cancelled: list[EndedRun] = []
    if cancelling := _cancelling(decided):
        cancelled = cancel_active_runs(connection, cancelling)
        after_ends(connection, cancelled)
    new = insert_slots(connection, [slot for each in decided for slot in each.slots], window)
    advance_schedules(connection, [each.advance() for each in decided])
    count_back(connection, cancelled)  # their schedules are locked by this transaction
    return new, cancelled


def _store_one_by_one(connection: sa.Connection, decided: Sequence[_Decided], window: int) -> tuple[_Stored, int]:
    """After a batch was refused: store each decision by itself, and quarantine the schedules at fault; how many."""
    new, cancelled, refused = list[NewRow](), list[EndedRun](), 0
    for each in (each for group in decided for each in group.apart()):
        try:
            with connection.begin_nested():
                stored, ended = _store(connection, [each], window)
            new += stored
            cancelled += ended
        except REFUSALS as error:
            _quarantine(connection, each.schedules[0], error.orig or error)
            refused += 1
    return (new, cancelled), refused


def _quarantine(connection: sa.Connection, schedule: Standing, error: BaseException) -> None:
    log.error("quarantine", schedule=schedule.name, error=str(error))
    quarantine_schedule(connection, schedule.id, f"{type(error).__name__}: {error}"[:1000])
