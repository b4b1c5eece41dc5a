"""What is to come of a schedule, and of several, merged by time. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from models.schedules import StoredSchedule
from scheduling.slots.due import spec_of
from scheduling.slots.spec import jitter, take_slots


class Coming(NamedTuple):
    """A slot to come. They are ordered by their slots, then by the names of their schedules."""

    slot_at: datetime
    name: str
    schedule: StoredSchedule

    @property
    def due_at(self) -> datetime:
        """The slot with its jitter."""
        return self.slot_at + jitter(self.schedule.id, self.slot_at, self.schedule.jitter_seconds)


def next_slots(schedule: StoredSchedule, now: datetime, count: int) -> list[datetime]:
    """Its next slots. None while it is set aside, or paused without an end; as many as its `max_runs` leaves."""
    if schedule.error is not None or (schedule.paused_at is not None and schedule.paused_until is None):
        return []
    if schedule.max_runs is not None:
        count = min(count, max(0, schedule.max_runs - schedule.slots_run))
    return list(take_slots(spec_of(schedule), max(now, schedule.cursor_at, schedule.paused_until or now), count))


def coming_slots(schedules: Sequence[StoredSchedule], since: datetime, until: datetime, most: int) -> Iterator[Coming]:
    """Their slots in [since, until), in order; of each at most so many.

    The schedules are in the order in which they are due next: one is looked at once its turn has come.
    """
    heap: list[tuple[datetime, str, Coming, Iterator[Coming]]] = []

    def push(slots: Iterator[Coming]) -> None:
        if (coming := next(slots, None)) is not None:
            heappush(heap, (coming.slot_at, coming.name, coming, slots))

    ahead = 0
    while True:
        while ahead < len(schedules) and (not heap or _due_at(schedules[ahead], since) <= heap[0][0]):
            push(_slots_of(schedules[ahead], since, until, most))
            ahead += 1
        if not heap:
            return
        _, _, coming, slots = heappop(heap)
        yield coming
        push(slots)


def _due_at(schedule: StoredSchedule, since: datetime) -> datetime:
    return schedule.next_due_at or since


def _slots_of(schedule: StoredSchedule, since: datetime, until: datetime, most: int) -> Iterator[Coming]:
    """None while it is paused; as many as its `max_runs` leaves."""
    if schedule.paused_at is not None and schedule.paused_until is None:
        return
    if schedule.max_runs is not None:
        most = min(most, max(0, schedule.max_runs - schedule.slots_run))
    before = since - timedelta(microseconds=1)
    after = max(before, schedule.cursor_at, schedule.paused_until or before)
    for slot in take_slots(spec_of(schedule), after, most):
        if slot >= until:
            return
        yield Coming(slot, schedule.name, schedule)
