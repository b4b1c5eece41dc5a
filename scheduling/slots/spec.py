"""When a schedule is due: its slots as a pure function of its spec. No clock, no I/O.

A slot is an instant in UTC. Intervals are open at their start and closed at their end, as cursors need them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import groupby, islice
from uuid import UUID

from scheduling.cron import count_fires, each_fire, last_fires, next_fire
from scheduling.cron.union import count_union

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
"""The shortest time: intervals that are open at an end stop so much before it."""

_HORIZONS = tuple(timedelta(days=days) for days in (1 / 24, 2, 8, 63, 400, 1500, 14650))
"""How far to look back, step by step: most schedules are due often, and a short look costs less."""


@dataclass(frozen=True)
class Spec:
    """At most one of `cron` (expressions whose union counts), `every_seconds` and `at`; none: manual only.

    `starts_at` and `ends_at` are inclusive. `every_seconds` is anchored at `starts_at`, or at the epoch.
    """

    cron: tuple[str, ...] = ()
    every_seconds: float | None = None
    at: datetime | None = None
    timezone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None


# Many schedules share a spec and a slot.
@lru_cache(maxsize=4096)
def next_slot(spec: Spec, after: datetime) -> datetime | None:
    """The first slot later than `after`; None when there is none. Raises ValueError for a spec that is not valid."""
    if spec.starts_at is not None:
        after = max(after, spec.starts_at - TICK)
    slot = _next(spec, after)
    return None if slot is None or (spec.ends_at is not None and slot > spec.ends_at) else slot


@lru_cache(maxsize=4096)
def previous_slot(spec: Spec, before: datetime) -> datetime | None:
    """The last slot earlier than `before`; None when there is none in the forty years before."""
    for horizon in _HORIZONS:
        found = last_slots(spec, before - horizon, before - TICK, 1)
        if found:
            return found[0]
    return None


def upcoming_slots(spec: Spec, after: datetime) -> Iterator[datetime]:
    """The slots later than `after`, in order; endless for most specs."""
    slot = next_slot(spec, after)
    while slot is not None:
        yield slot
        slot = next_slot(spec, slot)


def take_slots(spec: Spec, after: datetime, count: int) -> Iterator[datetime]:
    """The next slots, fewer where the spec or the calendar ends."""
    try:
        yield from islice(upcoming_slots(spec, after), count)
    except (ValueError, OverflowError):
        return


def count_slots(spec: Spec, after: datetime, until: datetime) -> int:
    """How many slots lie in (after, until]."""
    after, until = _bounded(spec, after, until)
    if after >= until:
        return 0
    if spec.cron and ((first := _next(spec, after)) is None or first > until):  # cached, and the usual answer
        return 0
    if len(spec.cron) == 1:
        return count_fires(spec.cron[0], spec.timezone, after, until)
    if spec.cron:
        return count_union(spec.cron, spec.timezone, after, until)
    if spec.every_seconds is not None:
        return _ordinal(spec, until) - _ordinal(spec, after)
    return len(_at(spec, after, until))


def last_slots(spec: Spec, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """The newest `limit` slots in (after, until], oldest first."""
    after, until = _bounded(spec, after, until)
    if after >= until:
        return []
    if spec.cron:
        first = _next(spec, after)
        second = None if first is None or first > until else _next(spec, first)
        if first is None or second is None or second > until:  # looking back takes far longer
            return [first] if first is not None and first <= until and limit else []
        found = {fire for expr in spec.cron for fire in last_fires(expr, spec.timezone, after, until, limit)}
        return sorted(found)[-limit:]
    if spec.every_seconds is not None:
        newest, oldest = _ordinal(spec, until), _ordinal(spec, after)
        return [_nth(spec, n) for n in range(max(oldest, newest - limit) + 1, newest + 1)]
    return _at(spec, after, until)


def each_slot(spec: Spec, after: datetime, until: datetime) -> Iterator[int]:
    """The slots in (after, until], in order, in microseconds since 1970: for who looks at millions of them."""
    after, until = _bounded(spec, after, until)
    if after >= until:
        return iter(())
    if spec.cron:
        fires = [each_fire(expr, spec.timezone, after, until) for expr in spec.cron]
        return (fire * 1_000_000 for fire in (fires[0] if len(fires) == 1 else _without_twins(merge(*fires))))
    if spec.every_seconds is not None:
        first, last = (microseconds(_nth(spec, _ordinal(spec, instant))) for instant in (after, until))
        step = _period(spec) // TICK
        return iter(range(first + step, last + step, step))
    return iter([microseconds(slot) for slot in _at(spec, after, until)])


def microseconds(instant: datetime) -> int:
    """The instant in microseconds since 1970."""
    return (instant - _EPOCH) // TICK


def instant_at(number: int) -> datetime:
    """The instant of so many microseconds since 1970."""
    return _EPOCH + number * TICK


def jitter(schedule_id: UUID, slot: datetime, jitter_seconds: float) -> timedelta:
    """How long after its slot a run is due, below `jitter_seconds`: always the same for a schedule and a slot."""
    if not jitter_seconds:
        return timedelta(0)
    digest = hashlib.sha256(schedule_id.bytes + slot.astimezone(UTC).isoformat().encode()).digest()
    return timedelta(seconds=jitter_seconds * int.from_bytes(digest[:6], "big") / 2**48)


def _bounded(spec: Spec, after: datetime, until: datetime) -> tuple[datetime, datetime]:
    if spec.starts_at is not None:
        after = max(after, spec.starts_at - TICK)
    return after, until if spec.ends_at is None else min(until, spec.ends_at)


def _next(spec: Spec, after: datetime) -> datetime | None:
    if spec.cron:
        return min(next_fire(expr, spec.timezone, after) for expr in spec.cron)
    if spec.every_seconds is not None:
        return _nth(spec, _ordinal(spec, after) + 1)
    if spec.at is not None and spec.at > after:
        return spec.at
    return None


def _without_twins(numbers: Iterable[int]) -> Iterator[int]:
    return (number for number, _ in groupby(numbers))


def _at(spec: Spec, after: datetime, until: datetime) -> list[datetime]:
    return [spec.at] if spec.at is not None and after < spec.at <= until else []


def _ordinal(spec: Spec, instant: datetime) -> int:
    """The number of the newest slot at or before `instant`, counted from the anchor."""
    return (instant - (spec.starts_at or _EPOCH)) // _period(spec)


def _nth(spec: Spec, number: int) -> datetime:
    return (spec.starts_at or _EPOCH) + number * _period(spec)


def _period(spec: Spec) -> timedelta:
    assert spec.every_seconds is not None, "only asked of interval specs"
    return timedelta(seconds=spec.every_seconds)
