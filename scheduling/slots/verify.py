"""Verify: whether each slot that must exist has exactly one row, schedule by schedule and a part at a time. Pure: what
it looks at is read by somebody else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from models.verifying.lives import Life, Version
from models.verifying.rows import Details, Row
from scheduling.slots.spans import spans_of, spec_of_life
from scheduling.slots.spec import TICK, count_slots, next_slot
from scheduling.slots.walk import MISSING, Problem, Walk

STEPS_OF_LIFE = 40
"""What a schedule costs by itself, beside its slots."""

LIVES = 100
"""So many schedules are read at once."""

MOST = 1000
"""So many problems of one part are listed."""

PATIENCE = timedelta(minutes=1)
"""A slot that is due for so long, while the next look at its schedule is as far ahead, is planned by nobody."""

FIRST = UUID(int=0)


class Reader(Protocol):
    """What there is to look at."""

    present: datetime
    whole_since: datetime

    def lives(self, first: UUID, since: datetime, limit: int) -> Sequence[Life]: ...
    def versions(self, lives: Sequence[Life], since: datetime) -> Mapping[UUID, Sequence[Version]]: ...
    def rows(self, lives: Sequence[Life], since: datetime, until: datetime) -> Mapping[UUID, Iterator[Row]]: ...
    def rows_of(self, life: Life, slot: datetime) -> Sequence[Details]: ...
    def used_up_at(self, life: Life, runs: int) -> datetime | None: ...


@dataclass(frozen=True)
class Place:
    """Where to go on: with this schedule, from this instant on."""

    schedule: UUID = FIRST
    since: datetime | None = None


BEGIN = Place()


@dataclass(frozen=True)
class Found:
    """What can't be accounted for, and of which schedule."""

    life: Life
    problem: Problem


@dataclass
class Part:
    """What one part has found. `schedules` are those that it has come to the end of, `slots` those that must have a
    row, `accounted` those that have exactly one, `undecided` those that are due and have their turn yet. `found`
    counts all problems, `unaccounted` has the first."""

    since: datetime
    until: datetime
    schedules: int = 0
    slots: int = 0
    accounted: int = 0
    undecided: int = 0
    found: int = 0
    unaccounted: list[Found] = field(default_factory=list)
    next: Place | None = None

    def add(self, life: Life, walk: Walk) -> None:
        """Take in what was found of a schedule."""
        self.slots += walk.slots
        self.accounted += walk.accounted
        self.found += walk.found
        self.unaccounted += [Found(life, problem) for problem in walk.problems]


def verify(reader: Reader, since: datetime, until: datetime, place: Place, steps: int) -> Part:
    """Compare the slots in [since, until) with their rows, from a place on, in about so many steps.

    What lies before history is whole can't be verified, and is left out: `since` is then later.
    """
    part = Part(max(since, reader.whole_since), min(until, reader.present))
    while part.since < part.until:
        limit = LIVES if place.since is None else 1
        lives = reader.lives(place.schedule, part.since, limit)
        steps, stopped = _verify_lives(reader, part, lives, place, steps)
        if stopped is not None or len(lives) < limit:
            part.next = stopped
            break
        place = Place(UUID(int=lives[-1].id.int + 1))
    return part


def _verify_lives(
    reader: Reader, part: Part, lives: Sequence[Life], place: Place, steps: int
) -> tuple[int, Place | None]:
    """How many steps are left then; and where it has stopped, if it has not come to the end."""
    begins = place.since is not None and bool(lives) and lives[0].id == place.schedule
    since = max(part.since, place.since) if begins and place.since is not None else part.since
    versions = reader.versions(lives, since)
    rows = reader.rows(lives, since, part.until)
    for life in lives:
        if steps <= 0:
            return steps, Place(life.id)
        spans = spans_of(life, versions.get(life.id, ()), since)
        walk = Walk(spans, since, part.until, _Evidence(reader, life), steps, MOST - len(part.unaccounted))
        walk.go(rows[life.id])
        part.add(life, walk)
        if walk.stopped_at is not None:
            return walk.left, Place(life.id, walk.stopped_at)
        part.schedules += 1
        _look_ahead(reader, part, life)
        steps = walk.left - STEPS_OF_LIFE
    return steps, None


def _look_ahead(reader: Reader, part: Part, life: Life) -> None:
    """What is due and not decided has no row yet, which is right if somebody is going to decide it."""
    if life.is_gone or (life.max_runs is not None and life.slots_run >= life.max_runs):
        return
    try:
        spec = spec_of_life(life)
        undecided = count_slots(spec, max(life.decided_at, part.since - TICK), part.until - TICK)
        slot = next_slot(spec, life.decided_at) if undecided else None
    except (ValueError, OverflowError):  # it can't be planned, and is set aside
        return
    part.undecided += undecided
    is_planned = life.waits or (life.next_due_at is not None and life.next_due_at <= reader.present + PATIENCE)
    if slot is not None and not is_planned and part.since <= slot < reader.present - PATIENCE:
        part.slots += 1
        part.found += 1
        detail = "it is due, and the schedule is not going to be planned"
        part.unaccounted.append(Found(life, Problem(MISSING, slot, version=life.version, detail=detail)))


class _Evidence:
    """What the reader knows, of one schedule."""

    def __init__(self, reader: Reader, life: Life) -> None:
        self._reader = reader
        self._life = life
        self._used_up: dict[int, datetime | None] = {}
        self.present = reader.present

    def rows_of(self, slot: datetime) -> Sequence[Details]:
        return self._reader.rows_of(self._life, slot)

    def used_up_at(self, runs: int) -> datetime | None:
        if runs not in self._used_up:
            self._used_up[runs] = self._reader.used_up_at(self._life, runs)
        return self._used_up[runs]
