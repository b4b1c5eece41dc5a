"""When a schedule of another scheduler is due, as that one has it: walked day by day, for the report. Pure."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from itertools import product
from zoneinfo import ZoneInfo

from scheduling.cron.zones import load_zone

_DAY = timedelta(days=1)
_CORRECTION = timedelta(hours=3)
_MIDNIGHT = datetime.min.time()
LAST = -1
"""The last such weekday of a month."""


class Clock(Enum):
    """What clock changes do to a schedule."""

    DEBIAN = "as Debian's cron: a fixed time that is skipped runs at the end of the gap, one that comes twice runs once"
    REAL = "at every instant whose local time matches: not in a gap, twice where a time comes twice"
    MOVED_ONCE = "a time in a gap is moved by the gap's length, one that comes twice runs once"
    MOVED_TWICE = "a time in a gap is moved by the gap's length, one that comes twice runs twice"


@dataclass(frozen=True)
class OldRule:
    """Which local times it fires at. Weekdays count from Sunday, 0. `either`: a date or a weekday is enough; else both
    must match. `is_interval` matters to Debian's cron: such a job follows the clock."""

    minutes: frozenset[int]
    hours: frozenset[int]
    dates: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    clock: Clock
    timezone: str
    seconds: frozenset[int] = frozenset({0})
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    last_date: bool = False
    is_interval: bool = False

    def has_day(self, day: date) -> bool:
        """Whether it fires on that day."""
        if day.month not in self.months:
            return False
        days = monthrange(day.year, day.month)[1]
        weekday, number = day.isoweekday() % 7, (day.day + 6) // 7
        by_date = day.day in self.dates or (self.last_date and day.day == days)
        numbered = {(weekday, number)} | ({(weekday, LAST)} if day.day + 7 > days else set())
        by_weekday = weekday in self.weekdays or bool(numbered & self.nth_weekdays)
        return by_date or by_weekday if self.either else by_date and by_weekday

    def count_on(self, day: date) -> int | None:
        """How many slots a day has; None where the clocks change about then."""
        midnight = datetime.combine(day, _MIDNIGHT)
        if changes_within(load_zone(self.timezone), midnight - _DAY, midnight + 2 * _DAY):
            return None
        return len(self.hours) * len(self.minutes) * len(self.seconds) if self.has_day(day) else 0

    def slots(self, after: datetime, until: datetime) -> list[datetime]:
        """The instants at which it fires, later than `after` and not later than `until`, in UTC."""
        zone = load_zone(self.timezone)
        found: set[datetime] = set()
        day, last = after.astimezone(zone).date() - _DAY, until.astimezone(zone).date() + _DAY
        while day <= last:
            if self.has_day(day):
                found.update(self._fires(day, zone))
            day += _DAY
        return sorted(fire for fire in found if after < fire <= until)

    def _fires(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        midnight = datetime.combine(day, _MIDNIGHT)
        for hour, minute, second in product(self.hours, self.minutes, self.seconds):
            yield from self._instants(midnight + timedelta(hours=hour, minutes=minute, seconds=second), zone)

    def _instants(self, local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        first, second = _instant(local, zone, 0), _instant(local, zone, 1)
        exists = first.astimezone(zone).replace(tzinfo=None) == local
        clock = self.clock
        if clock is Clock.DEBIAN and self.is_interval:
            clock = Clock.REAL
        if exists:
            yield first
            if first != second and clock in (Clock.REAL, Clock.MOVED_TWICE):
                yield second
        elif clock in (Clock.MOVED_ONCE, Clock.MOVED_TWICE):
            yield first
        elif clock is Clock.DEBIAN and first - second < _CORRECTION:
            yield _end_of_gap(second, first, zone)


def changes_within(zone: ZoneInfo, begin: datetime, end: datetime) -> bool:
    """Whether the zone's clocks change between two local times."""
    return begin.replace(tzinfo=zone).utcoffset() != end.replace(tzinfo=zone).utcoffset()


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between two at which the clocks go forward."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after.replace(microsecond=0)
