"""What is to come of all schedules: the next slots, and how much starts in which hour and minute of the next week."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice

from markupsafe import Markup

from api.dashboard.charts import heat_map
from api.shapes.forecast import clock_of, count_starts, next_hour
from models.schedules import StoredSchedule
from scheduling.slots.forecast import Coming, coming_slots
from scheduling.slots.load import A_DAY, Load, Quiet, load_of, quietest

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHOWN = 30
MOST_ZONES = 50


@dataclass(frozen=True)
class Forecast:
    """What the page says of it."""

    slots: Sequence[Coming]
    since: datetime
    in_a_day: int
    in_a_week: int
    heat: Markup
    of_day: str
    of_hour: str


def forecast_of(schedules: Sequence[StoredSchedule], now: datetime, zone: str) -> Forecast:
    """Of these schedules, in the order in which they are due; hours and minutes are those of a clock in the zone."""
    since = next_hour(now)
    load = load_of(schedules, since)
    return Forecast(
        slots=list(islice(coming_slots(schedules, now, now + timedelta(days=1), SHOWN), SHOWN)),
        since=since,
        in_a_day=sum(load.starts[:A_DAY]),
        in_a_week=sum(load.starts),
        heat=_drawn(load.by_hour(zone), zone),
        of_day=_of_day(load, zone),
        of_hour=_of_hour(load, zone),
    )


@lru_cache(maxsize=64)
def _drawn(cells: tuple[tuple[int, ...], ...], zone: str) -> Markup:
    hours = [f"{hour:02}" for hour in range(24)]
    return heat_map("load", f"Starts by hour, in {zone}", cells, WEEKDAYS, hours, "starts")


def zones_of(schedules: Sequence[StoredSchedule], chosen: str) -> list[str]:
    """Those to choose from: the chosen one, UTC, and those that schedules have."""
    used = Counter(schedule.timezone for schedule in schedules).most_common(MOST_ZONES)
    return sorted({chosen, "UTC", *(zone for zone, _ in used)})


def _of_day(load: Load, zone: str) -> str:
    starts = load.by_minute(zone)
    busy, quiet = _most(starts), quietest(starts)
    if not busy.starts:
        return "Nothing is to start."
    if quiet.starts == busy.starts:
        return f"Each minute of the day has {count_starts(busy.starts)}."
    return f"{clock_of(quiet)} has {_few(quiet)}; {clock_of(busy)} has {count_starts(busy.starts)}."


def _of_hour(load: Load, zone: str) -> str:
    starts = load.by_minute_of_hour(zone)
    busy, quiet = _most(starts), quietest(starts)
    if quiet.starts == busy.starts:
        return ""
    return f":{quiet.minute:02} has {_few(quiet)} in the week; :{busy.minute:02} has {count_starts(busy.starts)}."


def _few(quiet: Quiet) -> str:
    return count_starts(quiet.starts) if quiet.starts else "none"


def _most(starts: Sequence[int]) -> Quiet:
    minute = max(range(len(starts)), key=starts.__getitem__)
    return Quiet(minute, starts[minute])
