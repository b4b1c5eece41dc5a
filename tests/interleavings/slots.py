"""Definitions of schedules, and their slots told a second time, the plain way: listed, then cut."""

from bisect import bisect_right
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from scheduling.cron import next_fire

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEASONS = (datetime(2026, 3, 28, 18, tzinfo=UTC), datetime(2026, 10, 24, 18, tzinfo=UTC))
"""When sequences begin: some hours before the clocks of Berlin change."""

LONGEST = timedelta(hours=50)
"""No sequence goes on, or looks ahead, for longer."""

_EARLIEST = timedelta(hours=2)


@dataclass(frozen=True)
class Definition:
    """What a client says of a schedule; the names are the API's."""

    cron: tuple[str, ...] = ()
    every_seconds: float | None = None
    at: datetime | None = None
    timezone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_runs: int | None = None
    jitter_seconds: float = 0
    overlap: str = "skip"
    catchup: str = "latest"
    catchup_window_seconds: float = 86400
    pause_after_failures: int | None = None
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        """The body of a request."""
        body = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {"actor": "work"} | {name: _plain(value) for name, value in body.items()}


def slots_between(definition: Definition, after: datetime, until: datetime) -> list[datetime]:
    """The slots in (after, until], oldest first."""
    if definition.starts_at is not None:
        after = max(after, definition.starts_at - timedelta(microseconds=1))
    if definition.ends_at is not None:
        until = min(until, definition.ends_at)
    if definition.every_seconds is not None:
        return _every(definition, after, until)
    found = {fire for expr in definition.cron for fire in _cut(_fires(expr, definition.timezone, after), after, until)}
    return sorted(found) + [at for at in [definition.at] if at is not None and after < at <= until]


def first_slot(definition: Definition, after: datetime) -> datetime | None:
    """The first slot later than `after`, if there is one within half a day."""
    for span in (timedelta(minutes=2), timedelta(hours=12)):
        if slots := slots_between(definition, after, after + span):
            return slots[0]
    return None


def _every(definition: Definition, after: datetime, until: datetime) -> list[datetime]:
    assert definition.every_seconds is not None, "only asked of intervals"
    period = timedelta(seconds=definition.every_seconds)
    anchor = definition.starts_at or EPOCH
    slot = max(anchor, anchor + (after - anchor) // period * period)
    slots = []
    while slot <= until:
        if slot > after:
            slots.append(slot)
        slot += period
    return slots


def _cut(fires: list[datetime], after: datetime, until: datetime) -> list[datetime]:
    assert not fires or until <= fires[-1], "the list is too short"
    return fires[bisect_right(fires, after) : bisect_right(fires, until)]


def _fires(expr: str, tz: str, after: datetime) -> list[datetime]:
    return _all_fires(expr, tz, next(start for start in reversed(SEASONS) if after > start - _EARLIEST))


@cache
def _all_fires(expr: str, tz: str, season: datetime) -> list[datetime]:
    fires, fire = [], season - _EARLIEST
    while fire <= season + LONGEST:
        fire = next_fire(expr, tz, fire)
        fires.append(fire)
    return fires


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
