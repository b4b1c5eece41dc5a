"""Rhythms: cron expressions that the demo's SQL can follow as well, so that its past is what its schedules say."""

from dataclasses import asdict, dataclass
from typing import Any

ALL_DAYS = (1, 2, 3, 4, 5, 6, 7)
WORKDAYS = (1, 2, 3, 4, 5)
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Rhythm:
    """Each `step_minutes` from `offset_minutes` after midnight on, by the clock of the schedule's zone; then only in
    some hours, on some days of the week (1 is Monday), on one day of the month. Or every so many seconds."""

    cron: str | None = None
    step_minutes: int = DAY_MINUTES
    offset_minutes: int = 0
    first_hour: int = 0
    last_hour: int = 23
    days: tuple[int, ...] = ALL_DAYS
    month_day: int | None = None
    every_seconds: int | None = None

    def parameters(self) -> dict[str, Any]:
        """What the SQL is given."""
        return asdict(self)


def each(minutes: int, hours: tuple[int, int] = (0, 23), days: tuple[int, ...] = ALL_DAYS) -> Rhythm:
    """Every so many minutes, which divide the hour."""
    between = "*" if hours == (0, 23) else f"{hours[0]}-{hours[1]}"
    return Rhythm(f"*/{minutes} {between} * * {_named(days)}", minutes, 0, *hours, days)


def hourly(minute: int, hours: tuple[int, int] = (0, 23), days: tuple[int, ...] = ALL_DAYS) -> Rhythm:
    """At a minute of each hour."""
    between = "*" if hours == (0, 23) else f"{hours[0]}-{hours[1]}"
    return Rhythm(f"{minute} {between} * * {_named(days)}", 60, minute, *hours, days)


def daily(hour: int, minute: int, days: tuple[int, ...] = ALL_DAYS) -> Rhythm:
    """Once a day, on some days."""
    return Rhythm(f"{minute} {hour} * * {_named(days)}", DAY_MINUTES, 60 * hour + minute, days=days)


def monthly(day: int, hour: int, minute: int) -> Rhythm:
    """Once a month."""
    return Rhythm(f"{minute} {hour} {day} * *", DAY_MINUTES, 60 * hour + minute, month_day=day)


def every(seconds: int) -> Rhythm:
    """An interval."""
    return Rhythm(every_seconds=seconds)


def by_hand() -> Rhythm:
    """Never by itself."""
    return Rhythm()


def _named(days: tuple[int, ...]) -> str:
    if days == ALL_DAYS:
        return "*"
    return f"{days[0]}-{days[-1]}" if len(days) > 1 else str(days[0])
