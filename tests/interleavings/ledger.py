"""What must be true after each step: every due slot lies in one row, with the fate that the design gives it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.interleavings.fates import Pause, fates, may_start
from tests.interleavings.slots import Definition, first_slot, slots_between
from tests.interleavings.snapshot import Snapshot


class Known:
    """A schedule as its clients know it, and the slots that rows have told of."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.pause: Pause | None = None
        self.told: dict[datetime, str] = {}

    def pauses(self, now: datetime, until: datetime | None) -> None:
        """Pause from `now` on, or change the end of a pause."""
        start = self.pause.start if self.pause and self.pause.covers(now) else now
        self.pause = Pause(start, until)


class Ledger:
    """All schedules that there ever were, by id."""

    def __init__(self) -> None:
        self.known: dict[UUID, Known] = {}

    def check(self, before: Snapshot, after: Snapshot, now: datetime) -> None:
        """What the step from `before` to `after` did is what the definitions before it ask for.

        `now` is the time of the step: up to there a schedule is decided that is deleted.
        """
        for schedule, row in before.schedules.items():
            left = after.schedules.get(schedule)
            cursor = max(row.cursor_at, now) if left is None else left.cursor_at
            assert cursor >= row.cursor_at, "a cursor moved back"
            assert left is None or left.error is None
            ran = self._check_rows(schedule, before, after, cursor)
            back = _counted_back(schedule, before, after)
            assert left is None or left.slots_run == row.slots_run + ran - back

    def check_all_is_decided(self, after: Snapshot, now: datetime, held: set[UUID]) -> None:
        """After a full round of planning nothing is due any more, except what another scheduler held."""
        for schedule, row in after.schedules.items():
            known = self.known[schedule]
            if schedule in held or (known.pause and known.pause.covers(now)) or _is_over(known.definition, row):
                continue
            assert slots_between(known.definition, row.cursor_at, now) == []
            if known.definition.overlap != "cancel_other" or known.definition.max_runs is None:
                assert row.next_due_at is None or row.next_due_at > now, "it would be planned again and again"

    def check_wakeups(self, after: Snapshot, now: datetime) -> None:
        """Each schedule is due for planning no later than its next undecided slot."""
        for schedule, row in after.schedules.items():
            known = self.known[schedule]
            if _is_over(known.definition, row):
                continue
            wanted = _wakeup(known, row.cursor_at, now)
            if wanted is not None:
                assert row.next_due_at is not None, f"nobody plans the slot {wanted}"
                assert row.next_due_at <= max(wanted, now), f"nobody plans the slot {wanted} in time"

    def check_rows_still_stand(self, after: Snapshot) -> None:
        """Each slot that was told of lies in one row, today as then."""
        for schedule, known in self.known.items():
            rows = [row for row in after.runs_of(schedule) if row.trigger == "schedule"]
            assert sum(row.slots for row in rows) == len(known.told)
            starts = {row.slot_at for row in rows}
            assert len(starts) == len(rows)
            assert starts <= set(known.told)

    def _check_rows(self, schedule: UUID, before: Snapshot, after: Snapshot, cursor: datetime) -> int:
        """What became of the slots up to `cursor`; returns how many run."""
        known, row = self.known[schedule], before.schedules[schedule]
        due = slots_between(known.definition, row.cursor_at, cursor)
        active = before.active(schedule, cursor)
        new = [run for run in after.runs_of(schedule) if run.id not in before.runs and run.trigger == "schedule"]
        wanted = fates(known.definition, due, known.pause, cursor, len(active), row.slots_run)
        assert _told(new, due) == wanted
        assert not set(wanted) & set(known.told), "a slot was decided twice"
        known.told |= wanted
        assert sum(run.reason == "paused" for run in new) <= 1, "a pause is one row"
        ran = [run for run in new if run.reason is None]
        jitter = timedelta(seconds=known.definition.jitter_seconds)
        assert all(run.slot_at <= run.due_at <= run.slot_at + jitter for run in ran)
        cancels = known.definition.overlap == "cancel_other" and bool(ran)
        if new:
            check_others(before, after, schedule, active if cancels else set())
        return len(ran)


def check_trigger(
    before: Snapshot, after: Snapshot, schedule: UUID, definition: Definition, overlap: str | None, now: datetime
) -> None:
    """One run by hand; no slot moves."""
    back = _counted_back(schedule, before, after)
    assert after.schedules[schedule].slots_run == before.schedules[schedule].slots_run - back
    assert back or before.schedules == after.schedules
    [run] = [after.runs[run] for run in after.runs.keys() - before.runs.keys()]
    active = before.active(schedule, now)
    policy = overlap or definition.overlap
    starts = may_start(policy, len(active))
    assert (run.trigger, run.slot_at) == ("manual", None)
    assert (run.state, run.reason) == (("planned", None) if starts else ("skipped", "overlap"))
    check_others(before, after, schedule, active if policy == "cancel_other" else set())


def check_others(before: Snapshot, after: Snapshot, schedule: UUID, cancelled: set[UUID]) -> None:
    """Of the runs that there were, these are cancelled, or asked to end where they run; the others stay."""
    for run in before.runs_of(schedule):
        left = after.runs[run.id]
        if run.id not in cancelled:
            assert left == run
        elif run.state == "running":
            assert (left.state, left.asked_to_cancel) == ("running", True)
        else:
            assert left.state == "cancelled"


def _counted_back(schedule: UUID, before: Snapshot, after: Snapshot) -> int:
    """How many slots were cancelled before they started: what waits in this world never has."""
    runs = [run for run in before.runs_of(schedule) if run.trigger == "schedule" and run.state != "cancelled"]
    return sum(after.runs[run.id].state == "cancelled" for run in runs)


def _told(rows: list[Any], due: list[datetime]) -> dict[datetime, str]:
    """The slots that rows tell of; each in one row alone."""
    told: dict[datetime, str] = {}
    for row in rows:
        covered = [slot for slot in due if row.slot_at <= slot <= (row.slot_until or row.slot_at)]
        assert (len(covered), covered[:1], covered[-1:]) == (row.slots, [row.slot_at], [row.slot_until or row.slot_at])
        assert not set(covered) & set(told), "a slot lies in two rows"
        told |= dict.fromkeys(covered, row.reason or "run")
    return told


def _wakeup(known: Known, cursor: datetime, now: datetime) -> datetime | None:
    """When the schedule must be planned at the latest, as far as a slot depends on it."""
    slot = first_slot(known.definition, cursor)
    if known.pause is None or slot is None or slot <= known.pause.start:
        return slot
    if known.pause.until is None or known.pause.covers(now):
        return known.pause.until
    return max(slot, known.pause.until)


def _is_over(definition: Definition, row: Any) -> bool:
    return definition.max_runs is not None and row.slots_run >= definition.max_runs
