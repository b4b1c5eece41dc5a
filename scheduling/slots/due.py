"""What is due of schedules as their rows stand: which slots run, which don't, and when each is due next."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from models.definition import Definition
from models.lifecycle.planning import DueSchedule, LiveRuns
from models.schedules import StoredSchedule
from models.words.states import Catchup, Overlap, SkipReason
from scheduling.slots.decisions import Decision, Policy, Skip, decide, skip_all
from scheduling.slots.spec import Spec, next_slot, previous_slot

Defined = Definition | DueSchedule
"""Whatever has the columns of a definition."""

Standing = StoredSchedule | DueSchedule
"""Whatever has those, and how far the schedule has come."""

Around = tuple[datetime, datetime | None, datetime | None]
"""A slot, the one before it and the one after it."""


LONGEST = timedelta(days=36525)
"""The longest time that is decided at once."""


@dataclass(frozen=True)
class Due:
    """What is due of a schedule: the slots that run with their neighbours, those that don't, and the next to come.

    `is_alone`: one slot runs, and no other run of the schedule is in its way.
    """

    runs: tuple[Around, ...]
    skips: tuple[Skip, ...]
    cancel_active: bool
    is_alone: bool
    pause_is_over: bool
    next_due_at: datetime | None


def spec_of(schedule: Defined) -> Spec:
    """When it is due."""
    return Spec(
        cron=tuple(schedule.cron or ()),
        every_seconds=schedule.every_seconds,
        at=schedule.at,
        timezone=schedule.timezone,
        starts_at=schedule.starts_at,
        ends_at=schedule.ends_at,
    )


def next_due(schedule: Standing, now: datetime, ran: int = 0) -> datetime | None:
    """When a schedule must be planned next: its next slot, or the end of its pause; None for never by itself.

    `ran` counts the slots that were decided to run just now, for `max_runs`.
    """
    if is_paused(schedule, now):
        return schedule.paused_until
    return None if has_run_out(schedule, ran) else next_slot(spec_of(schedule), now)


def neighbours(spec: Spec, slot: datetime) -> tuple[datetime | None, datetime | None] | None:
    """The slots before and after this one; None where the spec is not valid, or leads too far."""
    try:
        return previous_slot(spec, slot), next_slot(spec, slot)
    except (ValueError, OverflowError):
        return None


def is_paused(schedule: Standing, now: datetime) -> bool:
    """Whether it is paused at `now`: a pause that has reached its end is over, be it still in the row."""
    return schedule.paused_at is not None and (schedule.paused_until is None or schedule.paused_until > now)


def has_run_out(schedule: Standing, ran: int = 0) -> bool:
    """Whether, with `ran` more slots, as many have run as ever will (max_runs)."""
    return schedule.max_runs is not None and schedule.slots_run + ran >= schedule.max_runs


def deadline_of(schedule: Defined, due_at: datetime) -> datetime | None:
    """By when a run of this schedule must have started; None for no limit."""
    seconds = schedule.start_deadline_seconds
    return None if seconds is None else due_at + timedelta(seconds=seconds)


_DECIDING = attrgetter(
    "every_seconds", "at", "timezone", "starts_at", "ends_at", "max_runs", "slots_run", "jitter_seconds", "overlap",
    "catchup", "catchup_window_seconds", "start_deadline_seconds", "paused_at", "paused_until", "cursor_at",
)  # fmt: skip


def group_alike(schedules: Iterable[Standing], live: Mapping[UUID, LiveRuns]) -> list[list[Standing]]:
    """Schedules for which the same is decided, as many share a spec and policies. `live` are their runs, by id.

    Jitter is a schedule's own, so those that have any are by themselves.
    """
    groups: dict[Hashable, list[Standing]] = {}
    for schedule in schedules:
        own = schedule.id if schedule.jitter_seconds else None
        try:
            key = (tuple(schedule.cron or ()), live.get(schedule.id), own, _DECIDING(schedule))
            groups.setdefault(key, []).append(schedule)
        except TypeError:  # a row that can't be compared is by itself: deciding it will say what is wrong
            groups[schedule.id] = [schedule]
    return list(groups.values())


def what_is_due(schedule: Standing, now: datetime, live: LiveRuns) -> Due:
    """Slots before a pause are decided by the policies, those in it are skipped, those after it are decided again.

    ValueError where that would be the work of a century.
    """
    if now - schedule.cursor_at > LONGEST:
        raise ValueError(f"nothing was decided since {schedule.cursor_at.isoformat()}, more than a hundred years ago")
    spec, policy, cursor = spec_of(schedule), _policy(schedule), schedule.cursor_at
    decided: list[Decision] = []
    if schedule.paused_at is not None:
        begin, end = max(cursor, min(schedule.paused_at, now)), min(schedule.paused_until or now, now)
        decided.append(decide(spec, policy, cursor, begin, live.active))
        if not has_run_out(schedule, len(decided[0].runs)):
            decided.append(skip_all(spec, SkipReason.PAUSED, begin, end))
        cursor = max(begin, end)
    before = len(decided[0].runs) if decided else 0
    decided.append(decide(spec, policy.after(before), cursor, now, live.active + before))
    slots = [slot for decision in decided for slot in decision.runs]
    return Due(
        runs=tuple((slot, previous_slot(spec, slot), next_slot(spec, slot)) for slot in slots),
        skips=tuple(skip for decision in decided for skip in decision.skips),
        cancel_active=any(decision.cancel_active for decision in decided),
        is_alone=policy.overlap is Overlap.ALLOW or (len(slots) == 1 and not any(live)),
        pause_is_over=schedule.paused_until is not None and schedule.paused_until <= now,
        next_due_at=next_due(schedule, now, len(slots)),
    )


def _policy(schedule: Standing) -> Policy:
    return Policy(
        overlap=Overlap(schedule.overlap),
        catchup=Catchup(schedule.catchup),
        catchup_window=timedelta(seconds=schedule.catchup_window_seconds),
        remaining=None if schedule.max_runs is None else schedule.max_runs - schedule.slots_run,
    )
